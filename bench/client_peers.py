"""The ways to ask the service many pages at once: ours, and what a user would otherwise write.

Each asks as often as it is told to, with so many calls in flight, beginning with the bytes of the page every time.
`measured` runs one way in a process of its own, so that its CPU time and memory are its alone.
"""

import asyncio
import base64
import json
import random
import resource
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from http import HTTPStatus
from pathlib import Path

import aiohttp
import dashscope
import httpx
import openai
import pybase64
import requests

from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.options import ClientOptions, Streaming
from qwenocr_assets.qwenocr.regions import NATIVE_PATH, region_at
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task

MODEL = load_catalogue().model("singapore")
IN_REQUEST_BYTES = 300_000
"""The page's size as base64, which is what travels."""
TIMEOUT_SECONDS = 330.0
_KEY = "sk-none"

AskMany = Callable[[int], Awaitable[int]]
"""Ask so many times; how many were answered."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What some calls of one way took."""

    calls: int
    answered: int
    seconds: float
    cpu_seconds: float
    resident_mb: float
    """Memory of the process after the calls."""

    @property
    def cpu_ms(self) -> float:
        return self.cpu_seconds / self.calls * 1000


def measured(way: str, address: str, in_flight: int, *rounds: int) -> list[Figures]:
    """Each round of calls of one way, one after the other in one new process."""
    command = [sys.executable, "-m", "bench.client_peers", way, address, str(in_flight), *map(str, rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Figures(**figures) for figures in json.loads(done.stdout)]


@cache
def page() -> bytes:
    """A PNG that nothing can compress, of the size that is usual for a page."""
    width, rows = 500, IN_REQUEST_BYTES * 3 // 4 // 500
    noise = random.Random(1)
    pixels = b"".join(b"\0" + noise.randbytes(width) for _ in range(rows))
    return png(width, rows, zlib.compress(pixels, 0))


def png(width: int, height: int, grey_rows: bytes) -> bytes:
    """A grey PNG around compressed rows."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(name, data) for name, data in ((b"IHDR", header), (b"IDAT", grey_rows), (b"IEND", b""))
    )


def page_url(content: bytes) -> str:
    """As the product guide's samples write it."""
    return f"data:image/png;base64,{base64.b64encode(content).decode('utf-8')}"


async def in_parallel(ask: Callable[[], Awaitable[bool]], in_flight: int, calls: int) -> int:
    """Ask so often, with at most so many calls at once; how many were answered."""
    numbers = iter(range(calls))

    async def worker() -> int:
        return sum([await ask() for _ in numbers])

    return sum(await asyncio.gather(*(worker() for _ in range(in_flight))))


# --- the ways ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def ours(address: str, in_flight: int, streaming: Streaming = "never") -> AsyncIterator[AskMany]:
    """`qwenocr_assets.qwenocr`, with no limits of the account: they are measured elsewhere."""
    region = region_at(load_catalogue().region("singapore"), address)
    model = replace(MODEL, requests_per_minute=None, tokens_per_minute=None)
    content, options = page(), ClientOptions(concurrency=in_flight, stream=streaming)
    async with Client(region, model, _KEY, options=options) as client:

        async def ask() -> bool:
            reply = await client.ask(Request(ImageBytes(content, "image/png"), Task.TEXT_RECOGNITION))
            return reply.answer is not None

        yield lambda calls: in_parallel(ask, in_flight, calls)


def ours_streaming(address: str, in_flight: int) -> AbstractAsyncContextManager[AskMany]:
    return ours(address, in_flight, "always")


@asynccontextmanager
async def dashscope_threads(
    address: str, in_flight: int, session: requests.Session | None = None
) -> AsyncIterator[AskMany]:
    """The service's own SDK, one thread for each call in flight."""
    dashscope.base_http_api_url = address + NATIVE_PATH
    content = page()

    def ask(_number: int) -> bool:
        response = dashscope.MultiModalConversation.call(
            model=MODEL.name,
            messages=[{"role": "user", "content": [{"image": page_url(content)}]}],
            ocr_options={"task": "text_recognition"},
            api_key=_KEY,
            **({} if session is None else {"session": session}),
        )
        return response.status_code == HTTPStatus.OK and bool(response.output.choices)

    with ThreadPoolExecutor(in_flight) as threads:

        async def ask_many(calls: int) -> int:
            return sum(threads.map(ask, range(calls)))

        yield ask_many


@asynccontextmanager
async def dashscope_pooled(address: str, in_flight: int) -> AsyncIterator[AskMany]:
    """The same with a session that keeps a connection for each thread; by itself the SDK keeps ten."""
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(1, in_flight))
        async with dashscope_threads(address, in_flight, session) as ask_many:
            yield ask_many


