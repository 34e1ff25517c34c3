"""Tables as values between separators: CSV with commas or semicolons, and tabs."""

import csv
from collections import Counter

from qwenocr_assets.tables.cell_grid import ParsedTable
from qwenocr_assets.tables.grid import Cell

_SEPARATORS = "\t;,"
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？", ":")


def separated_tables(text: str) -> list[ParsedTable]:
    """The table of CSV text; none where the lines do not agree on their number of values.

    A comma is taken for a separator only where no line reads like a sentence and none has a space behind each comma.
    """
    lines = text.strip().splitlines()
    for separator in _SEPARATORS:
        if separator not in text or len(lines) < 2:
            continue
        try:
            rows = [row for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            continue
        (width, agreeing), *_ = Counter(map(len, rows)).most_common(1)
        if width < 2 or agreeing < len(rows) or (separator == "," and _is_prose(lines)):
            continue
        grid = [
            Cell(row, column, 1, 1, False, " ".join(value.split()))
            for row, values in enumerate(rows)
            for column, value in enumerate(values)
        ]
        return [ParsedTable(grid, len(rows))]
    return []


def _is_prose(lines: list[str]) -> bool:
    return any(line.rstrip().endswith(_SENTENCE_ENDS) for line in lines) or all(
        ", " in line and line.count(",") == line.count(", ") for line in lines if "," in line
    )
