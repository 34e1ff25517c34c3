"""Answers into rows of `text_lines`."""

import re
from collections.abc import Sequence
from typing import Any

from qwenocr_assets.geometry import Quad, box_around
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Form
from qwenocr_assets.qwenocr.wire.positions import holds_positions, words_of_text
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.answer_text import storable, unfenced
from qwenocr_assets.tables.doubts.unread import is_unreadable
from qwenocr_assets.tables.no_answer.pictures import is_picture
from qwenocr_assets.tables.places.page_lines import GIVEN
from qwenocr_assets.tables.places.reading_order import reading_order
from qwenocr_assets.tables.trace import Trace
from qwenocr_assets.tables.values.notation import UNREADABLE

_EMPTY_LIST = re.compile(r"\s*\[\s*\]\s*")
"""How models write that there is no line."""


def text_lines(answer: Answer, trace: Trace, page_size: tuple[int, int]) -> list[Row]:
    """One row per line, in the order the model gives, with its place in reading order.

    `page_size` is width and height of the page image in pixels. Lines with positions, whatever the task, keep the
    rotated rectangle as given and have their corners clamped to the page (the service returns corners a little
    outside); plain text gives one row per line that is not blank, without boxes.
    """
    base = trace.columns()
    words = answer.words or words_of_text(answer.text, None)
    if words or trace.task.spec.form is Form.LINES:
        lines = () if holds_positions(answer.text) else _plain_lines(answer.text)
        words = words or tuple(Word(line, None, None) for line in lines)
        quads = [None if word.quad is None else word.quad.within(*page_size) for word in words]
        placed = enumerate(zip(words, quads, strict=True))
        return _numbered([_line(base, index, word, quad) for index, (word, quad) in placed], quads)
    return [
        {**base, "line_index": index, "reading_index": index, "text": line, "text_doubt": _doubt(line)}
        for index, line in enumerate(_plain_lines(answer.text))
    ]


def _plain_lines(text: str) -> list[str]:
    """The lines of a plain-text answer that stand on the page: not blank, no picture's address, no empty list."""
    if _EMPTY_LIST.fullmatch(unfenced(text)):
        return []
    lines = (line.rstrip() for line in unfenced(text).splitlines())
    return [line for line in lines if line and not _is_picture(line)]


def _is_picture(line: str) -> bool:
    return line.lstrip().startswith(("![", "<img")) and is_picture(line)


def in_reading_order(rows: list[dict[str, Any]]) -> list[Row]:
    """The rows as they are, each with its `reading_index`; lines without a box follow the one they came behind."""
    return _numbered(rows, [Quad(*row["quad_px"]) if row.get("quad_px") else None for row in rows])


def _numbered(rows: list[dict[str, Any]], quads: Sequence[Quad | None]) -> list[Row]:
    boxed = [(row, quad) for row, quad in zip(rows, quads, strict=True) if quad is not None]
    order = reading_order([row["text"] for row, _ in boxed], [quad for _, quad in boxed])
    place = {boxed[index][0]["line_index"]: place for place, index in enumerate(order)}
    last = -1
    keys: list[tuple[int, int]] = []
    for row in rows:
        last = place.get(row["line_index"], last)
        keys.append((last, row["line_index"]))
    for reading_index, (_, index) in enumerate(sorted(keys)):
        rows[index]["reading_index"] = reading_index
    return list(rows)


def _doubt(text: str) -> str | None:
    return UNREADABLE if is_unreadable(text) else None


def _line(base: dict[str, str], index: int, word: Word, quad: Quad | None) -> dict[str, Any]:
    rotate_rect = None if word.rotate_rect is None else list(word.rotate_rect)
    row: dict[str, Any] = {
        **base,
        "line_index": index,
        "text": storable(word.text),
        "quad_px": None if quad is None else list(quad),
        "rotate_rect": rotate_rect,
        "least_score": word.least_score,
        "text_doubt": _doubt(word.text),
        "box_doubt": word.box_doubt,
        "ground": None if quad is None else GIVEN,
    }
    if quad is not None:
        row["left_px"], row["top_px"], row["right_px"], row["bottom_px"] = box_around(quad)
    return row
