"""PDF files: a born-digital paper with a text layer, and a scan that is one picture a page.

Boxes in their truth are in PDF points (1/72 inch), counted from the top left corner of the page.
"""

import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from .canvas import Sheet, plain
from .faces import FACES

PAPER_TEXT = Path(__file__).parent / "texts" / "paper.txt"
WIDTH_PT, HEIGHT_PT = A4
MARGIN_PT = 72.0
BODY_PT, LEADING_PT = 11.5, 18.0
TABLE_WIDTHS_PT = (150.0, 90.0, 90.0, 90.0)
TABLE_ROW_PT = 19.0
POINTS_PER_PIXEL = 72 / 150


@cache
def register_fonts() -> None:
    for name, bold in (("Body", False), ("Bold", True)):
        pdfmetrics.registerFont(TTFont(name, FACES["serif"][bold]))


@dataclass
class Paper:
    """A PDF in the making and the truth about its pages."""

    canvas: Canvas
    y: float = MARGIN_PT
    pages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def page(self) -> dict[str, Any]:
        return self.pages[-1]

    def new_page(self) -> None:
        if self.pages:
            self.end_page()
        self.pages.append(
            {"width_pt": round(WIDTH_PT, 2), "height_pt": round(HEIGHT_PT, 2), "lines": []}
            | {"key_values": {}, "tables": [], "blocks": []}
        )
        self.y = MARGIN_PT

    def end_page(self) -> None:
        number = str(len(self.pages))
        self.line(
            number, "Body", 9, (WIDTH_PT - pdfmetrics.stringWidth(number, "Body", 9)) / 2, HEIGHT_PT - 40
        )
        self.canvas.showPage()

    def line(self, text: str, face: str, size: float, x: float, baseline: float) -> None:
        """Draws text whose baseline is `baseline` points below the top of the page."""
        self.canvas.setFont(face, size)
        self.canvas.drawString(x, HEIGHT_PT - baseline, text)
        ascent, descent = pdfmetrics.getAscentDescent(face, size)
        right = x + pdfmetrics.stringWidth(text, face, size)
        box = [round(value, 2) for value in (x, baseline - ascent, right, baseline - descent)]
        self.page["lines"].append({"text": plain(text), "bbox": box})

    def room(self, points: float) -> None:
        if self.y + points > HEIGHT_PT - MARGIN_PT:
            self.new_page()

    def block(
        self, kind: str, text: str, face: str, size: float, leading: float, centred: bool = False
    ) -> None:
        """Draws a block of text, broken to the page's width, on as many pages as it needs."""
        block: dict[str, Any] = {"type": kind, "text": ""}
        for line in broken(text, face, size, WIDTH_PT - 2 * MARGIN_PT):
            pages = len(self.pages)
            self.room(leading)
            if len(self.pages) > pages or not block["text"]:
                block = {"type": kind, "text": ""}
                self.page["blocks"].append(block)
            block["text"] = f"{block['text']} {line}".strip()
            self.y += leading
            free = WIDTH_PT - 2 * MARGIN_PT - pdfmetrics.stringWidth(line, face, size)
            self.line(line, face, size, MARGIN_PT + (free / 2 if centred else 0), self.y)

    def table(self, rows: list[list[str]]) -> None:
        """Draws a table with every border; its first row is the header, its first column aligned left."""
        self.room(len(rows) * TABLE_ROW_PT + 20)
        left, top = MARGIN_PT, self.y + 10
        cells = []
        for r, texts in enumerate(rows):
            x = left
            for c, (text, width) in enumerate(zip(texts, TABLE_WIDTHS_PT, strict=True)):
                y = top + r * TABLE_ROW_PT
                self.canvas.rect(x, HEIGHT_PT - y - TABLE_ROW_PT, width, TABLE_ROW_PT)
                face = "Body" if r else "Bold"
                shift = 6 if c == 0 else width - 6 - pdfmetrics.stringWidth(text, face, 10)
                self.line(text, face, 10, x + shift, y + TABLE_ROW_PT - 6)
                box = [round(value, 2) for value in (x, y, x + width, y + TABLE_ROW_PT)]
                cells.append(
                    {"row": r, "column": c, "row_span": 1, "column_span": 1, "text": text}
                    | {"header": r == 0, "bbox": box}
                )
                x += width
        self.page["tables"].append({"rows": len(rows), "columns": len(rows[0]), "cells": cells})
        self.page["blocks"].append({"type": "table", "text": "", "table": len(self.page["tables"]) - 1})
        self.y = top + len(rows) * TABLE_ROW_PT + 6


def broken(text: str, face: str, size: float, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and pdfmetrics.stringWidth(longer, face, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def paper() -> tuple[bytes, list[dict[str, Any]]]:
    """The paper of `texts/paper.txt`: every line is a block, its kind before the first "|"; rows of a table
    follow each other. Returns the PDF and the truth of its pages."""
    register_fonts()
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1, pageCompression=1, initialFontName="Body")
    made = Paper(canvas)
    made.new_page()
    rows: list[list[str]] = []
    for line in [*PAPER_TEXT.read_text(encoding="utf-8").splitlines(), "end|"]:
        kind, _, text = line.partition("|")
        if rows and kind != "row":
            made.table(rows)
            rows = []
        match kind:
            case "title":
                canvas.setTitle(text)
                made.block("title", text, "Bold", 18, 26, centred=True)
            case "authors":
                canvas.setAuthor(text)
                made.y += 4
                made.block("paragraph", text, "Body", 11, 16, centred=True)
            case "section":
                made.room(60)
                made.y += 14
                made.block("section", text, "Bold", 13, 18)
                made.y += 2
            case "text":
                made.block("paragraph", text, "Body", BODY_PT, LEADING_PT)
                made.y += 6
            case "row":
                rows.append(text.split("|"))
    made.end_page()
    canvas.save()
    return buffer.getvalue(), made.pages


def picture_pdf(sheets: list[Sheet], quality: int) -> tuple[bytes, list[dict[str, Any]]]:
    """A PDF with one JPEG picture a page, 150 dpi, and no text layer."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    pages = []
    for sheet in sheets:
        jpeg = io.BytesIO()
        sheet.image.save(jpeg, "JPEG", quality=quality, optimize=True, dpi=(150, 150))
        jpeg.seek(0)
        width, height = (round(side * POINTS_PER_PIXEL, 2) for side in sheet.image.size)
        canvas.setPageSize((width, height))
        canvas.drawImage(ImageReader(jpeg), 0, 0, width, height)
        canvas.showPage()
        lines = [
            {**line, "bbox": [round(value * POINTS_PER_PIXEL, 2) for value in line["bbox"]]}
            for line in sheet.lines
        ]
        pages.append({"width_pt": width, "height_pt": height, **sheet.page_truth(), "lines": lines})
    canvas.save()
    return buffer.getvalue(), pages
