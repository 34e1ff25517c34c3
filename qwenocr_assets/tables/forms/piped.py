"""Tables drawn with bars: Markdown's, and grids of `+---+`."""

import re
from collections.abc import Iterator
from html import unescape

from qwenocr_assets.tables.cell_grid import ParsedTable
from qwenocr_assets.tables.grid import Cell
from qwenocr_assets.tables.html.dom import fragment_text

_RULE = re.compile(r"\s*[|+]?\s*:?[-=]{1,}:?\s*(?:[|+]\s*:?[-=]+:?\s*)*[|+]?\s*\Z")
_BAR = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"(`{1,3})(.{1,300}?)\1")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.{1,300}?)(?<=\S)\1")
_WHOLE = re.compile(r"\A([*_])(?=[^\s*_])(.+)(?<=[^\s*_])\1\Z")
_LINK = re.compile(r"(?<!!)\[([^\[\]]{0,300})\]\([^()\s]{1,2000}(?:\s\"[^\"]{0,300}\")?\)")
_PICTURE = re.compile(r"!\[[^\]]{0,300}\]\([^)]{0,2000}\)")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~<>$])")
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_HIDDEN_BAR = "\0"
_FEWEST = 2
"""Rows, header included, that show how many cells the last one should have."""


def piped_tables(text: str) -> list[ParsedTable]:
    """The tables of Markdown text; a row that the text breaks off in loses its last cell.

    Rows stand one below the other, each with a bar in it; the one above a rule (`|---|:-:|`) is the header. Two rows
    without any rule make a table where both begin and end with a bar. One whose last row ends the text with fewer cells
    than all others is not complete.
    """
    tables: list[ParsedTable] = []
    lines = text.splitlines()
    for block, ends_text in _blocks(lines):
        rows, rules = _parted(block)
        if not _is_table(rows, rules):
            continue
        header_rows = _header_rows(block, rules)
        is_torn = ends_text and _is_closed(rows[0]) and not rows[-1].rstrip().endswith("|")
        lengths = [len(_cells(line)) for line in rows] if ends_text and header_rows and not is_torn else []
        is_short = len(lengths) > _FEWEST and {*lengths[:-1]} == {lengths[0]} and lengths[-1] < lengths[0]
        grid: list[Cell] = []
        for row, line in enumerate(rows):
            texts = _cells(line)
            if is_torn and row == len(rows) - 1:
                texts.pop()
            grid.extend(Cell(row, column, 1, 1, row < header_rows, cell) for column, cell in enumerate(texts))
        if grid:
            tables.append(ParsedTable(grid, grid[-1].row + 1, not (is_torn or is_short)))
    return tables


def rows_left_over(text: str) -> list[str]:
    """Lines between bars that are of no table, as behind an empty line inside of one."""
    return [
        line
        for block, _ in _blocks(text.splitlines())
        if not _is_table(*_parted(block))
        for line in block
        if _is_closed(line)
    ]


def _parted(block: list[str]) -> tuple[list[str], list[int]]:
    """A block's rows, and where its rules are."""
    kinds = [_is_rule(line) for line in block]
    return [line for line, is_rule in zip(block, kinds, strict=True) if not is_rule], [
        at for at, is_rule in enumerate(kinds) if is_rule
    ]


def _is_table(rows: list[str], rules: list[int]) -> bool:
    return bool(rows) and (bool(rules) or (len(rows) > 1 and all(map(_is_closed, rows))))


def _blocks(lines: list[str]) -> Iterator[tuple[list[str], bool]]:
    """Lines with bars that stand together, and whether the text ends with them."""
    block: list[str] = []
    for line in lines:
        if _BAR.search(line) or (line.lstrip().startswith("+") and _is_rule(line)):
            block.append(line)
        elif block:
            yield block, False
            block = []
    if block:
        yield block, True


def _is_rule(line: str) -> bool:
    return ("-" in line or "=" in line) and ("|" in line or "+" in line) and _RULE.match(line) is not None


def _is_closed(line: str) -> bool:
    stripped = line.strip()
    return stripped.startswith("|") and stripped.endswith("|") and len(stripped) > 1


def _header_rows(block: list[str], rules: list[int]) -> int:
    """Rows above the rule that ends the header: the first one below a row, or that of `=` in a grid."""
    below = [at for at, before in zip(rules, [-1, *rules], strict=False) if at > 0 and at - 1 != before]
    if not below:
        return 0
    is_grid = block[0].lstrip().startswith("+")
    thick = [at for at in below if "=" in block[at]]
    if is_grid and not thick:
        return 0
    end = thick[0] if thick else below[0]
    return end - sum(at < end for at in rules)


def _cells(line: str) -> list[str]:
    hidden = _CODE.sub(lambda code: code[2].replace("|", _HIDDEN_BAR), line.strip())
    texts = _BAR.split(hidden)
    if texts and not texts[0].strip():
        texts = texts[1:]
    if len(texts) > 1 and not texts[-1].strip():
        texts = texts[:-1]
    return [_plain(text.replace(_HIDDEN_BAR, "|")) for text in texts]


def _plain(text: str) -> str:
    """A cell's text without the marks of Markdown."""
    if "[" in text:
        text = _LINK.sub(r"\1", _PICTURE.sub("", text))
    if "*" in text or "_" in text:
        text = _STRONG.sub(r"\2", text.strip())
        text = _WHOLE.sub(r"\2", text)
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    if "<" in text and _TAG.search(text):
        return fragment_text(text)
    return " ".join(unescape(text).split())
