"""What a page consists of, each part a value."""

from collections.abc import Iterable
from dataclasses import dataclass

from qwenocr_assets.geometry import Box
from qwenocr_assets.qwenocr.answers import BoxDoubt
from qwenocr_assets.tables.cell_grid import ParsedTable


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a part on its page, in pixels of the page image."""

    box: Box | None = None
    doubt: BoxDoubt | None = None


NOWHERE = Where()


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a document: one row of `document_blocks`."""

    type: str
    text: str
    source: str
    """LaTeX or Markdown, as it came."""
    level: int | None = None
    kind: str | None = None
    """What the answer calls it."""
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula without its delimiters."""

    latex: str
    display: bool
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True)
class Document:
    """What an answer holds, each in the order of the page."""

    blocks: tuple[Block, ...] = ()
    formulas: tuple[Formula, ...] = ()
    tables: tuple[ParsedTable, ...] = ()
    places: tuple[Where, ...] = ()
    """Of the tables, one each; empty where the answer gives none."""


def table_text(caption: str | None, tables: Iterable[ParsedTable]) -> str:
    """Caption, then the rows of the tables, cells separated by tabs."""
    lines = [caption or ""]
    for table in tables:
        rows: dict[int, list[str]] = {}
        for cell in table.cells:
            rows.setdefault(cell.row, []).append(cell.text.replace("\n", " "))
        lines.extend("\t".join(texts) for texts in rows.values())
    return "\n".join(line for line in lines if line.strip())
