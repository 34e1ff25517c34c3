"""Query results as tables in the terminal."""

from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from qwenocr_assets.cli.terminal import Terminal
from qwenocr_assets.settings import Settings
from qwenocr_assets.storage.data_folder import local_path
from qwenocr_assets.warehouse.query import QueryResult, run_query


def print_query(settings: Settings, query: str, console: Console) -> None:
    """Run a query on the published warehouse and print its rows.

    Raises:
        WarehouseError: there is no warehouse yet, or the SQL is wrong.
    """
    print_result(run_query(local_path(settings.data_folder.warehouse), query), console)


def print_result(result: QueryResult, console: Console) -> None:
    """Print rows as a table."""
    table = Table(*(Column(Text(name)) for name in result.columns), show_edge=False, header_style="bold")
    for row in result.rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    if not console.is_terminal:  # a pipe has no width: what goes into it is not cut
        console = Terminal(file=console.file, width=100_000)
    console.print(table)
    console.print(Text(f"{len(result.rows)} row{'' if len(result.rows) == 1 else 's'}", style="dim"))


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"  # 230.4, not 230.400000000
    return "" if value is None else str(value)
