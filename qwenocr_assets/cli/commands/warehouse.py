"""`qwenocr sql`, `search`, `export` and `warehouse …`: what there is, out of the published file."""

import shlex
import tempfile
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from qwenocr_assets.cli import terminal
from qwenocr_assets.errors import UsageError
from qwenocr_assets.outgoing import visible

if TYPE_CHECKING:  # DuckDB is loaded by the commands that need it
    from qwenocr_assets.warehouse.connect import Warehouse

warehouse_app = typer.Typer(help="Maintain the warehouse.", no_args_is_help=True)

_SHOWN = ("table", "csv", "json")


def sql(query: str, console: Console, *, kind: str | None, output: Path | None, wide: bool = False) -> None:
    """Run a query; print its rows or write them into a file."""
    from qwenocr_assets.cli.tables import print_result
    from qwenocr_assets.warehouse.export import FORMATS, export_query
    from qwenocr_assets.warehouse.query import run_query

    if output is not None:
        written = export_query(_published(), query, output, kind or _suffix(output))
        console.print(Text(f"{_rows(written.rows)} in {output}"))
        _say_what_is_cut(written.cells_cut, console)
    elif kind in (None, "table"):
        print_result(run_query(_published(), query), console, wide=wide)
    elif kind in _SHOWN:
        with tempfile.TemporaryDirectory(prefix="qwenocr-sql-") as folder:
            file = Path(folder) / f"rows.{kind}"
            export_query(_published(), query, file, kind)
            with file.open(encoding="utf-8", newline="") as lines:
                terminal.write_rows(lines)
    else:
        raise UsageError(
            f"The format {kind} cannot be shown.",
            f"Use {', '.join(_SHOWN)}, or name a file with --output that ends in one of {', '.join(FORMATS)}.",
        )


def tables(name: str | None, console: Console, *, wide: bool) -> None:
    """Print what there is to query, or the columns of one table."""
    from qwenocr_assets.cli.tables import print_rows
    from qwenocr_assets.warehouse.query import list_columns, list_tables

    found = list_tables(_published()) if name is None else list_columns(_published(), name)
    print_rows(found.columns, found.rows, console, wide=wide)
    next_step = "qwenocr tables NAME" if name is None else f"qwenocr export {name} FILE.xlsx"
    console.print(Text(f"Next: {next_step}", style="dim"))


def search(words: str, console: Console, limit: int, *, wide: bool) -> None:
    """Print the pages that contain the words, each hit with its surroundings."""
    from qwenocr_assets.cli.tables import print_result
    from qwenocr_assets.warehouse.query import QueryResult
    from qwenocr_assets.warehouse.search import count_pages, search_pages
    from qwenocr_assets.warehouse.texts.suggesting import suggest

    found = search_pages(_published(), words, limit)
    if not found.rows:
        pages = count_pages(_published())
        console.print(Text(f"No page has {words} ({pages:,} page{'' if pages == 1 else 's'} searched)."))
        if near := suggest(_published(), words):
            console.print(Text(f"Did you mean {' or '.join(near)}?"))
    elif wide or not console.is_terminal:
        # the last column is the page's id, the fourth the excerpt
        rows = [(*row[:3], _marked(row[3], words), *row[4:-1]) for row in found.rows]
        print_result(QueryResult(found.columns[:-1], rows), console, wide=wide)
    else:
        _print_hits(found.rows, words, console)


def _print_hits(rows: list[tuple[Any, ...]], words: str, console: Console) -> None:
    """Each page with its hits below it, one per line, the words marked in the middle of it."""
    for (document, page, hits), places in groupby(rows, key=lambda row: row[:3]):
        console.print(Text(f"{document}, page {page}: {hits:,} hit{'' if hits == 1 else 's'}", style="bold"))
        for row in places:
            where = "" if row[4] is None else f"  at {row[4]:.0f}, {row[5]:.0f}"
            excerpt = _around_the_mark(_marked(row[3], words), console.width - 2 - cell_len(where))
            console.print(Text.assemble("  ", excerpt, (where, "dim")), soft_wrap=True)
        console.print()
    console.print(Text(f"Next: qwenocr report --document {shlex.quote(rows[0][0])}", style="dim"))


