"""What goes over the wire is what the official SDK sends, and the SDK itself works against the emulator."""

import email.parser
import email.policy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from pydantic import SecretStr

from qwenocr_assets.emulator import BatchFault
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.batch_api.limits import cheaper_at_once, require_batches
from qwenocr_assets.qwenocr.batch_api.lines import input_line
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.errors import Retryable, ServiceError
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from tests.waiting import wait_until

SDK: dict[str, Any] = json.loads((Path(__file__).parent / "sdk_requests.json").read_text(encoding="utf-8"))
"""What `openai` 3.54.0 puts on the wire."""

JOB = {"id": "batch_xxx", "status": "validating"}
FILE = "file-batch-xxx"
OUTPUT = "file-batch_output-xxx"


def uploaded(service: BatchService, folder: Path) -> object:
    (folder / "in.jsonl").write_bytes(b"x" * 366)
    return service.upload(folder / "in.jsonl")


def read(service: BatchService) -> list[bytes]:
    with service.lines(OUTPUT) as lines:
        return list(lines)


CALLS: dict[str, tuple[Callable[[BatchService, Path], object], object, object]] = {
    "70_openai_files_create_batch": (uploaded, {"id": FILE}, FILE),
    "71_openai_batches_create": (
        lambda s, _: s.create(FILE, {"ds_name": "n", "ds_description": "d"}, "24h").status,
        JOB,
        "validating",
    ),
    "72_openai_batches_retrieve": (lambda s, _: s.retrieve("batch_xxx").status, JOB, "validating"),
    "73_openai_batches_cancel": (lambda s, _: s.cancel("batch_xxx").status, JOB, "validating"),
    "74_openai_batches_list_data_null": (lambda s, _: list(s.find(limit=2)), {"data": None}, []),
    "75_openai_batches_list_filters": (
        lambda s, _: [j.id for j in s.find(name="n", input_file_id=FILE, limit=2)],
        {"data": [JOB]},
        ["batch_xxx"],
    ),
    "76_openai_files_content": (lambda s, _: read(s), {"a": 1}, [b'{"a":1}']),
    "77_openai_files_delete": (lambda s, _: s.delete(FILE), {"deleted": True}, True),
}
NOT_ASKED = {"75_openai_batches_list_filters": {"status", "create_after", "create_before"}}
"""Filters of the recorded call that nothing here needs."""


@pytest.mark.parametrize("name", CALLS)
def test_requests_equal_the_sdks(name: str, tmp_path: Path) -> None:
    call, answer, value = CALLS[name]
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        return httpx.Response(200, content=json.dumps(answer, separators=(",", ":")).encode())

    key = SecretStr("<API_KEY>")
    with BatchService(load_catalogue().region("beijing"), key, transport=httpx.MockTransport(respond)) as s:
        assert call(s, tmp_path) == value
    [sent] = seen
    recorded = SDK[name]
    address = httpx.URL("http://host" + recorded["path"])
    query = {k: v for k, v in address.params.items() if k not in NOT_ASKED.get(name, ())}
    assert (sent.method, sent.url.path, dict(sent.url.params)) == (recorded["method"], address.path, query)
    for header, said in recorded["headers"].items():
        assert sent.headers[header].split("boundary")[0] == said.split("boundary")[0]
    if "json" in recorded:
        assert json.loads(sent.content) == recorded["json"]
    if "multipart" in recorded:
        head = b"Content-Type: " + sent.headers["content-type"].encode() + b"\r\n\r\n"
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + sent.content)
        parts = [
            {
                "name": part.get_param("name", header="content-disposition"),
                "filename": part.get_filename(),
                "content_type": part.get_content_type() if part.get_filename() else None,
                "len": len(part.get_payload(decode=True)),
            }
            for part in form.iter_parts()  # type: ignore[attr-defined]
        ]
        assert parts == [{k: v for k, v in part.items() if k != "value"} for part in recorded["multipart"]]


