"""What speaks for and against a table being all there: lines no cell accounts for, totals that are no sums."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median
from typing import Any

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.likeness import normalised
from qwenocr_assets.tables.line_boxes import Box, around, box_columns, box_of
from qwenocr_assets.tables.page_lines import NOT_FOUND, OTHER_PAGE

_MOST_GAP = 1.5
"""Widest gap between the table and a line that may still belong to it, in heights of its rows."""
_TOTALS = (
    *("total", "subtotal", "sub total", "grand total", "sum", "amount due", "balance due", "net", "gross"),
    *("合计", "合計", "小計", "小计", "总计", "總計", "总额", "計", "합계", "소계", "총계", "итого", "всего"),
    *("gesamt", "summe", "zwischensumme", "gesamtbetrag", "totale", "subtotale", "somma", "importe total"),
    *(
        "somme",
        "sous-total",
        "montant total",
        "soma",
        "valor total",
        "tổng",
        "tổng cộng",
        "المجموع",
        "الإجمالي",
    ),
)
_TOTAL = re.compile(rf"(?:{'|'.join(map(re.escape, _TOTALS))})(?:[ (（].*)?[:：.]?\Z", re.DOTALL)


def judged_tables(tables: Iterable[Row], cells: Iterable[Row], lines: Sequence[Box]) -> list[Row]:
    """Rows of `tables` with box, found cells, unused lines and totals filled from their grounded cells.

    `lines` are the boxes of the page's recognised lines.
    """
    cells_of: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for cell in cells:
        cells_of[cell["task"], cell["table_index"]].append(cell)
    return [
        {**table, **_judged(table, cells_of[table["task"], table["table_index"]], lines)} for table in tables
    ]


def _judged(table: Row, cells: Sequence[Row], lines: Sequence[Box]) -> dict[str, Any]:
    checked, wrong = totals(cells, table["header_row_count"])
    judged: dict[str, Any] = {"totals_checked": checked, "totals_wrong": wrong}
    grounds = [cell["ground"] for cell in cells if cell.get("ground") is not None]
    if grounds:
        missing = sum(ground in (NOT_FOUND, OTHER_PAGE) for ground in grounds)
        judged |= {"cells_found": len(grounds) - missing, "cells_not_found": missing}
    here = [
        (cell, box)
        for cell in cells
        if cell.get("ground") != OTHER_PAGE and (box := box_of(cell)) is not None
    ]
    whole = around([box for _, box in here])
    if whole is not None:
        heads = [box for cell, box in here if cell["is_header"]]
        header = around(heads)
        below = header[3] if header is not None and len(heads) < len(here) else whole[1]
        judged |= box_columns(whole)
        judged["lines_unused"] = _unused(lines, [box for _, box in here], whole, below)
    return judged


def _unused(lines: Sequence[Box], cells: Sequence[Box], whole: Box, below: float) -> int:
    """Lines below the header and within the table's width that hold no cell, down to the next gap."""
    left, _, right, bottom = whole
    height = median(box[3] - box[1] for box in cells) or 1.0
    at_height: dict[int, list[Box]] = defaultdict(list)
    for box in cells:
        at_height[int((box[1] + box[3]) / 2 / height)].append(box)
    count = 0
    for line in sorted(lines, key=lambda box: box[1]):
        x, y = (line[0] + line[2]) / 2, (line[1] + line[3]) / 2
        if y <= below or not left <= x <= right:
            continue
        if line[1] - bottom > _MOST_GAP * height:
            break
        first, last = int(line[1] / height) - 1, int(line[3] / height) + 1
        near = (box for bucket in range(first, last + 1) for box in at_height.get(bucket, ()))
        if not any(_holds(line, box) or _holds(box, line) for box in near):
            count += 1
            bottom = max(bottom, line[3])
    return count


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def totals(cells: Iterable[Row], header_rows: int) -> tuple[int, int]:
    """How many printed totals could be compared with the numbers above them, and how many of these differ.

    A total is a number in a row that is called so. It is right when it is the sum of the numbers since the last total,
    of these and that total, or of all numbers that are no totals; one unit of its last decimal is left for rounding.
    """
    rows: dict[int, list[Row]] = defaultdict(list)
    for cell in cells:
        if cell["row_index"] >= header_rows:
            rows[cell["row_index"]].append(cell)
    checked = wrong = 0
    everything: dict[int, list[Decimal]] = defaultdict(list)
    since: dict[int, list[Decimal]] = defaultdict(list)
    last_total: dict[int, Decimal] = {}
    for index in sorted(rows):
        is_total = any(cell["number"] is None and _is_total(cell["text"]) for cell in rows[index])
        for cell in rows[index]:
            number, column = cell["number"], cell["column_index"] + cell["column_span"] - 1
            if number is None:
                continue
            if not is_total:
                everything[column].append(number)
                since[column].append(number)
                continue
            if len(everything[column]) >= 2:
                part = sum(since[column], Decimal(0))
                sums = (part, part + last_total.get(column, Decimal(0)), sum(everything[column], Decimal(0)))
                unit = Decimal(1).scaleb(int(number.as_tuple().exponent))
                checked += 1
                wrong += all(abs(number - value) > unit for value in sums)
            last_total[column] = number
            since[column] = []
    return checked, wrong


def _is_total(text: str) -> bool:
    return _TOTAL.match(normalised(text)) is not None
