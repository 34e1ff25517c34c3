"""The answer of table parsing: the page's tables as HTML."""

from html import escape
from itertools import groupby

from qwenocr_assets.engine.page.read_page import Cell, ReadPage, Table


def tables_html(page: ReadPage) -> str:
    """The page's tables from top to bottom as HTML, one after the other; "" when there is none."""
    return "\n".join(table_html(table) for table in page.tables)


def table_html(table: Table) -> str:
    """One table as HTML."""
    rows = groupby(sorted(table.cells, key=lambda c: (c.row, c.column)), key=lambda c: c.row)
    body = "".join(f"  <tr>\n{''.join(_td(cell) for cell in cells)}  </tr>\n" for _, cells in rows)
    return f"<table>\n{body}</table>"


def _td(cell: Cell) -> str:
    spans = "".join(
        f' {name}="{span}"'
        for name, span in (("rowspan", cell.row_span), ("colspan", cell.column_span))
        if span > 1
    )
    return f"    <td{spans}>{escape(cell.text, quote=False)}</td>\n"
