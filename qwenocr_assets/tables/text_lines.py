"""Answers into rows of `text_lines`."""

from collections.abc import Sequence
from typing import Any

from qwenocr_assets.geometry import Quad, box_around
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Form
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.answer_text import storable, unfenced
from qwenocr_assets.tables.json.text import read_json
from qwenocr_assets.tables.no_answer.judging import picture_line
from qwenocr_assets.tables.places.page_lines import GIVEN
from qwenocr_assets.tables.places.reading_order import reading_order
from qwenocr_assets.tables.trace import Trace


def text_lines(answer: Answer, trace: Trace, page_size: tuple[int, int]) -> list[Row]:
    """One row per line, in the order the model gives, with its place in reading order.

    `page_size` is width and height of the page image in pixels. Lines with positions keep the rotated
    rectangle as given and have their corners clamped to the page (the service returns corners a little outside);
    plain text gives one row per line that is not blank, without boxes.
    """
    base = trace.columns()
    if trace.task.spec.form is Form.LINES:
        words = answer.words or _words_of_text(answer.text)
        quads = [None if word.quad is None else word.quad.within(*page_size) for word in words]
        lines = enumerate(zip(words, quads, strict=True))
        return _numbered([_line(base, index, word, quad) for index, (word, quad) in lines], quads)
    return [
        {**base, "line_index": index, "reading_index": index, "text": line}
        for index, line in enumerate(_plain_lines(answer.text))
    ]


def _plain_lines(text: str) -> list[str]:
    """The lines of a plain-text answer that stand on the page: not blank, no picture's address."""
    lines = (line.rstrip() for line in unfenced(text).splitlines())
    return [line for line in lines if line and not _is_picture(line)]


def _is_picture(line: str) -> bool:
    return line.lstrip().startswith(("![", "<img")) and picture_line(line)


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


def _line(base: dict[str, str], index: int, word: Word, quad: Quad | None) -> dict[str, Any]:
    rotate_rect = None if word.rotate_rect is None else list(word.rotate_rect)
    row: dict[str, Any] = {
        **base,
        "line_index": index,
        "text": storable(word.text),
        "quad_px": None if quad is None else list(quad),
        "rotate_rect": rotate_rect,
        "least_score": word.least_score,
        "ground": None if quad is None else GIVEN,
    }
    if quad is not None:
        row["left_px"], row["top_px"], row["right_px"], row["bottom_px"] = box_around(quad)
    return row


def _words_of_text(text: str) -> list[Word]:
    """Lines of an answer that has only text: JSON items with their text, or one line per line.

    The OpenAI dialect returns no `ocr_result`. Its rectangles are kept as given but make no box: whether they are
    pixels of a resized image or thousandths of the page depends on the model's generation.
    """
    items = read_json(text).value
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return [
            Word(str(item["text"]), None, _rectangle(item.get("rotate_rect")))
            for item in items
            if "text" in item
        ]
    return [Word(line, None, None) for line in _plain_lines(text) if line.strip()]


def _rectangle(value: object) -> tuple[float, ...] | None:
    try:
        return tuple(float(v) for v in value) if isinstance(value, list) else None
    except (TypeError, ValueError):
        return None