def test_the_official_sdk_works_against_the_emulator(make_world: Any, tmp_path: Path) -> None:
    world = make_world(BatchFault(refused_share=0.4))
    client = openai.OpenAI(api_key="sk-none", base_url=world.region.compatible_url)
    assert list(client.batches.list(limit=2).data or []) == []
    pixel = world.picture()
    path = tmp_path / "in.jsonl"
    options = RequestOptions()
    path.write_bytes(
        b"".join(input_line(str(n), "qwen-vl-ocr", pixel, Task.TEXT_RECOGNITION, options) for n in range(20))
    )
    file = client.files.create(file=path, purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"ds_name": "mine"},
    )
    assert batch.status == "validating"
    wait_until(lambda: client.batches.retrieve(batch.id).status in ("completed", "failed"), "the batch's end")
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed", batch.errors
    found: dict[str, dict[str, Any]] = {}
    for file_id in (batch.output_file_id, batch.error_file_id):
        assert file_id
        response = client.files.content(file_id)
        assert "content-type" not in response.response.headers
        lines = [json.loads(line) for line in response.text.splitlines()]
        assert [line["custom_id"] for line in lines] != sorted((line["custom_id"] for line in lines), key=int)
        found |= {line["custom_id"]: line for line in lines}
    assert found.keys() == {str(n) for n in range(20)}
    succeeded = [line for line in found.values() if line["error"] is None]
    assert batch.request_counts
    assert len(succeeded) == batch.request_counts.completed == world.emulator.bill.total.calls < 20
    assert [b.id for b in client.batches.list(extra_query={"ds_name": "mine"})] == [batch.id]
    assert client.files.delete(file.id).deleted


@pytest.mark.parametrize(
    ("region", "model", "alternative"),
    [
        ("beijing", None, 'Set model = "qwen-vl-ocr"'),
        ("singapore", None, "Batches are offered for qwen-vl-ocr in region beijing"),
        ("virginia", None, "Batches are offered for qwen-vl-ocr in region beijing"),
    ],
)
def test_elsewhere_batches_are_refused_with_the_alternative(
    region: str, model: str | None, alternative: str
) -> None:
    catalogue = load_catalogue()
    with pytest.raises(ConfigurationError) as refused:
        require_batches(catalogue, catalogue.model(region, model))
    assert alternative in refused.value.next_step
    assert "real_time" in refused.value.next_step


@pytest.mark.parametrize(("day", "cheaper"), [(date(2026, 3, 1), "qwen-vl-ocr-2025-11-20"), (date.max, None)])
def test_the_warning_tells_when_real_time_is_cheaper(day: date, cheaper: str | None) -> None:
    catalogue = load_catalogue().on(day)
    warning = cheaper_at_once(catalogue, catalogue.model("beijing", "qwen-vl-ocr"))
    assert warning is None if cheaper is None else cheaper in (warning or "")


def test_a_refusal_never_repeats_the_key() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        said = f"bad key {request.headers['authorization']}"
        return httpx.Response(401, json={"error": {"code": "invalid_api_key", "message": said}})

    key = SecretStr("sk-very-secret")
    with (
        BatchService(
            load_catalogue().region("beijing"), key, transport=httpx.MockTransport(respond)
        ) as service,
        pytest.raises(ServiceError) as refused,
    ):
        service.retrieve("x")
    assert "very-secret" not in str(refused.value)


def test_questions_are_asked_again_and_creates_are_not() -> None:
    calls: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        return httpx.Response(502, content=b"<html>")

    transport = httpx.MockTransport(respond)
    with BatchService(
        load_catalogue().region("beijing"), transport=transport, pause=lambda _: None
    ) as service:
        with pytest.raises(Retryable):
            service.retrieve("x")
        with pytest.raises(Retryable):
            service.create("f", {}, "24h")
    assert calls == ["GET"] * 4 + ["POST"]