@asynccontextmanager
async def plain_httpx(address: str, in_flight: int) -> AsyncIterator[AskMany]:
    """httpx with limits that are large enough: those it comes with end at 100 connections."""
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    url = f"{address}{NATIVE_PATH}/services/aigc/multimodal-generation/generation"
    content = page()
    async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT_SECONDS) as http:

        async def ask() -> bool:
            message = {"role": "user", "content": [{"image": page_url(content)}]}
            parameters = {"ocr_options": {"task": "text_recognition"}}
            body = {"model": MODEL.name, "input": {"messages": [message]}, "parameters": parameters}
            response = await http.post(url, json=body, headers={"Authorization": f"Bearer {_KEY}"})
            return response.is_success and bool(response.json()["output"]["choices"])

        yield lambda calls: in_parallel(ask, in_flight, calls)


@asynccontextmanager
async def plain_aiohttp(address: str, in_flight: int) -> AsyncIterator[AskMany]:
    """What ours stands on, and nothing around it: what this machine allows."""
    url = f"{address}{NATIVE_PATH}/services/aigc/multimodal-generation/generation"
    content = page()
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def ask() -> bool:
            image = b"data:image/png;base64," + pybase64.b64encode(content)
            body = b'{"model":"%s","input":{"messages":[{"role":"user","content":[{"image":"%s"}]}]}}'
            headers = {"Authorization": f"Bearer {_KEY}", "Content-Type": "application/json"}
            data = body % (MODEL.name.encode(), image)
            async with http.post(url, data=data, headers=headers) as response:
                return response.ok and bool((await response.json())["output"]["choices"])

        yield lambda calls: in_parallel(ask, in_flight, calls)


@asynccontextmanager
async def openai_sdk(address: str, in_flight: int) -> AsyncIterator[AskMany]:
    content = page()
    async with openai.AsyncOpenAI(api_key=_KEY, base_url=f"{address}/compatible-mode/v1") as client:

        async def ask() -> bool:
            answer = await client.chat.completions.create(
                model=MODEL.name,
                messages=[
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": page_url(content)}},
                            {"type": "text", "text": "Please output only the text content from the image."},
                        ],
                    }
                ],
            )
            return bool(answer.choices)

        yield lambda calls: in_parallel(ask, in_flight, calls)


WAYS: dict[str, Callable[[str, int], AbstractAsyncContextManager[AskMany]]] = {
    "ours": ours,
    "ours, streamed": ours_streaming,
    "dashscope SDK, threads": dashscope_threads,
    "dashscope SDK, threads, pooled": dashscope_pooled,
    "aiohttp": plain_aiohttp,
    "httpx": plain_httpx,
    "openai SDK": openai_sdk,
}


async def _measure(way: str, address: str, in_flight: int, rounds: Iterable[int]) -> list[Figures]:
    figures = []
    async with WAYS[way](address, in_flight) as ask_many:
        for calls in rounds:
            began, cpu_began = time.perf_counter(), time.process_time()
            answered = await ask_many(calls)
            seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
            figures.append(Figures(calls, answered, seconds, cpu_seconds, _resident_mb()))
    return figures


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def _main(way: str, address: str, in_flight: str, *rounds: str) -> None:
    figures = asyncio.run(_measure(way, address, int(in_flight), map(int, rounds)))
    print(json.dumps([asdict(each) for each in figures]))


if __name__ == "__main__":
    _main(*sys.argv[1:])
