"""`ask` never raises for what comes over the wire, whatever bytes they are.

`pytest tests/qwenocr/wire/test_raw_bytes.py --hypothesis-profile=thorough` tries 10,000 cases.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.answers import MOST_TOKENS, Usage
from qwenocr_assets.qwenocr.asker import Asker
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.errors import ServiceError
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.limits.limiter import Limiter
from qwenocr_assets.qwenocr.limits.pace import AccountLimits
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.endpoint import Endpoint
from qwenocr_assets.qwenocr.wire.redaction import Redactor
from qwenocr_assets.qwenocr.wire.transport import open_http
from tests.qwenocr.wire.hostile import HostileServer, Script, scripts

CATALOGUE = load_catalogue()
KEY = "sk-0123456789"
SECONDS = 0.1
"""Of a call: what hangs is cut off soon, and what a busy machine cuts off besides is a typed reply as well."""


class OneHold:
    """Money for one call, and what became of it."""

    def __init__(self) -> None:
        self.ends: list[Any] = []

    async def reserve(self, request: Request, request_key: str) -> "OneHold":
        return self

    async def settle(self, usage: Usage, reported_model: str | None) -> None:
        self.ends.append(usage.billed)

    async def release(self) -> None:
        self.ends.append("released")

    async def lose(self, why: str) -> None:
        self.ends.append("lost")


class Wire:
    """One event loop with a hostile server and the connections to it."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.server = HostileServer()
        self.stack = self.server.running()
        self.runner.run(self.stack.__aenter__())
        self.http: httpx.AsyncClient = open_http(concurrency=4, timeout_seconds=SECONDS)

    def close(self) -> None:
        self.runner.run(self.http.aclose())
        self.runner.run(self.stack.__aexit__(None, None, None))
        self.runner.close()

    def ask(self, script: Script, protocol: Protocol, *, streamed: bool) -> tuple[Reply, list[Any]]:
        """One call: nothing is asked again, for the client is told to stop while it is under way."""

        async def run() -> tuple[Reply, list[Any]]:
            region = replace(
                CATALOGUE.region("singapore"), protocol=protocol, host=f"http://127.0.0.1:{self.server.port}"
            )
            model, purse = CATALOGUE.model("singapore"), OneHold()
            headers = {"Authorization": f"Bearer {KEY}"}
            asker = Asker(
                model,
                Endpoint(
                    self.http, region.generation_url, protocol, headers, Redactor([KEY]), seconds=SECONDS
                ),
                Limiter(AccountLimits(), max_in_flight=1),
                protocol=protocol,
                uploads=None,
                purse=purse,
                streaming="always" if streamed else "never",
                max_attempts=1,
                catalogue=CATALOGUE,
                tell=lambda _: None,
            )
            self.server.script, self.server.on_call = script, asker.stop
            return await asker.ask(Request(ImageBytes(b"x", "image/png"), Task.TEXT_RECOGNITION)), purse.ends

        return self.runner.run(run())


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    found = Wire()
    yield found
    found.close()


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("protocol", Protocol)
@given(data=st.data())
def test_whatever_comes_is_a_typed_reply(
    wire: Wire, protocol: Protocol, streamed: bool, data: st.DataObject
) -> None:
    reply, ends = wire.ask(data.draw(scripts(streamed=streamed)), protocol, streamed=streamed)
    assert (reply.answer is None) != (reply.error is None)
    assert reply.error is None or isinstance(reply.error, ServiceError)
    assert reply.attempts + reply.throttled == 1
    [end] = ends  # the money of the call is accounted for, once
    if reply.answer is not None and (billed := reply.answer.usage.billed) is not None:
        assert end in (billed, "lost")
        assert max(billed) <= MOST_TOKENS
    orjson.dumps([reply.raw, str(reply.error)])  # it can be journalled