def _around_the_mark(text: Text, cells: int) -> Text:
    """The excerpt's cells around its first mark, whole words as far as they go."""
    start = max(0, (text.spans[0].start if text.spans else 0) - cells // 3)
    part = text[start:]
    part.truncate(cells, overflow="ellipsis")
    return Text.assemble("…", part[1:]) if start else part


def _marked(excerpt: str, words: str) -> Text:
    """The excerpt with the words that were looked for marked, in whatever form they are there."""
    from qwenocr_assets.warehouse.texts.marking import marked

    text = Text()
    for piece, is_hit in marked(visible(excerpt), words):
        text.append(piece, "bold reverse" if is_hit else "")
    return text


def export(table: str, output: Path, console: Console, kind: str | None) -> None:
    """Write a table of the warehouse, or one of a document's own (`invoice.pdf#0`), into a file."""
    from qwenocr_assets.warehouse.export import export_query, export_table
    from qwenocr_assets.warehouse.one_table import document_table_sql

    document, mark, number = table.rpartition("#")
    if mark and number.isdigit():
        query = document_table_sql(_published(), document, int(number))
        written = export_query(_published(), query, output, kind or _suffix(output))
    else:
        written = export_table(_published(), table, output, kind or _suffix(output))
    console.print(Text(f"{_rows(written.rows)} of {table} in {output}"))
    _say_what_is_cut(written.cells_cut, console)


def _say_what_is_cut(cells: int, console: Console) -> None:
    if cells:
        what = "1 cell holds" if cells == 1 else f"{cells:,} cells hold"
        cut = f"{what} more than Excel's 32,767 characters, and what is beyond was left out (…)."
        console.print(Text(f"{cut} CSV and Parquet keep all of it."))


@warehouse_app.command()
def rebuild() -> None:
    """Build the warehouse anew from the table files, and publish it. Costs nothing; gives the same content."""
    from qwenocr_assets.environment.environment import Environment
    from qwenocr_assets.steps.publish import rebuild_all

    made = rebuild_all(Environment.load())
    rows = sum(made.load.rows_by_table.values())
    loaded = len(made.load.batches_loaded)
    terminal.console.print(Text(f"Intakes: {loaded}; {rows:,} rows, {made.models} models, published."))
    for name in made.failed_tests:
        terminal.Terminal(stderr=True).print(Text(f"The test {name} fails."))


@warehouse_app.command()
def compact() -> None:
    """Put the small table files of settled intakes together, and a lake's. The nightly upkeep does the same."""
    from qwenocr_assets.environment.environment import Environment
    from qwenocr_assets.steps.publish import tidy

    done = tidy(Environment.load())
    for table in done.tables:
        terminal.console.print(Text(f"{table.table}: {table.files_before} files, now {table.files_after}."))
    if (lake := done.lake) is not None:
        kept = f"{lake.snapshots_forgotten:,} old states forgotten, {lake.files_deleted:,} files deleted"
        terminal.console.print(Text(f"The lake: {lake.files_before} files, now {lake.files_after}; {kept}."))
    if not done.tables and done.lake is None:
        terminal.console.print("There is nothing to put together yet.")


@warehouse_app.command()
def vacuum(
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete them; otherwise they are only counted.")
    ] = False,
) -> None:
    """Find page images that no intake refers to any more, and with --delete delete them."""
    from qwenocr_assets.settings import load_settings
    from qwenocr_assets.storage.vacuum import vacuum_pages

    found = vacuum_pages(load_settings().data_folder, delete=delete)
    size = f"{len(found.unreferenced):,} page images ({found.size_bytes / 1e6:.1f} MB)"
    terminal.console.print(
        f"{size} deleted." if delete else f"{size} are referred to by no intake; --delete deletes them.",
        highlight=False,
    )


def _published() -> "Warehouse":
    from qwenocr_assets.settings import load_settings
    from qwenocr_assets.warehouse.places.published import published

    return published(load_settings().data_folder)


def _suffix(output: Path) -> str:
    return output.suffix.removeprefix(".").lower()


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
