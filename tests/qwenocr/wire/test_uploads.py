"""Temporary uploads: the official SDK's form, the key kept from the storage, one upload for the same bytes."""

import re
from email import message_from_bytes, policy
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import PageRefused, Retryable, RunRefused, Unreadable
from qwenocr_assets.qwenocr.images import ImageBytes, SentAs
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task
from tests.qwenocr.servers import FINE, Says, Server

POLICY = Says(
    200,
    {
        "request_id": "r",
        "data": {
            "policy": "eyJl...1ZSJ=",
            "signature": "eWy...=",
            "upload_dir": "dashscope-instant/xxx/2024-07-18/xxx",
            "upload_host": "https://dashscope-file-mgr.oss-cn-beijing.aliyuncs.com",
            "expire_in_seconds": 300,
            "max_file_size_mb": 100,
            "capacity_limit_mb": 999999999,
            "oss_access_key_id": "LTA...",
            "x_oss_object_acl": "private",
            "x_oss_forbid_overwrite": "true",
        },
    },
)
STORED = Says(200, "", {})
THERE_ALREADY = Says(409, "<Error><Code>FileAlreadyExists</Code></Error>", {})
FULL = Says(403, "<Error><Code>AccessDenied</Code><Message>Policy expired</Message></Error>", {})
EXPIRED = Says(403, {"code": "AccessDenied", "message": "Invalid according to Policy: Policy expired."})
NO_POLICY = Says(403, {"code": "AccessDenied", "message": "Access denied."})
KEY = "sk-0123456789"
LARGE = ImageBytes(bytes(8_000_000), "image/jpeg")
SMALL = ImageBytes(b"small", "image/png")

FORM = [
    "OSSAccessKeyId",
    "Signature",
    "policy",
    "x-oss-object-acl",
    "x-oss-forbid-overwrite",
    "key",
    "success_action_status",
    "x-oss-content-type",
    "file",
]


def ask(server: Server, image: ImageBytes, times: int = 1, **options: Any) -> Reply:
    catalogue = load_catalogue()

    async def run() -> Reply:
        async with Client(
            catalogue.region("beijing"),
            catalogue.model("beijing"),
            SecretStr(KEY),
            transport=httpx.ASGITransport(server),
            options=ClientOptions(max_attempts=2),
        ) as client:
            for _ in range(times):
                reply = await client.ask(Request(image, Task.TEXT_RECOGNITION), **options)
        return reply

    return run_in_virtual_time(run())


def form_of(request: tuple[str, str, dict[str, str], bytes]) -> dict[str, str]:
    head = f"Content-Type: {request[2]['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + request[3], policy=policy.HTTP)
    return {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True).decode("latin-1")
        for part in message.iter_parts()
    }


def test_a_large_image_is_uploaded_and_named() -> None:
    server = Server(POLICY, STORED, FINE)
    reply = ask(server, LARGE)
    assert reply.answer is not None
    assert reply.sent_as is SentAs.UPLOAD
    [policy_call, upload, generation] = server.requests
    assert policy_call[:2] == ("GET", "/api/v1/uploads")
    form = form_of(upload)
    assert list(form) == FORM
    assert form["key"].startswith("dashscope-instant/xxx/2024-07-18/xxx/")
    assert re.search(r"/[0-9a-f]{64}\.jpg$", form["key"])
    assert len(form["file"]) == len(LARGE.data)
    assert "content-length" in upload[2]
    assert generation[2]["x-dashscope-ossresourceresolve"] == "enable"
    assert f'"oss://{form["key"]}"'.encode() in generation[3]


def test_the_key_goes_to_the_service_and_not_to_its_storage() -> None:
    server = Server(POLICY, STORED, FINE)
    ask(server, LARGE)
    assert [r[2].get("authorization") for r in server.requests] == [f"Bearer {KEY}", None, f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("image", "send_as", "sent_as"),
    [(SMALL, None, SentAs.DATA_URL), (SMALL, SentAs.UPLOAD, SentAs.UPLOAD), (LARGE, None, SentAs.UPLOAD)],
    ids=["small", "small, wanted so", "large"],
)
def test_the_way_is_chosen_by_size_or_by_wish(
    image: ImageBytes, send_as: SentAs | None, sent_as: SentAs
) -> None:
    server = Server(*((POLICY, STORED, FINE) if sent_as is SentAs.UPLOAD else (FINE,)))
    assert ask(server, image, send_as=send_as).sent_as is sent_as


@pytest.mark.parametrize(
    ("script", "calls", "error"),
    [
        pytest.param([POLICY, THERE_ALREADY, FINE], 3, None, id="the same bytes are there already"),
        pytest.param([POLICY, STORED, EXPIRED, POLICY, STORED, FINE], 6, None, id="expired: a new policy"),
        pytest.param([POLICY, FULL, POLICY, STORED, FINE], 5, None, id="expired before the upload"),
        pytest.param([NO_POLICY], 1, RunRefused, id="no policy for this key"),
        pytest.param([Says(200, {"data": None})], 2, Unreadable, id="an answer without a policy"),
        pytest.param([POLICY, Says(413, "too large", {})], 2, PageRefused, id="the storage refuses it"),
        pytest.param([POLICY, Says(500, "", {})], 3, Retryable, id="the storage fails for ever"),
    ],
)
def test_what_may_happen(script: list[Says], calls: int, error: type[Exception] | None) -> None:
    server = Server(*script)
    reply = ask(server, LARGE)
    assert (type(reply.error) if reply.error else None) is error
    assert server.calls == calls


def test_a_policy_is_used_until_it_expires() -> None:
    server = Server(POLICY, STORED, FINE, STORED, FINE)
    ask(server, LARGE, times=2)
    assert [r[0] for r in server.requests] == ["GET", "POST", "POST", "POST", "POST"]
