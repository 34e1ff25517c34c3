"""Rows out of the warehouse into files that other programs read."""

import csv
import json
import math
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pyarrow.parquet as pq
import pytest

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.outgoing import spreadsheet
from qwenocr_assets.warehouse import export
from qwenocr_assets.warehouse.ddl import literal
from qwenocr_assets.warehouse.export import export_query, export_table
from qwenocr_assets.warehouse.query import find_table

_NAMESPACE = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA core; CREATE SCHEMA marts; CREATE SCHEMA staging")
        con.execute("CREATE TABLE core.text_lines AS SELECT 1 AS n, 'Größe, \"é\"\n茶' AS text")
        con.execute("CREATE TABLE marts.line_items AS SELECT 'tea' AS item, 1.50::DECIMAL(9,2) AS price")
        con.execute("CREATE VIEW staging.line_items AS SELECT 'staged' AS item")
    return path


def read_parquet(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def read_csv(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_xlsx(path: Path) -> list[list[str | None]]:
    """Each row's cells as (kind and) value: the kind is empty for numbers."""
    with zipfile.ZipFile(path) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in sheet.iterfind(".//s:row", _NAMESPACE):
        cells = []
        for cell in row.iterfind("s:c", _NAMESPACE):
            assert cell.find("s:f", _NAMESPACE) is None, "a formula"
            text = cell.find("s:is/s:t", _NAMESPACE)
            value = text if text is not None else cell.find("s:v", _NAMESPACE)
            cells.append(None if value is None else value.text)
        rows.append(cells)
    return rows


@pytest.mark.parametrize(
    ("kind", "read", "expected"),
    [
        pytest.param("parquet", read_parquet, [{"n": 1, "text": 'Größe, "é"\n茶'}], id="Parquet"),
        pytest.param("csv", read_csv, [{"n": "1", "text": 'Größe, "é"\n茶'}], id="CSV"),
        pytest.param(
            "json",
            lambda p: json.loads(p.read_text("utf-8")),
            [{"n": 1, "text": 'Größe, "é"\n茶'}],
            id="JSON",
        ),
        pytest.param("xlsx", read_xlsx, [["n", "text"], ["1", 'Größe, "é"\n茶']], id="Excel"),
    ],
)
def test_a_query_is_written_in_each_format(
    warehouse: Path, tmp_path: Path, kind: str, read: Callable[[Path], Any], expected: Any
) -> None:
    target = tmp_path / "new folder" / f"rows.{kind}"
    assert export_query(warehouse, "SELECT * FROM core.text_lines", target, kind) == (1, 0)
    assert read(target) == expected
    assert [p.name for p in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize(
    ("sql", "first"),
    [
        pytest.param("SELECT 1 AS a; SELECT 2 AS b", {"b": "2"}, id="the last of several"),
        pytest.param("DESCRIBE core.text_lines", {"column_name": "n"}, id="DESCRIBE"),
        pytest.param("FROM marts.line_items", {"item": "tea"}, id="DuckDB's own syntax"),
    ],
)
def test_any_statement_that_gives_rows_can_be_written(
    warehouse: Path, tmp_path: Path, sql: str, first: dict[str, str]
) -> None:
    export_query(warehouse, sql, tmp_path / "rows.csv", "csv")
    assert first.items() <= read_csv(tmp_path / "rows.csv")[0].items()


@pytest.mark.parametrize(
    ("table", "found"),
    [
        pytest.param("line_items", 'marts."line_items"', id="marts before staging"),
        pytest.param("staging.line_items", 'staging."line_items"', id="with its schema"),
        pytest.param("text_lines", 'core."text_lines"', id="core"),
    ],
)
def test_a_table_is_found_by_its_name(warehouse: Path, table: str, found: str) -> None:
    assert find_table(warehouse, table) == found


def test_a_table_that_is_not_there_is_named_with_those_like_it(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"no table marts.line_item in .* Did you mean line_items\?"):
        export_table(warehouse, "marts.line_item", tmp_path / "rows.csv", "csv")


@pytest.mark.parametrize(
    ("sql", "name", "kind", "message"),
    [
        pytest.param("SELECT 1 AS a", "rows.doc", "doc", "rows.doc is of no known format", id="format"),
        pytest.param("SELECT nope", "rows.csv", "csv", 'column "nope"', id="SQL"),
        pytest.param(
            "SELECT CAST('x' AS INT) AS a", "rows.csv", "csv", "Could not convert", id="while running"
        ),
        pytest.param("SELECT 1 AS a", ".", "csv", "cannot be written", id="a folder"),
    ],
)
def test_what_cannot_be_written_says_why_and_leaves_nothing(
    warehouse: Path, tmp_path: Path, sql: str, name: str, kind: str, message: str
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(WarehouseError, match=message):
        export_query(warehouse, sql, folder / name, kind)
    assert list(folder.iterdir()) == []


def test_what_stands_on_a_page_is_never_a_formula_or_a_link(warehouse: Path, tmp_path: Path) -> None:
    texts = ["=1+1", "@SUM(A1)", "http://example.org", "a\x0bb", "+49 40"]
    sql = "SELECT unnest(['=1+1', '@SUM(A1)', 'http://example.org', 'a' || chr(11) || 'b', '+49 40']) AS text"
    export_query(warehouse, sql, tmp_path / "rows.xlsx", "xlsx")
    found = [text for (text,) in read_xlsx(tmp_path / "rows.xlsx")[1:]]
    assert [re.sub(r"_x000B_", "\x0b", t or "") for t in found] == texts
    with zipfile.ZipFile(tmp_path / "rows.xlsx") as book:
        assert b"hyperlink" not in book.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("\n=1+1", "'\n=1+1"),
        ("\r=1", "'\r=1"),
        ("\t=1", "'\t=1"),
        ("＝1+1", "'＝1+1"),
        ("＠SUM(A1)", "'＠SUM(A1)"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("-150.00", "-150.00"),
        ("+49", "+49"),
        ("'quoted'", "'quoted'"),
        ("a=b", "a=b"),
        ("株式会社", "株式会社"),
    ],
)
def test_csv_holds_no_formula_and_plain_numbers_as_they_are(
    warehouse: Path, tmp_path: Path, text: str, written: str
) -> None:
    sql = f"SELECT {literal(text)} AS \"{text}\", 1 AS n, ['=1'] AS list, 2 AS n"
    export_query(warehouse, sql, tmp_path / "rows.csv", "csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        header, cells = csv.reader(file)
    assert cells == [written, "1", "['=1']", "2"]
    assert header[0] == spreadsheet(text)
    export_query(warehouse, sql.replace(", 2 AS n", ""), tmp_path / "rows.json", "json")
    assert next(iter(json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))[0].values())) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param(True, True, id="boolean"),
        pytest.param(42, 42, id="integer"),
        pytest.param(24329116804000, 24329116804000, id="14 digits"),
        pytest.param(1234567890123456789, "1234567890123456789", id="more digits than Excel keeps"),
        pytest.param(Decimal("337.500000000"), Decimal("337.500000000"), id="money"),
        pytest.param(Decimal("0.12345678901234567"), "0.12345678901234567", id="many decimals"),
        pytest.param(1.5, 1.5, id="float"),
        pytest.param(math.inf, "inf", id="infinity"),
        pytest.param(date(2025, 11, 14), date(2025, 11, 14), id="date"),
        pytest.param(datetime(2025, 11, 14, 9), datetime(2025, 11, 14, 9), id="time"),
        pytest.param(date(1899, 12, 31), "1899-12-31", id="a day before 1900"),
        pytest.param(datetime(1805, 1, 2, 3, 4), "1805-01-02 03:04:00", id="a time before 1900"),
        pytest.param(
            datetime(2025, 11, 14, 9, tzinfo=timezone(timedelta(hours=8))),
            datetime(2025, 11, 14, 1),
            id="a zone",
        ),
        pytest.param(datetime(1805, 11, 14, 9, tzinfo=UTC), "1805-11-14 09:00:00", id="a zone before 1900"),
        pytest.param([1.0, 2.0], "[1.0, 2.0]", id="list"),
        pytest.param("x" * 40_000, "x" * 32_766 + "…", id="longer than a cell"),
    ],
)
def test_values_keep_their_digits_in_excel(value: Any, expected: Any) -> None:
    found = export._excel_value(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("sql", "cells"),
    [
        (
            "SELECT TIMESTAMPTZ '2025-11-14 09:00:00+08' AS at, DATE '1805-01-02' AS day",
            ["45975.04166666666", "1805-01-02"],
        ),
        (
            "SELECT TIMESTAMP '1805-01-02 03:04:05' AS at, DATE '1900-03-01' AS day",
            ["1805-01-02 03:04:05", "61"],
        ),
    ],
)
def test_times_with_a_zone_and_days_before_1900(
    warehouse: Path, tmp_path: Path, sql: str, cells: list[str]
) -> None:
    export_query(warehouse, sql, tmp_path / "rows.xlsx", "xlsx")
    assert read_xlsx(tmp_path / "rows.xlsx")[1] == cells


def test_texts_longer_than_a_cell_are_counted(warehouse: Path, tmp_path: Path) -> None:
    sql = "SELECT repeat('長', 32767) AS a, repeat('長', 32768) AS b, repeat('x', 40000) AS c"
    assert export_query(warehouse, sql, tmp_path / "rows.xlsx", "xlsx") == (1, 2)
    assert export_query(warehouse, sql, tmp_path / "rows.csv", "csv") == (1, 0)


def test_more_rows_than_a_sheet_holds_are_refused(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_EXCEL_ROWS", 10)
    with pytest.raises(WarehouseError, match=r"holds 10 rows.*CSV or Parquet"):
        export_query(warehouse, "SELECT * FROM range(11)", tmp_path / "rows.xlsx", "xlsx")
    assert not (tmp_path / "rows.xlsx").exists()
