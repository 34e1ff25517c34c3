"""Every shape that answers were seen in, for every task, in both dialects, whole and streamed: the rows, or the flag.

The embedded engine answers in these shapes, and the client asks it over the wire; what comes is made into rows as a
run does.
"""

import asyncio
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image as PillowImage

from qwenocr_assets.emulator import EmulatorTransport, create_emulator
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.shapes import SHAPES_BY_MODEL, Shape
from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.tables.flatten import AnsweredPage
from tests.engine.conftest import FixedReader, read_page  # noqa: F401  a page of 640 × 480

MODEL = "qwen3.5-ocr"
LINES, TEXT, VALUES = Task.ADVANCED_RECOGNITION, Task.TEXT_RECOGNITION, Task.KEY_INFORMATION_EXTRACTION
TABLES, DOCUMENT, OTHER = Task.TABLE_PARSING, Task.DOCUMENT_PARSING, Task.MULTI_LAN
TASKS = (LINES, TEXT, VALUES, TABLES, DOCUMENT, OTHER)

WHOLE, CHAT = (Protocol.NATIVE, "never"), (Protocol.OPENAI, "never")
STREAM, CHAT_STREAM = (Protocol.NATIVE, "always"), (Protocol.OPENAI, "always")
WAYS = (WHOLE, STREAM, CHAT, CHAT_STREAM)

BOXED = {"text_lines": (8, 8)}
"""Rows of each table, and how many have a box."""
PLAIN = {"text_lines": (6, 0)}
PAIRS = {"key_values": (5, 0)}
CELLS = {"tables": (1, 0), "table_cells": (4, 0)}
LATEX = {**CELLS, "document_blocks": (3, 0)}
PLACED = {"tables": (1, 1), "table_cells": (4, 4), "document_blocks": (3, 3)}

INSTEAD = "a list of lines with their places instead"
ONLY_PLACES = "places on the page without the text"
PICTURE = "a picture's address instead"
NO_CELLS = "a table of the page came without its cells"
REPEATS = "took repeats out of the text"
UNKNOWN = r"not known here (ocr_result.regions_info)"
LOST = "the answer is empty, and"

AS_EVER = {LINES: BOXED, TEXT: PLAIN, VALUES: PAIRS, TABLES: CELLS, DOCUMENT: LATEX, OTHER: PLAIN}
LINES_FOR_ALL = {
    **dict.fromkeys((LINES, TEXT, OTHER), BOXED),
    **dict.fromkeys((VALUES, TABLES, DOCUMENT), INSTEAD),
}
NO_TEXT = {
    **dict.fromkeys((LINES, TEXT, OTHER), ONLY_PLACES),
    **dict.fromkeys((VALUES, TABLES, DOCUMENT), INSTEAD),
}

SHAPES: list[tuple[tuple[Shape, ...], dict[Task, Any], dict[Any, dict[Task, Any]]]] = [
    ((), AS_EVER, {}),
    ((Shape.BOX_LIST,), LINES_FOR_ALL, {}),
    ((Shape.BOX_LIST, Shape.TEXT_RECTANGLES), LINES_FOR_ALL, {}),
    ((Shape.BOX_LIST, Shape.FOUR_NUMBERS), LINES_FOR_ALL, {}),
    ((Shape.TUPLES,), LINES_FOR_ALL, {}),
    ((Shape.BARE_TUPLES,), NO_TEXT, {WHOLE: {LINES: BOXED}}),
    ((Shape.NO_LOCATION,), AS_EVER, {}),
    ((Shape.NO_LOCATION, Shape.TEXT_RECTANGLES), AS_EVER, {}),
    ((Shape.NO_LOCATION, Shape.FOUR_NUMBERS), AS_EVER, {}),
    ((Shape.LAYOUTS,), AS_EVER, {WHOLE: {DOCUMENT: PLACED}}),
    ((Shape.LAYOUTS, Shape.STREAMED_RESULT, Shape.RESULT_IN_CHAT), {**AS_EVER, DOCUMENT: PLACED}, {}),
    ((Shape.PICTURE_LINK,), dict.fromkeys(TASKS, PICTURE), {}),
    ((Shape.LAYOUTS, Shape.PICTURE_LINK), dict.fromkeys(TASKS, PICTURE), {WHOLE: {DOCUMENT: NO_CELLS}}),
    ((Shape.PROCESSED_TEXT,), AS_EVER, {}),
    ((Shape.REPEATS,), dict.fromkeys(TASKS, REPEATS), {}),
    ((Shape.ONLY_PROCESSED,), AS_EVER, dict.fromkeys((STREAM, CHAT_STREAM), dict.fromkeys(TASKS, LOST))),
    ((Shape.UNKNOWN,), dict.fromkeys(TASKS, UNKNOWN), dict.fromkeys((STREAM, CHAT_STREAM), dict.fromkeys(TASKS, LOST))),
]  # fmt: skip


