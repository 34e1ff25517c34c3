"""What speaks for and against a table being all there: lines no cell accounts for, totals that are no sums."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median
from typing import Any

from qwenocr_assets.geometry import Box, around
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.places.likeness import normalised
from qwenocr_assets.tables.places.line_boxes import box_columns, box_of
from qwenocr_assets.tables.places.page_lines import NOT_FOUND, OTHER_PAGE

_MOST_GAP = 1.25
"""Widest gap between the table and a row that may still belong to it, in widest gaps between its own rows."""
_MOST_GAP_OF_ONE_ROW = 1.5
"""The same for a table that shows no gap between rows, in heights of its row."""
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
    *(
        "gesamtsumme",
        "endsumme",
        "endbetrag",
        "rechnungsbetrag",
        "rechnungssumme",
        "gesamtpreis",
        "totaal",
        "totalt",
    ),
    *(
        "合计金额",
        "合計金額",
        "总金额",
        "總金額",
        "總額",
        "合計額",
        "小計額",
        "总价",
        "總價",
        "合计总额",
        "총액",
        "합계금액",
    ),
    *(
        "всего к оплате",
        "итого к оплате",
        "усього",
        "разом",
        "suma",
        "razem",
        "celkem",
        "spolu",
        "összesen",
        "ukupno",
    ),
    *(
        "total general",
        "total à payer",
        "total ttc",
        "total ht",
        "importe",
        "suma total",
        "total geral",
        "jumlah",
    ),
    *(
        "summa",
        "yhteensä",
        "i alt",
        "toplam",
        "genel toplam",
        "σύνολο",
        'סה"כ',
        "סה״כ",
        "รวม",
        "รวมทั้งสิ้น",
        "कुल",
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
    if here:
        whole = around(box for _, box in here)
        heads = [box for cell, box in here if cell["is_header"]]
        below = around(heads).bottom if heads and len(heads) < len(here) else whole.top
        judged |= box_columns(whole)
        judged["lines_unused"] = _unused(lines, here, whole, below)
    return judged


def _unused(lines: Sequence[Box], cells: Sequence[tuple[Row, Box]], whole: Box, below: float) -> int:
    """Lines that hold no cell: those between the table's cells, and what goes on below them like its rows.

    Below, lines count where two or more stand side by side and none reaches over two columns: a note does not.
    """
    left, _, right, bottom = whole
    boxes = [box for _, box in cells]
    height = median(box.height for box in boxes) or 1.0
    at_height: dict[int, list[tuple[Box, float, float]]] = defaultdict(list)
    for box in boxes:
        at_height[int(box.middle_y / height)].append((box, box.middle_x, box.middle_y))

    def is_unused(line: Box) -> bool:
        x1, y1, x2, y2 = line
        centre, middle = (x1 + x2) / 2, (y1 + y2) / 2
        for bucket in range(int(y1 / height) - 1, int(y2 / height) + 2):
            for (a1, b1, a2, b2), x, y in at_height.get(bucket, ()):
                if (x1 <= x <= x2 and y1 <= y <= y2) or (a1 <= centre <= a2 and b1 <= middle <= b2):
                    return False
        return True

    unused = [
        line for line in lines if line.middle_y > below and left <= line.middle_x <= right and is_unused(line)
    ]
    count = sum(line.middle_y <= bottom for line in unused)
    centres = _column_centres(cells)
    gap = _gap(boxes) * _MOST_GAP or _MOST_GAP_OF_ONE_ROW * height
    for row in _rows([line for line in unused if line.middle_y > bottom], height):
        if min(line.top for line in row) - bottom > gap:
            break
        if len(row) > 1 and all(sum(line.left <= x <= line.right for x in centres) <= 1 for line in row):
            count += len(row)
            bottom = max(line.bottom for line in row)
    return count


def _column_centres(cells: Sequence[tuple[Row, Box]]) -> list[float]:
    columns: dict[int, list[float]] = defaultdict(list)
    for cell, box in cells:
        if cell["column_span"] == 1:
            columns[cell["column_index"]].append(box.middle_x)
    return [median(centres) for centres in columns.values()]


def _gap(boxes: Iterable[Box]) -> float:
    """The widest gap between boxes that stand one below the other; 0 when there is none."""
    widest = bottom = 0.0
    for box in sorted(boxes, key=lambda box: box.top):
        if bottom:
            widest = max(widest, box.top - bottom)
        bottom = max(bottom, box.bottom)
    return widest


def _rows(lines: Iterable[Box], height: float) -> list[list[Box]]:
    """Lines that stand side by side, from above to below."""
    rows: list[list[Box]] = []
    for line in sorted(lines, key=lambda line: line.middle_y):
        if rows and line.middle_y - rows[-1][0].middle_y < height / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


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
