"""Answers into rows of `text_lines`."""

from math import isfinite
from typing import Any

from qwenocr_assets.qwenocr.answers import Answer, Quad, Word
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
        return in_reading_order([_line(base, index, word, page_size) for index, word in enumerate(words)])
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
    boxed = [row for row in rows if row.get("quad_px") is not None]
    order = reading_order([row["text"] for row in boxed], [tuple(row["quad_px"]) for row in boxed])
    place = {boxed[index]["line_index"]: place for place, index in enumerate(order)}
    last = -1
    keys: list[tuple[int, int]] = []
    for row in rows:
        last = place.get(row["line_index"], last)
        keys.append((last, row["line_index"]))
    for reading_index, (_, index) in enumerate(sorted(keys)):
        rows[index]["reading_index"] = reading_index
    return list(rows)


def _line(base: dict[str, str], index: int, word: Word, page_size: tuple[int, int]) -> dict[str, Any]:
    quad = None if word.quad is None else _on_page(word.quad, page_size)
    rotate_rect = None if word.rotate_rect is None else list(word.rotate_rect)
    row: dict[str, Any] = {
        **base,
        "line_index": index,
        "text": storable(word.text),
        "quad_px": quad,
        "rotate_rect": rotate_rect,
        "ground": None if quad is None else GIVEN,
    }
    if quad is not None:
        xs, ys = quad[0::2], quad[1::2]
        row["left_px"] = min(xs)
        row["top_px"] = min(ys)
        row["right_px"] = max(xs)
        row["bottom_px"] = max(ys)
    return row


def _on_page(quad: Quad, page_size: tuple[int, int]) -> list[float] | None:
    """The corners clamped to the page; None when they are no numbers."""
    width, height = page_size
    x1, y1, x2, y2, x3, y3, x4, y4 = quad
    if not isfinite(x1 + y1 + x2 + y2 + x3 + y3 + x4 + y4):
        return None
    return [
        float(min(max(x1, 0), width)),
        float(min(max(y1, 0), height)),
        float(min(max(x2, 0), width)),
        float(min(max(y2, 0), height)),
        float(min(max(x3, 0), width)),
        float(min(max(y3, 0), height)),
        float(min(max(x4, 0), width)),
        float(min(max(y4, 0), height)),
    ]


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
