"""Streams: the same answer as in one piece, however it is cut, and nothing of a broken one lost."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import NotOffered, Retryable, RunRefused
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.options import ClientOptions, Streaming
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.qwenocr.wire.streams import Event, StreamedAnswer

PIECES = ["<table><tr>", "<td>株式会社\n山田</td>", "</tr></table>"]
REQUEST = Request(ImageBytes(b"x", "image/png"), Task.TABLE_PARSING)


def native_frame(number: int, data: Any, status: int = 200, event: str = "result") -> bytes:
    written = json.dumps(data, ensure_ascii=False)
    return f"id:{number}\nevent:{event}\n:HTTP_STATUS/{status}\ndata:{written}\n\n".encode()


def native(content: list[Any], reason: str, output_tokens: int) -> dict[str, Any]:
    choice = {"message": {"content": content, "role": "assistant"}, "finish_reason": reason}
    usage = {"input_tokens": 100, "output_tokens": output_tokens}
    return {"output": {"choices": [choice]}, "usage": usage, "request_id": "r"}


NATIVE = [
    *(native_frame(i, native([{"text": piece}], "null", i)) for i, piece in enumerate(PIECES, 1)),
    native_frame(4, native([], "stop", 3)),
]


def compatible(delta: dict[str, Any] | None, reason: str | None = None, usage: Any = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "qwen-vl-ocr-latest"}
    return b"data: " + json.dumps({**chunk, "choices": choices, "usage": usage}).encode() + b"\n\n"


COMPATIBLE = [
    compatible({"role": "assistant", "content": ""}),
    *(compatible({"content": piece}) for piece in PIECES),
    compatible({"content": ""}, "stop"),
    compatible(None, usage={"prompt_tokens": 100, "completion_tokens": 3, "total_tokens": 103}),
    b"data: [DONE]\n\n",
]
LIMIT = {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded", "request_id": "r"}
TIME_LIMIT = {"code": "RequestTimeOut", "message": "Request timed out", "request_id": "r"}
SCRIPT = {"code": "InvalidParameter.UnsupportedScript", "message": "Cyrillic", "request_id": "r"}


class Broken(httpx.AsyncBaseTransport):
    """A server that streams frames and then drops the connection, or answers from then on as `after` says."""

    def __init__(self, frames: list[bytes], breaks: Exception | None, after: list[bytes]) -> None:
        self.scripts = [(frames, breaks), (after, None)]
        self.bodies: list[Any] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append((dict(request.headers), json.loads(await request.aread())))
        frames, breaks = self.scripts[min(len(self.bodies), len(self.scripts)) - 1]

        async def stream() -> Any:
            for frame in frames:
                yield frame
            if breaks is not None:
                raise breaks

        headers = {"content-type": "text/event-stream;charset=UTF-8"}
        return httpx.Response(200, headers=headers, content=stream())


def ask(
    frames: list[bytes],
    *,
    breaks: Exception | None = None,
    after: list[bytes] | None = None,
    protocol: Protocol = Protocol.NATIVE,
    streaming: Streaming = "auto",
    request: Request = REQUEST,
    model: tuple[str, str | None] = ("singapore", None),
) -> tuple[Reply, Broken]:
    server = Broken(frames, breaks, frames if after is None else after)

    async def run() -> Reply:
        catalogue = load_catalogue()
        async with Client(
            replace(catalogue.region(model[0]), protocol=protocol),
            catalogue.model(*model),
            "sk-0123456789",
            options=ClientOptions(stream=streaming, max_attempts=2),
            transport=server,
        ) as client:
            return await client.ask(request)

    return run_in_virtual_time(run()), server


@pytest.mark.parametrize(
    ("protocol", "frames"),
    [(Protocol.NATIVE, NATIVE), (Protocol.OPENAI, COMPATIBLE)],
    ids=["native", "openai"],
)
def test_a_stream_gives_the_answer_it_would_have_been(protocol: Protocol, frames: list[bytes]) -> None:
    reply, server = ask(frames, protocol=protocol)
    assert reply.answer is not None
    assert reply.answer.text == "".join(PIECES)
    assert reply.answer.finish_reason == "stop"
    assert reply.answer.usage == Usage(100, 3, None if protocol is Protocol.NATIVE else 103)
    assert parse_answer(json.loads(reply.raw or "")) == reply.answer
    [(headers, body)] = server.bodies
    assert headers["accept"] == "text/event-stream"
    if protocol is Protocol.NATIVE:
        assert headers["x-dashscope-sse"] == "enable"
        assert body["parameters"]["incremental_output"] is True
    else:
        assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(
    ("streaming", "task", "streams"),
    [
        ("auto", Task.TABLE_PARSING, True),
        ("auto", Task.DOCUMENT_PARSING, True),
        ("auto", Task.ADVANCED_RECOGNITION, False),
        ("auto", Task.KEY_INFORMATION_EXTRACTION, False),
        ("always", Task.ADVANCED_RECOGNITION, True),
        ("never", Task.DOCUMENT_PARSING, False),
    ],
)
def test_long_answers_stream(streaming: Streaming, task: Task, streams: bool) -> None:
    _, server = ask(NATIVE, streaming=streaming, request=Request(REQUEST.image, task))
    assert ("x-dashscope-sse" in server.bodies[0][0]) is streams


@pytest.mark.parametrize(
    ("model", "task", "streams", "most"),
    [
        ("qwen3.5-ocr", Task.DOCUMENT_PARSING, False, 16_384),  # its layouts may be lost in a stream
        ("qwen3.5-ocr", Task.TABLE_PARSING, True, 16_384),
        ("qwen-vl-ocr", Task.DOCUMENT_PARSING, True, None),
        ("qwen-vl-ocr-2025-11-20", Task.TABLE_PARSING, True, None),
    ],
)
@pytest.mark.parametrize("protocol", [Protocol.NATIVE, Protocol.OPENAI])
def test_how_a_model_is_asked_by_itself(
    model: str, task: Task, streams: bool, most: int | None, protocol: Protocol
) -> None:
    frames = NATIVE if protocol is Protocol.NATIVE else COMPATIBLE
    _, server = ask(frames, request=Request(REQUEST.image, task), model=("beijing", model), protocol=protocol)
    headers, body = server.bodies[0]
    assert (headers["accept"] == "text/event-stream") is streams
    assert (body.get("parameters") or body).get("max_tokens") == most


@pytest.mark.parametrize(
    ("frames", "error"),
    [
        ([native_frame(1, LIMIT, 429, "error")], None),
        ([*NATIVE[:2], native_frame(3, LIMIT, 429, "error")], None),
        ([native_frame(1, SCRIPT, 400, "error")], NotOffered),
        ([native_frame(1, {"code": "InvalidApiKey", "message": "m"}, 401, "error")], RunRefused),
        ([b'data: {"error":{"message":"m","code":"invalid_api_key"}}\n\n'], RunRefused),
    ],
    ids=["throttled", "throttled in the middle", "refused", "wrong key", "the other dialect's shape"],
)
def test_an_error_inside_a_200_is_that_error(frames: list[bytes], error: type[Exception] | None) -> None:
    reply, _ = ask(frames, after=NATIVE)
    assert (type(reply.error) if reply.error else None) is error
    assert (reply.answer is None) == (error is not None)


@pytest.mark.parametrize(
    ("frames", "breaks", "calls", "text"),
    [
        pytest.param(
            [*NATIVE[:2], native_frame(3, TIME_LIMIT, 500, "error")], None, 1, PIECES[:2], id="time limit"
        ),
        pytest.param(NATIVE[:2], httpx.ReadTimeout("slow"), 1, PIECES[:2], id="nothing comes any more"),
        pytest.param(NATIVE[:2], httpx.ReadError("reset"), 2, PIECES, id="dropped: asked again"),
        pytest.param(NATIVE[:2], None, 2, PIECES, id="ended early: asked again"),
    ],
)
def test_what_had_come_is_kept_where_asking_again_would_meet_the_same_limit(
    frames: list[bytes],
    breaks: Exception | None,
    calls: int,
    text: list[str],
) -> None:
    reply, server = ask(frames, breaks=breaks, after=NATIVE)
    assert len(server.bodies) == calls
    assert reply.answer is not None
    assert reply.answer.text == "".join(text)
    assert (reply.answer.broken_off is not None) == (calls == 1)
    assert parse_answer(json.loads(reply.raw or "")).text == reply.answer.text


def test_when_attempts_are_used_up_what_had_come_is_kept() -> None:
    reply, server = ask(NATIVE[:2], after=NATIVE[:3])
    assert len(server.bodies) == 2
    assert reply.answer is not None
    assert reply.answer.text == "".join(PIECES)
    assert "ended before" in (reply.answer.broken_off or "")


def test_a_stream_without_any_text_is_a_failure() -> None:
    reply, _ = ask([], after=[])
    assert isinstance(reply.error, Retryable)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n"], ids=["cut at the data", "at the line", "whole"])
@pytest.mark.parametrize(
    "first", [b"", b"\xef\xbb\xbf", b"retry:9\n:comment\n\n"], ids=["", "mark", "others"]
)
def test_lines_end_in_any_way(ending: str, last: str, first: bytes) -> None:
    whole = first + b"".join(NATIVE).removesuffix(b"\n\n") + last.encode()
    answer = StreamedAnswer.of(whole.replace(b"\n", ending.encode()), Protocol.NATIVE)
    assert answer.ended
    assert parse_answer(answer.body()).text == "".join(PIECES)


@given(data=st.text(), name=st.sampled_from(["", "result", "error"]), protocol=st.sampled_from(Protocol))
def test_any_event_is_taken_in(data: str, name: str, protocol: Protocol) -> None:
    answer = StreamedAnswer(protocol)
    answer.add(Event(name, 200, data))
    assert isinstance(parse_answer(answer.body()).text, str)
