"""Files, batches and lists of models: whatever bytes come is an answer or a `ServiceError`, in bounds."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from qwenocr_assets.qwenocr.batch_api.lines import read_result
from qwenocr_assets.qwenocr.batch_api.service import BatchService, ServiceJob, was_certainly_refused
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.errors import Retryable, ServiceError, Unreadable
from qwenocr_assets.qwenocr.live.listing import ask_for_models
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.wire import json_calls
from qwenocr_assets.qwenocr.wire.exchange import MOST_BYTES
from tests.qwenocr.wire.hostile import HostileServer, Script, chunked, scripts, whole

JOB = {"id": "b", "status": "completed", "request_counts": {"total": 2, "completed": 2}}


class Far:
    """A hostile server in a thread of its own, and the account's connection to it."""

    def __init__(self) -> None:
        self.server = HostileServer()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.running = self.server.running()
        self._do(self.running.__aenter__())
        self.region: Region = replace(
            load_catalogue().region("beijing"), host=f"http://127.0.0.1:{self.server.port}"
        )
        self.service = BatchService(self.region, pause=lambda _: None)

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def close(self) -> None:
        self.service.__exit__()
        self._do(self.running.__aexit__(None, None, None))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture(scope="module")
def far() -> Iterator[Far]:
    found = Far()
    yield found
    found.close()


def read(service: BatchService) -> list[bytes]:
    with service.lines("f") as lines:
        return list(lines)


CALLS: dict[str, Callable[[BatchService], object]] = {
    "retrieve": lambda s: s.retrieve("b"),
    "create": lambda s: s.create("f", {}, "24h"),
    "cancel": lambda s: s.cancel("b"),
    "find": lambda s: list(s.find()),
    "delete": lambda s: s.delete("f"),
    "lines": read,
}


@pytest.mark.parametrize("name", CALLS)
@given(script=scripts(streamed=False).map(lambda script: replace(script, stays=False)))
def test_whatever_comes_is_an_answer_or_a_typed_error(far: Far, name: str, script: Script) -> None:
    far.server.script = script
    try:
        found = CALLS[name](far.service)
    except ServiceError:
        return
    if name == "lines":
        assert isinstance(found, list)
        for line in found:
            read_result(line)
    else:
        assert isinstance(found, ServiceJob | list | bool)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(
            {**JOB, "request_counts": {"total": 10**20, "completed": "x"}}, None, id="absurd counts"
        ),
        pytest.param({**JOB, "output_file_id": ["x"], "status": {"a": 1}}, None, id="names that are none"),
        pytest.param({**JOB, "id": {"a": 1}}, Unreadable, id="no id"),
        pytest.param({**JOB, "id": "x" * 10_000}, Unreadable, id="an id without end"),
        pytest.param([JOB], Unreadable, id="a list"),
    ],
)
def test_a_job_has_values_that_columns_take(far: Far, body: object, error: type[Exception] | None) -> None:
    far.server.script = whole(json.dumps(body).encode())
    if error is not None:
        with pytest.raises(error):
            far.service.retrieve("b")
        return
    job = far.service.retrieve("b")
    assert 0 <= job.total < 2**31
    assert 0 <= job.completed < 2**31
    assert isinstance(job.status, str)
    assert job.output_file_id is None


def test_a_list_without_end_ends(far: Far) -> None:
    far.server.script = whole(json.dumps({"data": [JOB], "has_more": True}).encode())
    assert len(list(far.service.find())) == 100


def test_a_line_without_end_ends(far: Far) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    far.server.script = Script(head + chunked(b'{"a":1}\n', b" " * (MOST_BYTES + 2)))
    with far.service.lines("f") as lines:
        assert next(lines) == b'{"a":1}'
        with pytest.raises(Unreadable, match="larger than"):
            next(lines)


@pytest.mark.parametrize("status", ["401 Who", "403 No", "404 None", "418 Pot"])
def test_a_gateways_page_certainly_refuses_nothing(far: Far, status: str) -> None:
    far.server.script = whole(b"<html>", status=status, kind="text/html")
    with pytest.raises(ServiceError) as refused:
        far.service.create("f", {}, "24h")
    assert not was_certainly_refused(refused.value)


def test_a_file_that_drips_ends(far: Far) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    far.server.script = Script(head + chunked(*[b"x"] * 200), drip_seconds=0.005)
    with (
        pytest.raises(Retryable, match=r"within 0\.5 seconds"),
        json_calls.JsonCalls(far.region, far.region.compatible_url, None, seconds=10) as calls,
        calls.lines("/f", seconds=0.5, accept="*/*") as lines,
    ):
        list(lines)


@settings(max_examples=15)  # each opens connections of its own
@given(script=scripts(streamed=False).map(lambda script: replace(script, stays=False)))
def test_the_list_of_models_is_an_answer_or_a_typed_error(far: Far, script: Script) -> None:
    far.server.script = script
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_calls, "_FIRST_PAUSE_SECONDS", 0.0)
        try:
            listing = ask_for_models(far.region, None, ["qwen-vl-ocr"])
        except ServiceError:
            return
    assert isinstance(listing.models, tuple)
