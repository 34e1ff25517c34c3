"""Answers that are none, from a service that answers: in real time, streamed and in batch files, none ends ok."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from upath import UPath

from qwenocr_assets.asking.batch_answers import BatchAnswers, Question
from qwenocr_assets.asking.draining import Drain
from qwenocr_assets.asking.page_images import Page
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.emulator import BatchFault
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.options import ClientOptions, Streaming
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.state.batch_hold import BatchHold, hold_batch
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.tables.completeness import incomplete

TEXT = Task.TEXT_RECOGNITION
NO_ANSWERS = {
    "refusal": "I'm sorry, I can't assist with that request.",
    "refusal, Chinese": "抱歉，我无法识别这张图片中的文字。",
    "refusal, Arabic": "عذرًا، لا أستطيع المساعدة في هذا الطلب.",
    "refusal, fenced": "```\nК сожалению, я не могу распознать текст на изображении.\n```",
    "thoughts alone": "<think>The user wants the text.\nLet me see",
    "thinking aloud": "好的，用户要求我提取图片中的文字。\n首先",
    "picture's address": "![](https://bucket.oss-cn-beijing.aliyuncs.com/page.png)",
    "remark": "画像には文字が含まれていません。",
    "loop of lines": "合計金額 12.50\n" * 60,
    "loop of words": "the total is " * 100,
    "open formula": "See $x^2$ and\n$\\frac{a}{b",
    "open environment": "\\begin{aligned} x",
    "open fence": "```\nInvoice 417",
}


@dataclass
class Cycling(CannedAnswers):
    """Gives each call the next of the texts."""

    texts: tuple[str, ...] = ()

    def _answer(self, scope: Any, body: bytes) -> tuple[str, bytes]:
        self.text = self.texts[self.calls % len(self.texts)]
        return super()._answer(scope, body)


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[BatchHold]:
    with hold_batch(f"sqlite:///{tmp_path / 'ledger.db'}", "b") as hold:
        yield hold


def asked(
    texts: tuple[str, ...], tmp_path: Path, hold: BatchHold, *, stream: Streaming, task: Task = TEXT
) -> list[AnswerRecord]:
    """The records of one page a text, asked in real time."""
    data = DataFolder(UPath(tmp_path))
    (data.root / "page.png").write_bytes(b"image")
    answers = BatchAnswers.open(data, "b", Task, hold)
    page = Page("page.png", "image/png")
    questions = [Question(f"{number}", task, page, RequestOptions()) for number in range(len(texts))]

    async def run() -> None:
        model, region = load_catalogue().model("local"), load_catalogue().region("local")
        options = ClientOptions(concurrency=4, max_attempts=1, stream=stream)
        transport = httpx.ASGITransport(Cycling(texts=texts))
        async with Client(region, model, options=options, transport=transport) as client:
            await answers.ask(
                questions,
                client,
                model,
                "v",
                judge=incomplete,
                on_reply=lambda: None,
                concurrency=4,
                drain=Drain(60.0),
            )

    asyncio.run(run())
    return list(answers.latest.values())


@pytest.mark.parametrize("stream", ["never", "always"])
def test_in_real_time_and_streamed_no_answer_ends_ok(
    tmp_path: Path, hold: BatchHold, stream: Streaming
) -> None:
    records = asked(tuple(NO_ANSWERS.values()), tmp_path, hold, stream=stream)
    assert [record.status for record in records] == [AnswerStatus.PARTIAL] * len(NO_ANSWERS)
    assert all(record.reason for record in records)
    assert sum("the model refused" in (record.reason or "") for record in records) == 4


@pytest.mark.parametrize("stream", ["never", "always"])
def test_an_answer_behind_its_thoughts_ends_ok(tmp_path: Path, hold: BatchHold, stream: Streaming) -> None:
    (record,) = asked(("<think>Hm.</think>\nInvoice 417",), tmp_path, hold, stream=stream)
    assert record.status is AnswerStatus.OK


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (Task.TABLE_PARSING, "The image shows a cat on a sofa."),
        (Task.KEY_INFORMATION_EXTRACTION, '{"error": "申し訳ありませんが、画像を読み取れません。"}'),
        (Task.DOCUMENT_PARSING, "Es tut mir leid, ich kann das Bild nicht lesen."),
        (Task.FORMULA_RECOGNITION, "Lo siento, no puedo procesar esta imagen."),
    ],
)
def test_nor_does_one_of_another_task(tmp_path: Path, hold: BatchHold, task: Task, text: str) -> None:
    (record,) = asked((text,), tmp_path, hold, stream="never", task=task)
    assert record.status is AnswerStatus.PARTIAL


def test_in_batch_files_no_answer_ends_ok(make_world: Any) -> None:
    world = make_world(BatchFault(), app=Cycling(texts=tuple(NO_ANSWERS.values())), judge=incomplete)
    questions = [world.question(number) for number in range(len(NO_ANSWERS))]
    world.plan(questions)
    world.submit(questions)
    world.wait()
    world.collect()
    assert [record.status for record in world.records.values()] == [AnswerStatus.PARTIAL] * len(NO_ANSWERS)
    assert len({record.reason for record in world.records.values()}) > 8
