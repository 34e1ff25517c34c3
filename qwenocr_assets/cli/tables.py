"""Tables in the terminal: of queries, and of commands."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qwenocr_assets.cli.layout import RULED, Layout, fit, same_everywhere
from qwenocr_assets.cli.terminal import Terminal
from qwenocr_assets.outgoing import visible
from qwenocr_assets.settings import Settings
from qwenocr_assets.warehouse.places.published import published
from qwenocr_assets.warehouse.query import QueryResult, run_query

_UNCUT = 100_000
_SAID_ONCE = 40
"""Characters up to which a value of all rows is said below them."""


def print_query(settings: Settings, query: str, console: Console) -> None:
    """Run a query on the published warehouse and print its rows.

    Raises:
        WarehouseError: there is no warehouse yet, or the SQL is wrong.
    """
    print_result(run_query(published(settings.data_folder), query), console)


def print_result(result: QueryResult, console: Console, *, wide: bool = False) -> None:
    """Print rows as a table, and how many they are."""
    print_rows(result.columns, result.rows, console, wide=wide, blocks=True)
    console.print(Text(f"{len(result.rows):,} row{'' if len(result.rows) == 1 else 's'}", style="dim"))


def print_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    console: Console,
    *,
    wide: bool = False,
    blocks: bool = False,
    right: Collection[str] = (),
) -> None:
    """Print rows so that no number and no name is cut: what does not fit is folded away and named, or (with `blocks`,
    of a few rows) each record is shown as a block. With `wide`, and into a pipe, lines are as long as they have to be.

    A cell may be a `Text`, which keeps its styles. Columns of numbers are aligned right, and those of `right`, whose
    numbers are texts, like $1.50.
    """
    headings = [visible(name) for name in columns]
    texts = [[visible(_cell(value)) for value in row] for row in rows]
    aligned = [
        name in right or (bool(rows) and all(_is_number(row[place]) for row in rows))
        for place, name in enumerate(columns)
    ]
    if wide or not console.is_terminal:  # a pipe has no width: what goes into it is not cut
        layout = fit(headings, texts, _UNCUT)
        console = Terminal(file=console.file, width=_UNCUT, force_terminal=console.is_terminal)
    else:
        layout = fit(headings, texts, console.width, blocks=blocks)
    if layout.is_blocks:
        _print_blocks(headings, texts, rows, layout, console)
    else:
        console.print(_table(headings, texts, rows, aligned, layout))
    _print_folded(headings, texts, layout.folded, console)


def _print_folded(
    headings: Sequence[str], texts: Sequence[Sequence[str]], folded: Sequence[int], console: Console
) -> None:
    """Name the columns that are not shown; what one of them says in all rows is said once."""
    said = {place: texts[0][place] for place in folded if same_everywhere([row[place] for row in texts])}
    said = {place: text for place, text in said.items() if text and len(text) <= _SAID_ONCE}
    if said:
        once = ", ".join(f"{headings[place]} {text}" for place, text in said.items())
        console.print(Text(f"The same in all rows: {once}.", style="dim"))
    rest = [headings[place] for place in folded if place not in said]
    if rest:
        many = "1 column is" if len(rest) == 1 else f"{len(rest)} columns are"
        console.print(Text(f"{many} not shown: {', '.join(rest)}. --wide shows all.", style="dim"))


def _table(
    headings: Sequence[str],
    texts: Sequence[Sequence[str]],
    rows: Sequence[Sequence[Any]],
    right: Sequence[bool],
    layout: Layout,
) -> Table:
    if layout.gap == RULED:
        table = Table(show_edge=False, header_style="bold")
    else:
        table = Table(box=None, padding=(0, layout.gap, 0, 0), pad_edge=False, header_style="bold underline")
    for place, width in zip(layout.shown, layout.widths, strict=True):
        table.add_column(
            Text(headings[place]),
            width=width,
            overflow="fold",
            justify="right" if right[place] else "left",
        )
    for shown, row in zip(texts, rows, strict=True):
        table.add_row(*(_styled(shown[place], row[place]) for place in layout.shown))
    return table


def _print_blocks(
    headings: Sequence[str],
    texts: Sequence[Sequence[str]],
    rows: Sequence[Sequence[Any]],
    layout: Layout,
    console: Console,
) -> None:
    for number, (row, values) in enumerate(zip(texts, rows, strict=True), start=1):
        console.print(Text(f"─ {number} ─", style="bold"))
        block = Table(show_header=False, show_edge=False, box=None, padding=(0, 2, 0, 0))
        block.add_column(no_wrap=True, style="bold")
        block.add_column(overflow="fold")
        for place in layout.shown:
            if row[place]:
                block.add_row(Text(headings[place]), _styled(row[place], values[place]))
        console.print(block)


def _styled(text: str, value: Any) -> Text:
    return value if isinstance(value, Text) else Text(text)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"  # 230.4, not 230.400000000
    if isinstance(value, Text):
        return value.plain
    return "" if value is None else str(value)
