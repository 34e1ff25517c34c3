"""Ten minutes against an account's limits, simulated: ours, and how a user would otherwise write it.

Whoever waits by an event loop runs in virtual time. The `dashscope` SDK waits in threads, so it runs on a port in
time that is compressed on both sides: the emulator's clock and the pauses between attempts go faster by a factor.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from zlib import compress

import dashscope
import httpx
import httpx2
import openai
import uvicorn

from bench.client_peers import MODEL, page_url, png
from bench.quick_time import QuickTimeLoop
from qwenocr_assets.emulator import AccountLimits, Emulator, create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.regions import NATIVE_PATH
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task

RUN_SECONDS = 600.0
LATENCY_SECONDS = 2.0
PEER_IN_FLIGHT = 32
SPEED = 20
"""How much faster time passes for what waits in threads."""
_RETRIED = {429, 500, 502, 503, 504}
_MOST_ATTEMPTS = 6
_TEXT_TOKENS = 35


@dataclass(frozen=True, slots=True)
class Setting:
    """An account's limits, and the pages that it is asked to read."""

    requests_per_minute: int
    tokens_per_minute: int
    page_pixels: tuple[int, int]
    image_tokens: int
    output_tokens: tuple[int, int] = (200, 800)
    """Fewest and most of an answer."""

    @property
    def allowed_calls(self) -> int:
        """As many as could be answered in ten minutes: no more start in a second than fit it whole."""
        tokens = self.image_tokens + _TEXT_TOKENS + sum(self.output_tokens) / 2
        by_tokens = int(self.tokens_per_minute / 60 / tokens) * 60
        return int(min(self.requests_per_minute, by_tokens) * RUN_SECONDS / 60)

    def page(self) -> bytes:
        width, height = self.page_pixels
        return png(width, height, compress(bytes((width + 1) * height), 9))

    def emulator(self) -> Emulator:
        """The service under this account, with its log."""
        spread = random.Random(1)

        def tokens(_call: int) -> tuple[int, int, int]:
            return self.image_tokens, _TEXT_TOKENS, spread.randint(*self.output_tokens)

        account = AccountLimits(self.requests_per_minute, self.tokens_per_minute)
        app = CannedAnswers(tokens_of=tokens)
        return create_emulator(app, account=account, latency=LATENCY_SECONDS)


BY_CALLS = Setting(600, 6_000_000, (1240, 1754), 2_147)
"""A4 at 150 dpi: requests are what limits."""
BY_TOKENS = Setting(1_200, 6_000_000, (4096, 2048), 8_194)
"""The largest image that the service looks at by default: tokens are what limits."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the emulated service saw in ten minutes."""

    answered: int
    refused: int
    """Calls answered 429."""
    arrived: int
    given_up: int
    """Pages that the caller gave up."""
    calls_in_a_second: int
    tokens_in_a_second: int
    tokens: int

    @property
    def refused_share(self) -> float:
        return self.refused / max(1, self.arrived)


def ours(setting: Setting) -> Traffic:
    """`Client` with the limits of the account, as the pipeline opens it."""
    model = replace(
        MODEL,
        requests_per_minute=setting.requests_per_minute,
        tokens_per_minute=setting.tokens_per_minute,
    )
    request = Request(ImageBytes(setting.page(), "image/png"), Task.TEXT_RECOGNITION)

    @asynccontextmanager
    async def opened(app: Emulator) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
        async with Client(
            load_catalogue().region("singapore"), model, transport=httpx.ASGITransport(app)
        ) as client:

            async def ask() -> bool:
                return (await client.ask(request)).answer is not None

            yield ask

    return run_in_virtual_time(_ten_minutes(setting, opened, in_flight=64))


