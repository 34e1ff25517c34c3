"""DuckLake behind the same loading, building and reading as a file. `tests/warehouse/test_lake.py` runs it."""

import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from sqlalchemy import create_engine, make_url
from upath import UPath

from qwenocr_assets.errors import ConfigurationError, QueryError, WarehouseError
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.warehouse.build import Change, build_models, run_tests
from qwenocr_assets.warehouse.connect import open_reader, open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_anew, load_changes
from qwenocr_assets.warehouse.models import Model, load_models
from qwenocr_assets.warehouse.places.claims import claims
from qwenocr_assets.warehouse.places.lake import attached, lake_at
from qwenocr_assets.warehouse.places.lake_upkeep import tidy_lake
from qwenocr_assets.warehouse.places.published import address, is_published, lake_of, published
from qwenocr_assets.warehouse.publish import publish, working_file
from qwenocr_assets.warehouse.query import run_query
from qwenocr_assets.warehouse.search import index_pages, search_pages
from tests.waiting import wait_until
from tests.warehouse.conftest import filled


def new_lake() -> DataFolder:
    """A place in the bucket, and an empty catalogue in Postgres."""
    server = make_url(os.environ["TESTS_POSTGRES"])
    name = f"lake_{uuid.uuid4().hex[:8]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    catalogue = f"dbname={name} user={server.username} host={server.query['host']}"
    return DataFolder(UPath(f"{os.environ['TESTS_BUCKET']}/{name}"), f"ducklake:postgres:{catalogue}")


@pytest.fixture(scope="module")
def lake() -> DataFolder:
    """One for all tests: making its tables takes longer than all that they do."""
    return new_lake()


@pytest.fixture
def data(lake: DataFolder) -> Iterator[DataFolder]:
    """The lake; the next load removes what a test before has put there."""
    yield lake
    (lake.root / "tables").fs.rm((lake.root / "tables").path, recursive=True)


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


Put = Callable[..., None]


@pytest.fixture
def put(data: DataFolder) -> Put:
    return putting(data)


def putting(data: DataFolder) -> Put:
    def write(table: str, batch: str, *rows: dict[str, Any]) -> None:
        schema = TABLES[table]
        write_table(data, schema, batch, [filled(schema, batch, row) for row in rows])

    return write


def put_lines(put: Put, batch: str, count: int) -> None:
    put("text_lines", batch, *({"line_index": n, "text": f"{batch} {n}"} for n in range(count)))


def lines(data: DataFolder) -> list[tuple[Any, ...]]:
    sql = "SELECT batch_id, count(*) FROM core.text_lines GROUP BY ALL ORDER BY ALL"
    return run_query(published(data), sql).rows


def test_batches_are_loaded_replaced_and_removed() -> None:
    put = putting(data := new_lake())
    assert not is_published(data)
    put_lines(put, "b1", 3)
    put_lines(put, "b2", 2)
    assert load_changes(data, working_file(data)).batches_loaded == ("b1", "b2")
    assert lines(data) == [("b1", 3), ("b2", 2)]
    put_lines(put, "b1", 5)
    data.table_file("text_lines", "b2").unlink()
    report = load_changes(data, working_file(data))
    assert (report.batches_loaded, report.batches_removed) == (("b1",), ("b2",))
    assert lines(data) == [("b1", 5)]
    assert not load_changes(data, working_file(data)).changed
    assert is_published(data)
    assert not publish(working_file(data), data)
    assert "password" not in address(data)


def _behind(models: Mapping[str, Model], *names: str) -> dict[str, Model]:
    """Models with all that they are made of, in order: all of them take minutes on a busy machine."""
    wanted, waiting = set[str](), list(names)
    while waiting:
        wanted.add(model := waiting.pop())
        waiting += models[model].refs
    return {name: model for name, model in models.items() if name in wanted}


def test_models_are_built_tested_and_searched(data: DataFolder, put: Put) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "請求書.png"})
    put("pages", "b1", {"document_id": "d1", "page_id": "d1-p1"})
    put(
        "text_lines",
        "b1",
        {"document_id": "d1", "page_id": "d1-p1", "line_index": 0, "text": "total due 12.50"},
    )
    load_changes(data, working_file(data))
    models = _behind(load_models(MODELS), "page_text")
    with open_writer(working_file(data)) as con:
        build_models(con, models)
        index_pages(con)
        ended = run_tests(con, models["stg_pages"])
        assert [test.name for test in ended if test.severity == "error" and not test.passed] == []
        again = build_models(con, models)
        assert {result.change for result in again.values()} <= {Change.UNCHANGED, Change.REBUILT}
    found = search_pages(published(data), "total")
    assert len(found.rows) == 1


def test_a_reader_cannot_write(data: DataFolder, put: Put) -> None:
    put_lines(put, "b1", 1)
    load_changes(data, working_file(data))
    with pytest.raises(QueryError, match="read-only"):
        run_query(published(data), "DELETE FROM core.text_lines")


def test_an_analyst_sees_whole_commits_while_others_load(data: DataFolder, put: Put) -> None:
    put_lines(put, "b1", 4)
    load_changes(data, working_file(data))
    with open_reader(published(data)) as reader:
        put_lines(put, "b2", 4)
        load_changes(data, working_file(data))
        sql = "SELECT DISTINCT n FROM (SELECT count(*) AS n FROM core.text_lines GROUP BY batch_id)"
        assert reader.execute(sql).fetchall() == [(4,)]


_LOADER = """
import sys
from upath import UPath
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse import load
from qwenocr_assets.warehouse.loading import load_lake
from qwenocr_assets.warehouse.publish import working_file
load_lake.GROUP = 3
data = DataFolder(UPath(sys.argv[1]), sys.argv[2])
sys.stdin.readline()
load.load_changes(data, working_file(data))
"""


