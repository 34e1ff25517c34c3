"""Query results as tables in the terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qwenocr_assets.settings import Settings
from qwenocr_assets.storage.data_folder import local_path
from qwenocr_assets.warehouse.query import run_query


def print_query(settings: Settings, query: str, console: Console) -> None:
    """Run a query on the published warehouse and print its rows.

    Raises:
        WarehouseError: there is no warehouse yet, or the SQL is wrong.
    """
    columns, rows = run_query(local_path(settings.data_folder.warehouse), query)
    table = Table(*map(Text, columns), show_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)
    console.print(Text(f"{len(rows)} row{'' if len(rows) == 1 else 's'}", style="dim"))


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
