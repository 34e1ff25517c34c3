"""Rows of the published warehouse into a file: Parquet, CSV, JSON or Excel."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import xlsxwriter
from rich.cells import cell_len

from qwenocr_assets.errors import QueryError, WarehouseError
from qwenocr_assets.outgoing import BEGINS_LIKE_A_FORMULA, spreadsheet
from qwenocr_assets.warehouse.connect import Readable, Warehouse, open_reader
from qwenocr_assets.warehouse.ddl import literal, quoted
from qwenocr_assets.warehouse.query import find_table, last_result

FORMATS = ("parquet", "csv", "json", "xlsx")

_EXCEL_ROWS = 1_048_575
"""Rows that an Excel sheet holds below its header."""
_EXCEL_CHARACTERS = 32_767
_EXCEL_FIRST_YEAR = 1900
_WIDEST = 60
"""Characters of the widest column."""
_KEY = re.compile(r"(_id|_key|_hash)$|^sha256$")
_MONEY = re.compile(r"(^|_)(amount|total|subtotal|tax|price|due|balance)$")
_EXCEL_DIGITS = 15
"""Digits of a number that Excel keeps."""


class Written(NamedTuple):
    """What an export wrote."""

    rows: int
    cells_cut: int = 0
    """Texts that are longer than an Excel cell, and end in … there."""


def export_query(warehouse: Readable, sql: str, target: Path, kind: str) -> Written:
    """Write what a query gives into a file of one of `FORMATS`, whole or not at all.

    Raises `WarehouseError` when there is no warehouse yet, DuckDB refuses the SQL, or the file cannot be written.
    """
    if kind not in FORMATS:
        raise QueryError(f"{target} is of no known format.", f"Let it end in one of {', '.join(FORMATS)}.")
    part = target.with_name(f".{target.name}.part")
    with open_reader(warehouse) as con:
        try:
            rows = last_result(con, sql)
            if rows is None:
                raise QueryError("The SQL gives no rows to write.", "End it with a SELECT.")
            target.parent.mkdir(parents=True, exist_ok=True)
            written = _WRITERS[kind](con, rows, part)
            part.replace(target)
        except OSError as error:
            raise WarehouseError(
                f"{target} cannot be written ({error.strerror or error}).", "Name a file that can."
            ) from error
        except duckdb.Error as error:
            raise WarehouseError(
                f"Writing {target} failed. {error}", "Mend the SQL, or free disk space."
            ) from error
        finally:
            part.unlink(missing_ok=True)
    return written


def export_table(warehouse: Warehouse, table: str, target: Path, kind: str) -> Written:
    """Write a table or mart, named with or without its schema, into a file.

    Raises `WarehouseError` as `export_query` does, and for a table that does not exist (naming those like it).
    """
    return export_query(warehouse, f"FROM {find_table(warehouse, table)}", target, kind)


_Writer = Callable[[duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation, Path], Written]


def _copy(options: str) -> _Writer:
    # DuckDB finds the relation by the name of the function's argument
    def write(con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, path: Path) -> Written:  # noqa: ARG001
        written = con.execute(f"COPY (FROM rows) TO {literal(str(path))} ({options})").fetchone()
        return Written(int(written[0]) if written else 0)

    return write


def _write_csv(con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, path: Path) -> Written:
    """CSV is what spreadsheets open: texts that they would run, but for numbers, have an apostrophe before them."""
    places = [f"c{place}" for place in range(len(rows.columns))]
    cells = ", ".join(
        f"{_guarded(place) if kind == 'VARCHAR' else place} AS {quoted(spreadsheet(name))}"
        for place, name, kind in zip(places, rows.columns, map(str, rows.types), strict=True)
    )
    # DuckDB finds the relation by the name of the function's argument
    table = f"rows AS t({', '.join(places)})"
    copy = f"COPY (SELECT {cells} FROM {table}) TO {literal(str(path))} (FORMAT csv, HEADER)"  # noqa: S608
    written = con.execute(copy).fetchone()
    return Written(int(written[0]) if written else 0)


def _guarded(column: str) -> str:
    runs = (
        f"regexp_matches({column}, {literal(BEGINS_LIKE_A_FORMULA)}) AND try_cast({column} AS DOUBLE) IS NULL"
    )
    return f"CASE WHEN {runs} THEN chr(39) || {column} ELSE {column} END"


def keys_last(columns: Sequence[str]) -> list[str]:
    """The columns for people: what is a key at the end, the others as they are."""
    return sorted(columns, key=lambda name: bool(_KEY.search(name)))


def _write_excel(con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, path: Path) -> Written:
    """One sheet, texts as texts: what stands on a page must never become a formula or a link.

    Times with a zone are written in UTC, as all times of the warehouse are.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    count = cut = 0
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("rows")
        bold = book.add_format({"bold": True})
        day, moment = (book.add_format({"num_format": f}) for f in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"))
        money = book.add_format({"num_format": "#,##0.00"})
        in_order = keys_last(rows.columns)
        places = [in_order.index(name) for name in rows.columns]
        formats = [money if _MONEY.search(name) else None for name in rows.columns]
        widths = [len(name) for name in rows.columns]
        for place, name in zip(places, rows.columns, strict=True):
            sheet.write_string(0, place, name, bold)
        sheet.freeze_panes(1, 0)
        result = con.execute("FROM rows")  # DuckDB finds the relation by the name of this function's argument
        while chunk := result.fetchmany(10_000):
            if count + len(chunk) > _EXCEL_ROWS:
                raise QueryError(
                    f"An Excel sheet holds {_EXCEL_ROWS:,} rows, and these are more.", "Write CSV or Parquet."
                )
            for row in chunk:
                count += 1
                for column, (place, value) in enumerate(zip(places, row, strict=True)):
                    widths[column] = max(widths[column], _shown_width(value))
                    match _excel_value(value):
                        case None:
                            pass
                        case bool() as flag:
                            sheet.write_boolean(count, place, flag)
                        case datetime() as time:
                            sheet.write_datetime(count, place, time, moment)
                        case date() as date_:
                            sheet.write_datetime(count, place, date_, day)
                        case int() | float() | Decimal() as number:
                            sheet.write_number(count, place, number, formats[column])
                        case other:
                            cut += len(str(value)) > _EXCEL_CHARACTERS
                            sheet.write_string(count, place, other)
        for place, width in zip(places, widths, strict=True):
            sheet.set_column(place, place, min(width + 2, _WIDEST))
        sheet.autofilter(0, 0, count, max(len(rows.columns) - 1, 0))
    return Written(count, cut)


def _shown_width(value: Any) -> int:
    """Characters of a value in its cell, wide ones as two."""
    if isinstance(value, datetime):
        return 19
    text = f"{value.normalize():f}" if isinstance(value, Decimal) else "" if value is None else str(value)
    return max(map(cell_len, text[: 2 * _WIDEST].split("\n")))


def _excel_value(value: Any) -> Any:
    """A value as Excel can hold it: numbers with more digits than it keeps, and anything else, become text.

    So do days and times before 1900, which Excel does not have. Text is cut where a cell ends, and the cut marked.
    """
    match value:
        case datetime() if value.tzinfo is not None:
            return _excel_value(value.astimezone(UTC).replace(tzinfo=None))
        case date() if value.year < _EXCEL_FIRST_YEAR:
            return str(value)
        case None | bool() | datetime() | date():
            return value
        case int() | Decimal() if len(f"{abs(value):f}".replace(".", "").strip("0")) <= _EXCEL_DIGITS:
            return value
        case float() if value - value == 0:  # Excel has no infinity and no NaN
            return value
        case Decimal():
            return f"{value.normalize():f}"
    text = str(value)
    return text if len(text) <= _EXCEL_CHARACTERS else text[: _EXCEL_CHARACTERS - 1] + "…"


_WRITERS: Mapping[str, _Writer] = {
    "parquet": _copy("FORMAT parquet, COMPRESSION zstd"),
    "csv": _write_csv,
    "json": _copy("FORMAT json, ARRAY"),
    "xlsx": _write_excel,
}
