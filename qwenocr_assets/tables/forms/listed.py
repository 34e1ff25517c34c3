"""Tables as JSON: lists of rows, rows of named values, columns of values."""

import json
from collections.abc import Iterator
from typing import Any

from qwenocr_assets.tables.cell_grid import ParsedTable
from qwenocr_assets.tables.grid import Cell
from qwenocr_assets.tables.json.mending import CUT_OFF
from qwenocr_assets.tables.json.text import Pairs, read_json

_HEADERS = ("headers", "header", "columns", "column_names", "fields")
_ROWS = ("rows", "data", "body", "values", "records", "items", "cells")
_PLACES = frozenset(("rotate_rect", "pos_list", "bbox", "bbox_2d", "location"))
"""Keys of lists of lines with their places: not a table."""
_CAPTION = ("caption", "title", "name")


def listed_tables(text: str) -> list[ParsedTable]:
    """The tables of a JSON answer; one that is cut off ends before the value it breaks off in."""
    reading = read_json(text)
    tables = list(_tables(reading.value))
    if tables and CUT_OFF in reading.repairs:
        last = tables[-1]
        cells = list(last.cells)
        while cells and not cells[-1].text:  # values that were still to come
            cells.pop()
        tables[-1] = ParsedTable(cells, last.row_count, False, last.caption)
    return tables


def _tables(value: Any) -> Iterator[ParsedTable]:
    if isinstance(value, list):
        if (
            value
            and all(isinstance(row, dict | Pairs) for row in value)
            and not any(map(_holds_table, value))
        ):
            yield from _of_records([_pairs(row) for row in value])
        elif value and all(isinstance(row, list) for row in value):
            if any(isinstance(cell, list) for row in value for cell in row):
                for inner in value:  # a list of tables
                    yield from _tables(inner)
            else:
                yield from _of_rows(value, header_rows=0)
        else:
            for inner in value:
                yield from _tables(inner)
    elif isinstance(value, dict | Pairs):
        yield from _of_object(dict(_pairs(value)), _pairs(value))


def _of_object(value: dict[str, Any], pairs: list[tuple[str, Any]]) -> Iterator[ParsedTable]:
    caption = next((str(value[key]) for key in _CAPTION if isinstance(value.get(key), str)), None)
    names = next((value[key] for key in _HEADERS if isinstance(value.get(key), list)), None)
    rows = next((value[key] for key in _ROWS if isinstance(value.get(key), list)), None)
    if rows and all(isinstance(row, list) for row in rows):
        names = names if names is None or not any(isinstance(name, list) for name in names) else names[0]
        yield from _of_rows([names, *rows] if names else rows, 1 if names else 0, caption)
    elif pairs and all(_is_column(inner) for _, inner in pairs) and len({len(i) for _, i in pairs}) == 1:
        columns = [inner for _, inner in pairs]
        yield from _of_rows([[key for key, _ in pairs], *map(list, zip(*columns, strict=True))], 1, caption)
    elif any(isinstance(inner, list | dict | Pairs) for _, inner in pairs):
        for _, inner in pairs:
            for table in _tables(inner):
                yield ParsedTable(table.cells, table.row_count, table.is_complete, table.caption or caption)
    elif pairs:  # one record: a label and a value in each row
        yield from _of_rows([[key, inner] for key, inner in pairs], header_rows=0)


def _is_column(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and not any(isinstance(v, list | dict | Pairs) for v in value)
    )


def _holds_table(row: Any) -> bool:
    return any(
        isinstance(inner, list) and inner and all(isinstance(i, list | dict | Pairs) for i in inner)
        for _, inner in _pairs(row)
    )


def _of_records(records: list[list[tuple[str, Any]]]) -> Iterator[ParsedTable]:
    names = list(dict.fromkeys(key for record in records for key, _ in record))
    rows = [[dict(record).get(name) for name in names] for record in records]
    if _PLACES.isdisjoint(names):
        yield from _of_rows([names, *rows], header_rows=1)


def _of_rows(rows: list[list[Any]], header_rows: int, caption: str | None = None) -> Iterator[ParsedTable]:
    grid = [
        Cell(row, column, 1, 1, row < header_rows, _text(value))
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
    ]
    if grid:
        yield ParsedTable(grid, len(rows), True, caption)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | Pairs):
        return json.dumps(value, ensure_ascii=False)
    return " ".join(str(value).split())


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return [(str(key), inner) for key, inner in (value.items() if isinstance(value, dict) else value)]