def openai_sdk(setting: Setting, retries: int) -> Traffic:
    """AsyncOpenAI behind a semaphore's worth of tasks, with its own retries."""
    url = page_url(setting.page())

    @asynccontextmanager
    async def opened(app: Emulator) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
        http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), timeout=330)
        base_url = load_catalogue().region("singapore").compatible_url
        async with openai.AsyncOpenAI(
            api_key="sk-none", base_url=base_url, http_client=http, max_retries=retries
        ) as client:

            async def ask() -> bool:
                try:
                    answer = await client.chat.completions.create(
                        model=MODEL.name,
                        messages=[
                            {
                                "role": "user",
                                "content": [{"type": "image_url", "image_url": {"url": url}}],
                            }
                        ],
                    )
                except openai.APIStatusError:
                    return False
                return bool(answer.choices)

            yield ask

    return run_in_virtual_time(_ten_minutes(setting, opened, in_flight=PEER_IN_FLIGHT))


async def _ten_minutes(setting: Setting, opened: Any, in_flight: int) -> Traffic:
    """Endless pages for ten minutes on this loop's clock."""
    app = setting.emulator()
    given_up = 0

    async def worker() -> None:
        nonlocal given_up
        while True:
            given_up += not await ask()

    async with opened(app) as ask:
        workers = [asyncio.ensure_future(worker()) for _ in range(in_flight)]
        await asyncio.sleep(RUN_SECONDS)
        seen = _seen(app.traffic.as_json(), app.bill.as_json(), given_up)
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return seen


def _seen(calls: dict[str, Any], bill: dict[str, Any], given_up: int) -> Traffic:
    outcomes = calls["outcomes"]
    return Traffic(
        answered=outcomes.get("200", 0),
        refused=sum(n for outcome, n in outcomes.items() if outcome.startswith("429")),
        arrived=calls["arrived"],
        given_up=given_up,
        calls_in_a_second=calls["max_calls_in_a_second"],
        tokens_in_a_second=calls["max_tokens_in_a_second"],
        tokens=bill["input_tokens"] + bill["output_tokens"],
    )


# --- threads, in compressed time ---------------------------------------------------------------------------------


def dashscope_sdk(setting: Setting, name: str) -> Traffic:
    """`MultiModalConversation.call` in a pool of threads, with the usual loop: 1, 2, 4 … s and a random part."""
    url = page_url(setting.page())
    messages = [{"role": "user", "content": [{"image": url}]}]
    ends_at = 0.0
    given_up = 0

    def ask() -> bool:
        for attempt in range(_MOST_ATTEMPTS):
            response = dashscope.MultiModalConversation.call(
                model=MODEL.name,
                messages=messages,
                ocr_options={"task": "text_recognition"},
                api_key="sk-none",
            )
            if response.status_code == HTTPStatus.OK:
                return True
            if response.status_code not in _RETRIED or time.monotonic() > ends_at:
                return False
            time.sleep((2**attempt + random.random()) / SPEED)
        return False

    def worker(_number: int) -> int:
        failed = 0
        while time.monotonic() < ends_at:
            failed += not ask()
        return failed

    with _served(name) as address, ThreadPoolExecutor(PEER_IN_FLIGHT) as threads:
        dashscope.base_http_api_url = address + NATIVE_PATH
        ends_at = time.monotonic() + RUN_SECONDS / SPEED
        given_up = sum(threads.map(worker, range(PEER_IN_FLIGHT)))
        with httpx.Client(base_url=address, trust_env=False) as http:
            return _seen(http.get("/emulator/calls").json(), http.get("/emulator/bill").json(), given_up)


@contextmanager
def _served(name: str) -> Iterator[str]:
    """The emulator on a port, in compressed time, in a process of its own."""
    command = [sys.executable, "-m", "bench.client_limits", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def _serve(app: Emulator) -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none"))
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.1)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    await serving


SETTINGS = {"calls": BY_CALLS, "tokens": BY_TOKENS}

if __name__ == "__main__":
    with asyncio.Runner(loop_factory=lambda: QuickTimeLoop(SPEED)) as runner:
        runner.run(_serve(SETTINGS[sys.argv[1]].emulator()))