@pytest.fixture(scope="module")
def image() -> ImageBytes:
    file = io.BytesIO()
    PillowImage.new("L", (640, 480), 255).save(file, "PNG")
    return ImageBytes(file.getvalue(), "image/png")


def answers(page: ReadPage, image: ImageBytes, shapes: tuple[Shape, ...]) -> dict[Any, dict[Task, Answer]]:
    """What the emulated account answers to each task, in each way of asking."""
    app = create_app(FixedReader(page), shapes={MODEL: shapes})
    emulator = create_emulator(app, region="beijing")

    async def all_of_them() -> dict[Any, dict[Task, Answer]]:
        found: dict[Any, dict[Task, Answer]] = {}
        for protocol, stream in WAYS:
            region = replace(load_catalogue().region("beijing"), protocol=protocol)
            options = ClientOptions(stream=stream)
            async with Client(
                region, MODEL, transport=EmulatorTransport(emulator), options=options
            ) as client:
                replies = {task: await client.ask(Request(image, task, RequestOptions())) for task in TASKS}
            assert [reply.error for reply in replies.values()] == [None] * len(TASKS)
            found[protocol, stream] = {task: reply.answer for task, reply in replies.items() if reply.answer}
        return found

    return asyncio.run(all_of_them())


def rows_of(task: Task, answer: Answer) -> dict[str, list[dict[str, Any]]]:
    page = AnsweredPage("batch", "document", "document/1", (640, 480), {task: ("key", answer)})
    (tables,) = flatten_document([page], on_page=lambda: None)
    return {name: [dict(row) for row in rows] for name, rows in tables.items() if rows}


COORDINATES = re.compile(r"\d+\s*[,;>]\s*<?\d+\s*[,;>]\s*<?\d+|rotate_rect")


def texts(rows: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for found in rows.values():
        for row in found:
            yield from (str(row[name]) for name in ("text", "value", "path", "latex") if row.get(name))


@pytest.mark.parametrize(
    ("shapes", "expected", "otherwise"), SHAPES, ids=["+".join(s[0]) or "guide" for s in SHAPES]
)
def test_each_shape_gives_its_rows_or_its_flag(
    read_page: ReadPage,  # noqa: F811
    image: ImageBytes,
    shapes: tuple[Shape, ...],
    expected: dict[Task, Any],
    otherwise: dict[Any, dict[Task, Any]],
) -> None:
    for way, found in answers(read_page, image, shapes).items():
        for task, answer in found.items():
            wanted = {**expected, **otherwise.get(way, {})}[task]
            rows, reason = rows_of(task, answer), incomplete(task, answer)
            where = (way, task, reason, rows)
            assert not any(map(COORDINATES.search, texts(rows))), where
            if isinstance(wanted, str):
                assert reason is not None, where
                assert wanted in reason, where
                if task is DOCUMENT and wanted is INSTEAD and shapes != (Shape.BARE_TUPLES,):
                    blocks = rows.pop("document_blocks")
                    assert [block["text"] for block in blocks] == [line.text for line in read_page.lines]
                    assert all(block["left_px"] is not None for block in blocks), where
                assert not rows or wanted not in (INSTEAD, ONLY_PLACES), where
                continue
            assert reason is None, where
            counted = {n: (len(r), sum(row.get("left_px") is not None for row in r)) for n, r in rows.items()}
            assert counted == wanted, where


@pytest.mark.parametrize("shapes", [s[0] for s in SHAPES if BOXED in s[1].values()], ids="+".join)
def test_boxes_are_where_the_lines_stand(
    read_page: ReadPage,  # noqa: F811
    image: ImageBytes,
    shapes: tuple[Shape, ...],
) -> None:
    stands = {line.text: line.quad.box for line in read_page.lines}
    for found in answers(read_page, image, shapes).values():
        for row in rows_of(LINES, found[LINES]).get("text_lines", []):
            box = tuple(row[name] for name in ("left_px", "top_px", "right_px", "bottom_px"))
            assert box == pytest.approx(stands[row["text"]], abs=2)


def test_models_have_shapes_of_their_own(read_page: ReadPage, image: ImageBytes) -> None:  # noqa: F811
    found = answers(read_page, image, tuple(SHAPES_BY_MODEL[MODEL]))[WHOLE]
    assert [word.box_doubt for word in found[LINES].words] == ["unit_assumed"] * 8
    assert rows_of(DOCUMENT, found[DOCUMENT])["document_blocks"][0]["kind"] == "title"
    assert found[TEXT].processed_text == found[TEXT].text
