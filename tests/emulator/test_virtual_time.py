"""What the simulated measurements rest on: the loop that does not wait, and the service that answers at once."""

import asyncio
import time
from typing import Any

import httpx
import orjson
import pytest

from qwenocr_assets.emulator.testing.canned_answers import COMPATIBLE_PATH, NATIVE_PATH, CannedAnswers
from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time


def test_sleeping_takes_no_time_and_wakes_in_order() -> None:
    async def main() -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        woken: list[tuple[str, float]] = []

        async def sleeper(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            woken.append((name, loop.time()))

        await asyncio.gather(sleeper("late", 3600), sleeper("soon", 0.25), sleeper("between", 60))
        return woken

    started = time.perf_counter()
    woken = run_in_virtual_time(main())

    assert time.perf_counter() - started < 60, "it waited for real"
    assert [name for name, _ in woken] == ["soon", "between", "late"]
    assert [at for _, at in woken] == pytest.approx([0.25, 60, 3600])


def test_time_limits_are_simulated_too() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(300):
                await asyncio.sleep(301)
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(main()) == pytest.approx(300)


def test_a_thread_is_waited_for_and_no_time_passes() -> None:
    async def main() -> tuple[str, float]:
        async with asyncio.timeout(0.01):
            done = await asyncio.to_thread(lambda: time.sleep(0.05) or "done")
        return done, asyncio.get_running_loop().time()

    assert run_in_virtual_time(main()) == ("done", 0.0)


async def _post(app: Any, path: str, **request: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://canned") as client:
        return await client.post(path, **request)


MODEL = "qwen-vl-ocr-2025-11-20"


def test_canned_native() -> None:
    answer = run_in_virtual_time(_post(CannedAnswers("Hello"), NATIVE_PATH, json={"model": MODEL})).json()
    assert answer["output"]["choices"][0]["message"]["content"] == [{"text": "Hello"}]
    assert answer["usage"]["input_tokens"] == 2_575
    assert answer["usage"]["total_tokens"] == 2_633


def test_canned_compatible() -> None:
    app = CannedAnswers(tokens_of=lambda number: (number * 100, 10, 5))
    answers = [
        run_in_virtual_time(_post(app, COMPATIBLE_PATH, json={"model": MODEL})).json() for _ in range(2)
    ]
    assert [a["usage"]["prompt_tokens"] for a in answers] == [110, 210]
    assert answers[0]["model"] == MODEL


def test_canned_streams() -> None:
    app = CannedAnswers("One\nTwo")
    native = run_in_virtual_time(
        _post(app, NATIVE_PATH, json={"model": MODEL}, headers={"X-DashScope-SSE": "enable"})
    )
    body = {"model": MODEL, "stream": True, "stream_options": {"include_usage": True}}
    compatible = run_in_virtual_time(_post(app, COMPATIBLE_PATH, json=body))

    events = [orjson.loads(frame.split("data:")[1]) for frame in native.text.split("\n\n") if frame]
    texts = [event["output"]["choices"][0]["message"]["content"][0]["text"] for event in events]
    assert texts == ["One\n", "One\nTwo", "One\nTwo"]
    assert compatible.text.endswith("data: [DONE]\n\n")
    assert '"usage":{"prompt_tokens":2575' in compatible.text
