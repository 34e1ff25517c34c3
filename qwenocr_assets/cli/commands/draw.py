"""`qwenocr draw`: the boxes of an answer over its picture."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from PIL import Image
from rich.console import Console
from rich.text import Text
from upath import UPath

from qwenocr_assets.cli.commands.report import find_document
from qwenocr_assets.errors import RejectedInput, UsageError
from qwenocr_assets.imaging.draw import boxes_over
from qwenocr_assets.qwenocr.answers import MalformedAnswer, Word
from qwenocr_assets.qwenocr.tasks import Form, tasks_in
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.qwenocr.wire.positions import words_of_text
from qwenocr_assets.report.marks import corners_of
from qwenocr_assets.schemas import KEY_VALUES, PAGES, TABLE_CELLS, TEXT_LINES, TableSchema, is_ready
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.data_folder import write_atomically
from qwenocr_assets.storage.table_files import read_table

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_TABLES: dict[str, tuple[TableSchema[Any], str]] = {
    "lines": (TEXT_LINES, "text"),
    "fields": (KEY_VALUES, "path"),
    "cells": (TABLE_CELLS, "text"),
}
_LABEL_LENGTH = 60
_WITH_BOXES = " or ".join(tasks_in(Form.LINES))

Labelled = tuple[Sequence[float], str]
"""A box, and what it says there."""


def draw_answer(
    console: Console, image: Path | None, answer: Path | None, output: Path, font: Path | None
) -> None:
    """Draw the lines of an answer's JSON, as the service or the embedded engine returned it, over its picture.

    Raises:
        UsageError: a file is not given, or cannot be read or written.
        RejectedInput: the picture cannot be decoded, or the answer has no boxes.
    """
    if image is None or answer is None:
        raise UsageError(
            "A picture and the answer to it are needed.",
            "Name both files, or --document for one that was read.",
        )
    content = _bytes(image)
    with_size = boxes_over(content, ())
    boxes = boxes_of_answer(_bytes(answer), with_size.size)
    if not boxes:
        raise RejectedInput(
            f"{answer} has no boxes.", f"Boxes come with the task {_WITH_BOXES} and no other."
        )
    _draw(console, content, boxes, output, font)


def boxes_of_answer(body: bytes, image_size: tuple[int, int]) -> list[Labelled]:
    """The lines with their corners in an answer's JSON, in pixels; `image_size` is that of the image sent.

    `location` gives the corners; where there is only `rotate_rect` in thousandths of the image, they are computed
    (product guide, section Advanced recognition).

    Raises:
        RejectedInput: it is no answer of the service.
    """
    try:
        answer = parse_answer(orjson.loads(body), image_size)
    except (orjson.JSONDecodeError, MalformedAnswer) as error:
        raise RejectedInput(
            f"This is no answer of Qwen-OCR ({error}).", "Give its whole body, with its choices."
        ) from error
    words: Sequence[Word] = answer.words or words_of_text(answer.text, image_size)
    return [(word.quad, word.text) for word in words if word.quad is not None]


def draw_document(
    console: Console, name: str, page_number: int, what: str, output: Path, font: Path | None
) -> None:
    """Draw what was read from a page of a document over its page image.

    Raises:
        UsageError: there is no such kind of box, or a file cannot be written.
        RejectedInput: there is no such document or page, or it has no such boxes.
    """
    if what not in _TABLES:
        raise UsageError(f"There are no boxes of {what}.", f"Use {', '.join(_TABLES)}.")
    data = load_settings().data_folder
    document = find_document(data, name)
    pages = [
        page
        for page in read_table(data, PAGES, document["batch_id"])
        if page["document_id"] == document["document_id"]
        and page["page_number"] == page_number
        and not page["tile_of"]
        and is_ready(page)
    ]
    if not pages:
        raise RejectedInput(f"{document['name']} has no page image {page_number}.", "Choose another --page.")
    schema, column = _TABLES[what]
    boxes = [
        (box, row[column])
        for row in read_table(data, schema, document["batch_id"])
        if pages[0]["page_id"] == (row["ground_page_id"] or row["page_id"]) and (box := corners_of(row))
    ]
    if not boxes:
        raise RejectedInput(
            f"Page {page_number} of {document['name']} has no {what} with a box.",
            f"Boxes come with {_WITH_BOXES}; other --boxes are {', '.join(_TABLES)}.",
        )
    _draw(console, (data.root / pages[0]["uri"]).read_bytes(), boxes, output, font)


def _draw(
    console: Console, content: bytes, boxes: Sequence[Labelled], output: Path, font: Path | None
) -> None:
    kind = _FORMATS.get(output.suffix.lower())
    if kind is None:
        raise UsageError(
            f"Pictures cannot be written as {output.name}.", f"Let it end in {', '.join(_FORMATS)}."
        )
    numbered = font is None and not all(text.isascii() for _, text in boxes)
    labels = [str(number) if numbered else _label(text) for number, (_, text) in enumerate(boxes, 1)]
    try:
        image = boxes_over(content, [box for box, _ in boxes], labels=labels, font=font)
        write_atomically(UPath(output).absolute(), _encoded(image, kind))
    except OSError as error:
        raise UsageError(f"{error.strerror or error}: {error.filename or font or output}.") from error
    if numbered:
        for label, (_, text) in zip(labels, boxes, strict=True):
            console.print(Text(f"{label}  {text}"), soft_wrap=True)
    console.print(Text(f"{len(boxes)} boxes in {output}"), soft_wrap=True)


def _label(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LABEL_LENGTH else f"{line[: _LABEL_LENGTH - 3]}..."


def _encoded(image: Image.Image, kind: str) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, quality=90)
    return sink.getvalue()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error}).", "Check the path.") from error
