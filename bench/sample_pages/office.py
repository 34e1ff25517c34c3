"""Common documents of offices and shops, of invented firms and people: what is written on each is data.

A document is a letterhead, a title, labels with values in one or two columns, a table, sums and notes, from the top.
"""

from dataclasses import dataclass, field
from typing import Any

from .canvas import Sheet, points
from .faces import font
from .grid import Look, draw_table
from .invoices import body_rows, header_row, records

_MARGIN_PX, _PITCH_PX, _ROW_PX = 110, 42, 46
_SIZE_PT = 10.5


@dataclass(frozen=True)
class Office:
    """What is written on a document, and what the schema of its kind should give for it."""

    title: str
    head: tuple[str, ...]
    facts: dict[str, str]
    extracted: dict[str, Any]
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[int, ...] = ()
    sums: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    size: tuple[int, int] = (1240, 1240)


def drawn(document: Office) -> Sheet:
    """The document at 150 dpi, grey."""
    sheet = Sheet.blank(document.size)
    width = document.size[0]
    regular, bold = font("sans", points(_SIZE_PT)), font("sans", points(_SIZE_PT), True)
    sheet.text((_MARGIN_PX, 80), document.head[0], font("sans", points(15), True))
    y = 132
    for line in document.head[1:]:
        sheet.text((_MARGIN_PX, y), line, regular)
        y += _PITCH_PX - 6
    y += 30
    sheet.text((_MARGIN_PX, y), document.title, font("sans", points(18), True))
    y += 80
    label_px = max(bold.width_px(f"{label}:") for label in document.facts) + 40
    for label, value in document.facts.items():
        sheet.text((_MARGIN_PX, y), f"{label}:", bold)
        sheet.text((_MARGIN_PX + label_px, y), value, regular)
        y += _PITCH_PX
    sheet.key_values = {**document.facts}
    if document.rows:
        aligns = ["left", *["right"] * (len(document.header) - 1)]
        rows = [list(row) for row in document.rows]
        cells = [header_row(list(document.header), aligns), *body_rows(rows, aligns)]
        look = Look(regular, bold, points(_SIZE_PT), _ROW_PX, header_shade=225)
        y = draw_table(sheet, (_MARGIN_PX, y + 30), list(document.widths), cells, look) + 30
        sheet.key_values["items"] = records(list(document.header), rows)
    for label, value in document.sums.items():
        sheet.text((width - _MARGIN_PX - 220, y), label, bold, anchor="ra")
        sheet.text((width - _MARGIN_PX - 12, y), value, regular, anchor="ra")
        y += _PITCH_PX
    sheet.key_values |= document.sums
    y += 30
    for line in document.notes:
        sheet.text((_MARGIN_PX, y), line, regular)
        y += _PITCH_PX
    sheet.extracted = document.extracted
    return sheet
