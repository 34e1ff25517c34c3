"""One SQL statement against the published file, and what goes wrong with it."""

from pathlib import Path

import duckdb
import pytest

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.query import list_columns, list_tables, run_query


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL ORDER BY 1")
    return path


@pytest.mark.parametrize(
    ("sql", "columns", "rows"),
    [
        pytest.param("SELECT a, b FROM t", ("a", "b"), [(1, "x"), (2, None)], id="rows"),
        pytest.param("SELECT a FROM t WHERE a > 5", ("a",), [], id="no rows"),
        pytest.param("FROM t SELECT sum(a) AS total;", ("total",), [(3,)], id="DuckDB's own syntax"),
        pytest.param("SELECT 1 AS a; SELECT 2 AS b", ("b",), [(2,)], id="the last of several"),
    ],
)
def test_a_query_gives_columns_and_rows(
    warehouse: Path, sql: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]
) -> None:
    result = run_query(warehouse, sql)
    assert (result.columns, result.rows) == (columns, rows)


@pytest.mark.parametrize(
    ("sql", "message", "next_step"),
    [
        pytest.param("SELEC 1", 'syntax error at or near "SELEC"', "where the message points", id="syntax"),
        pytest.param(
            "SELECT * FROM nope",
            "Table with name nope does not exist",
            "`qwenocr tables` lists",
            id="unknown table",
        ),
        pytest.param("SELECT nope FROM t", '"nope" not found', "lists the columns", id="unknown column"),
        pytest.param(
            "SELECT CAST(b AS INT) FROM t",
            "Could not convert string 'x' to INT32",
            "Correct the query",
            id="while running",
        ),
        pytest.param("CREATE TABLE u (a INT)", "read-only mode", "is read-only", id="writing"),
        pytest.param("DELETE FROM t", "read-only mode", "is read-only", id="deleting"),
        pytest.param("", "There is no SQL to run", "`qwenocr tables`", id="empty"),
        pytest.param("-- only a comment", "There is no SQL to run", "`qwenocr tables`", id="only a comment"),
    ],
)
def test_a_query_that_cannot_run_says_why(warehouse: Path, sql: str, message: str, next_step: str) -> None:
    with pytest.raises(WarehouseError) as caught:
        run_query(warehouse, sql)
    assert message in str(caught.value)
    assert next_step in caught.value.next_step


def test_before_the_first_run_the_way_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"Run `qwenocr run PATH` first\."):
        run_query(tmp_path / "warehouse.duckdb", "SELECT 1")


def test_a_file_that_is_no_warehouse_is_named(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"not a database" * 500)
    with pytest.raises(WarehouseError, match=r"warehouse\.duckdb cannot be opened"):
        run_query(path, "SELECT 1")


def test_what_there_is_to_query_is_listed(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as con:
        con.execute("CREATE SCHEMA marts; CREATE SCHEMA core; CREATE SCHEMA search")
        con.execute("CREATE TABLE core.pages AS SELECT 1 AS page_id UNION ALL SELECT 2")
        con.execute("CREATE VIEW marts.items AS SELECT 1 AS a FROM core.pages WHERE page_id > 1")
        con.execute("CREATE TABLE search.folded AS SELECT 1 AS x")
        con.execute("COMMENT ON VIEW marts.items IS 'One row per item. A sum counts each once.'")
        con.execute("COMMENT ON COLUMN core.pages.page_id IS 'Page.'")
    assert list_tables(warehouse).rows == [("marts.items", 1, "One row per item"), ("core.pages", 2, "")]
    assert list_columns(warehouse, "pages").rows == [("page_id", "INTEGER", "Page.")]
    with pytest.raises(WarehouseError, match="no table itms"):
        list_columns(warehouse, "itms")
