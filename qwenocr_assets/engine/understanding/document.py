"""The answer of document parsing: the page as LaTeX."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from qwenocr_assets.engine.page.read_page import Cell, ReadPage, Table
from qwenocr_assets.engine.understanding.blocks import Block, blocks_of

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_SECTIONS = {1: "section", 2: "subsection", 3: "subsubsection"}


def document_latex(page: ReadPage) -> str:
    """The page as a LaTeX document: title, sections, paragraphs, lists and tables in reading order."""
    blocks = blocks_of(page)
    title = next((b for b in blocks if isinstance(b, Block) and b.kind == "title"), None)
    head = [r"\documentclass{article}"]
    if any(cell.row_span > 1 for table in page.tables for cell in table.cells):
        head.append(r"\usepackage{multirow}")
    start = [r"\begin{document}"]
    if title is not None:
        head.append(rf"\title{{{_escaped(title.lines[0])}}}")
        start.append(r"\maketitle")
    body = _body([block for block in blocks if block is not title])
    return "\n\n".join(["\n".join(head), *start, *body, r"\end{document}"])


def _body(blocks: Sequence[Block | Table]) -> Iterator[str]:
    for is_list, group in groupby(blocks, key=lambda b: isinstance(b, Block) and b.kind == "item"):
        if is_list:
            items = "\n".join(rf"\item {_escaped(b.lines[0])}" for b in group if isinstance(b, Block))
            yield f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
        else:
            yield from (_tabular(b) if isinstance(b, Table) else _block(b) for b in group)


def _block(block: Block) -> str:
    if block.kind == "section":
        return rf"\{_SECTIONS[min(block.level, 3)]}{{{_escaped(block.lines[0])}}}"
    return " \\\\\n".join(_escaped(line) for line in block.lines)


def _tabular(table: Table) -> str:
    width = max(cell.column + cell.column_span for cell in table.cells)
    height = max(cell.row + cell.row_span for cell in table.cells)
    covered = {
        (row, cell.column): cell for cell in table.cells for row in range(cell.row, cell.row + cell.row_span)
    }
    rows = [_tabular_row(row, width, covered) for row in range(height)]
    rules = [_rule(row, width, height, table.cells) for row in range(1, height + 1)]
    lines = [text for pair in zip(rows, rules, strict=True) for text in pair]
    return "\n".join([rf"\begin{{tabular}}{{|{'l|' * width}}}", r"\hline", *lines, r"\end{tabular}"])


def _tabular_row(row: int, width: int, covered: dict[tuple[int, int], Cell]) -> str:
    texts = []
    column = 0
    while column < width:
        cell = covered.get((row, column))
        span = cell.column_span if cell is not None else 1
        text = _escaped(cell.text) if cell is not None and cell.row == row else ""
        if cell is not None and cell.row == row and cell.row_span > 1:
            text = rf"\multirow{{{cell.row_span}}}{{*}}{{{text}}}"
        texts.append(rf"\multicolumn{{{span}}}{{|l|}}{{{text}}}" if span > 1 else text)
        column += span
    return " & ".join(texts) + r" \\"


def _rule(below: int, width: int, height: int, cells: Sequence[Cell]) -> str:
    """The ruling above row `below`, left out where a cell goes on across it."""
    if below == height:
        return r"\hline"
    crossed = {
        column
        for cell in cells
        if cell.row < below < cell.row + cell.row_span
        for column in range(cell.column, cell.column + cell.column_span)
    }
    if not crossed:
        return r"\hline"
    free = sorted(set(range(width)) - crossed)
    return " ".join(rf"\cline{{{column + 1}-{column + 1}}}" for column in free)


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(c, c) for c in text)
