"""Letter case left out of account: truths in capitals, compared with what is printed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from qwenocr_assets.rows import RowsByTable
from qwenocr_assets.scoring.truth import Truth, TruthPage

_TEXTS = {"text_lines": "text", "key_values": "value", "table_cells": "text", "document_blocks": "text"}
"""The column of each table that is compared."""


def rows_without_case(tables: RowsByTable) -> RowsByTable:
    """The rows with their texts folded; all else is as it was."""
    given = cast(Mapping[str, list[dict[str, Any]]], tables)
    folded = {
        name: [{**row, _TEXTS[name]: _folded(row[_TEXTS[name]])} for row in rows] if name in _TEXTS else rows
        for name, rows in given.items()
    }
    return cast(RowsByTable, folded)


def truth_without_case(truth: Truth) -> Truth:
    """The truth with its texts and values folded; keys stay, as they are names."""
    return replace(
        truth,
        pages=tuple(map(_page, truth.pages)),
        fields=_folded(truth.fields),
        key_values=_folded(truth.key_values),
    )


def _page(page: TruthPage) -> TruthPage:
    lines = page.lines and tuple(line._replace(text=_folded(line.text)) for line in page.lines)
    tables = page.tables and tuple(
        tuple(cell._replace(text=_folded(cell.text)) for cell in table) for table in page.tables
    )
    return replace(page, text=_folded(page.text), lines=lines, tables=tables)


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, Mapping):
        return {key: _folded(inner) for key, inner in value.items()}
    return list(map(_folded, value)) if isinstance(value, list) else value
