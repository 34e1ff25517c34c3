"""The answers of a batch: what is still to ask, and a page that cannot be sent."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from upath import UPath

from qwenocr_assets.asking.batch_answers import BatchAnswers, Question, read_answers
from qwenocr_assets.asking.draining import Drain
from qwenocr_assets.asking.page_images import Page
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.state.batch_hold import BatchHold, hold_batch
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[BatchHold]:
    with hold_batch(f"sqlite:///{tmp_path / 'ledger.db'}", "b") as hold:
        yield hold


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(UPath(tmp_path))


def test_a_page_image_that_cannot_be_read_fails_alone_and_is_asked_again(
    data: DataFolder, hold: BatchHold
) -> None:
    (data.root / "there.png").write_bytes(b"image")
    answers = BatchAnswers.open(data, "b", Task, hold)
    questions = [
        Question(name, Task.MULTI_LAN, Page(f"{name}.png", "image/png"), RequestOptions())
        for name in ("there", "gone")
    ]

    async def service(scope: object, receive: object, send: object) -> None:
        del scope, receive
        body = b'{"output":{"choices":[{"finish_reason":"stop","message":{"content":[{"text":"x"}]}}]}}'
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": body})  # type: ignore[operator]

    async def ask(client: Client) -> None:
        await answers.ask(
            questions,
            client,
            load_catalogue().model("local"),
            "v",
            judge=lambda _task, _text: None,
            on_reply=lambda: None,
            concurrency=2,
            drain=Drain(60.0),
        )

    async def run() -> None:
        region = load_catalogue().region("local")
        async with Client(
            region,
            load_catalogue().model("local"),
            options=ClientOptions(concurrency=2, max_attempts=1),
            transport=httpx.ASGITransport(service),
        ) as client:
            await ask(client)

    asyncio.run(run())
    latest = read_answers([data.journal(Task.MULTI_LAN, "b")])
    assert {key: record.status for key, record in latest.items()} == {
        "there": AnswerStatus.OK,
        "gone": AnswerStatus.FAILED,
    }
    assert "gone.png cannot be read" in (latest["gone"].reason or "")
    requests = [
        {"request_key": q.request_key, "task": q.task.value, "options": "{}", "page_id": q.request_key}
        for q in questions
    ]
    pages = {q.request_key: q.page for q in questions}
    reopened = BatchAnswers.open(data, "b", Task, hold)
    assert [q.request_key for q in reopened.open_questions(requests, pages, frozenset())] == ["gone"]