def test_loaders_at_the_same_time_load_every_batch_once(data: DataFolder, put: Put) -> None:
    """DuckLake has no keys: without claims two first loads of one batch both commit."""
    put_lines(put, "b0", 1)
    load_changes(data, working_file(data))
    batches = [f"b{n}" for n in range(1, 9)]
    for batch in batches:
        put_lines(put, batch, 2)
    arguments = [sys.executable, "-c", _LOADER, str(data.root), str(data.lake)]
    loaders = [subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True) for _ in range(2)]
    for loader in loaders:
        loader.communicate("go\n", timeout=120)
    assert [loader.returncode for loader in loaders] == [0, 0]
    assert lines(data) == [("b0", 1), *((batch, 2) for batch in sorted(batches))]
    twice = "SELECT table_name, batch_id FROM ops.load_log GROUP BY ALL HAVING count(*) > 1"
    assert run_query(published(data), twice).rows == []


def test_a_claim_is_of_one_loader_and_ends_with_it(data: DataFolder) -> None:
    lake = lake_of(data)
    assert lake is not None
    with claims(lake) as one, claims(lake) as other:
        assert one.take(["b2", "b1"]) == ["b1", "b2"]
        assert other.take(["b1", "b3"]) == ["b3"]
        one.close()
        assert other.take(["b1"], wait=True) == ["b1"]


def test_batches_that_came_twice_are_loaded_again(data: DataFolder, put: Put) -> None:
    """As where a claim ended unseen between two commits: a lake has no keys that would refuse the second."""
    put_lines(put, "b1", 3)
    put_lines(put, "b2", 1)
    load_changes(data, working_file(data))
    with open_writer(working_file(data)) as con:
        for table in ("core.text_lines", "ops.load_log"):
            con.execute(f"INSERT INTO {table} FROM {table} WHERE batch_id = 'b1'")
    assert lines(data) == [("b1", 6), ("b2", 1)]
    assert load_changes(data, working_file(data)).batches_loaded == ("b1",)
    assert lines(data) == [("b1", 3), ("b2", 1)]


def test_a_rebuild_brings_back_what_was_damaged(data: DataFolder, put: Put) -> None:
    put_lines(put, "b1", 30)
    put_lines(put, "b2", 20)
    load_changes(data, working_file(data))
    (data.root / "lake").fs.rm((data.root / "lake").path, recursive=True)  # all rows, and no log of it
    lake = lake_of(data)
    assert lake is not None
    with claims(lake) as claimed, claimed.alone():
        assert load_anew(data, lake).batches_loaded == ("b1", "b2")
    assert lines(data) == [("b1", 30), ("b2", 20)]
    assert not load_changes(data, working_file(data)).changed


def test_upkeep_puts_files_together_and_deletes_old_ones(data: DataFolder, put: Put) -> None:
    lake = lake_of(data)
    assert lake is not None
    for number in range(4):
        for batch in ("b1", f"b{number + 2}"):
            put_lines(put, batch, 30 + number)
        load_changes(data, working_file(data))
    before = lines(data)
    folder = data.root / "lake" / "core" / "text_lines"
    many = len(folder.fs.find(folder.path))
    with claims(lake) as claimed:
        first = tidy_lake(lake, claimed)
        assert first.files_after < first.files_before
        assert first.files_deleted == 0  # a day for those who read the state before
        later = tidy_lake(lake, claimed, kept=timedelta(0))
    assert later.snapshots_forgotten > 3
    assert later.files_deleted > 3
    folder.fs.invalidate_cache()
    assert len(folder.fs.find(folder.path)) < many / 2
    assert lines(data) == before
    assert not load_changes(data, working_file(data)).changed


def test_nobody_loads_while_files_are_moved(data: DataFolder, put: Put) -> None:
    put_lines(put, "b1", 3)
    load_changes(data, working_file(data))
    lake = lake_of(data)
    assert lake is not None
    put_lines(put, "b2", 2)
    with ThreadPoolExecutor(1) as pool:
        with claims(lake) as claimed, claimed.alone():
            loading = pool.submit(load_changes, data, working_file(data))
            wait_until(lambda: _waits_for_a_lock(data), "the loader to wait")
            assert lines(data) == [("b1", 3)]
        loading.result()
    assert lines(data) == [("b1", 3), ("b2", 2)]


def _waits_for_a_lock(data: DataFolder) -> bool:
    connection = psycopg2.connect(str(data.lake).removeprefix("ducklake:postgres:"))
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.rowcount)


def test_a_load_that_fails_leaves_everything_as_it_was(data: DataFolder, put: Put) -> None:
    put_lines(put, "b1", 2)
    load_changes(data, working_file(data))
    put("text_lines", "b2", {"line_index": 1}, {"line_index": 1})
    with pytest.raises(WarehouseError, match="same key"):
        load_changes(data, working_file(data))
    assert lines(data) == [("b1", 2)]


def test_a_catalogue_that_is_not_reached_is_told_without_its_password(data: DataFolder) -> None:
    lake = lake_at("ducklake:postgres:dbname=x host=127.0.0.1 port=1 password=hunter2", "/tmp/x/")
    with pytest.raises(WarehouseError) as told:
        attached(lake, read_only=True)
    assert "hunter2" not in f"{told.value} {lake!r}"
    with pytest.raises(ConfigurationError, match="no address of a DuckLake"):
        lake_at("postgres:dbname=x", "/tmp/x/")


def test_this_is_the_duckdb_of_the_extensions() -> None:
    assert duckdb.__version__.startswith("1.5.")
