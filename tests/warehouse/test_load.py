"""Loading: what changed is replaced by batch, what is gone is removed, all or nothing."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from upath import UPath

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import TABLES, TEXT_LINES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.warehouse import load, table_scan
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.loading.changes import changed_files
from qwenocr_assets.warehouse.publish import working_file

Put = Callable[..., Path]
PutLines = Callable[[str, int], Path]
Start = Callable[..., subprocess.Popen[str]]


def rows(working: Path, sql: str) -> list[tuple[object, ...]]:
    with open_writer(working) as con:
        return con.execute(sql).fetchall()


def lines_by_batch(working: Path) -> dict[object, object]:
    return dict(rows(working, "SELECT batch_id, count(*) FROM core.text_lines GROUP BY 1"))


def content(working: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in core, in an order that does not depend on how it came there."""
    return {name: rows(working, f"SELECT * FROM core.{name} ORDER BY ALL") for name in TABLES}


def test_a_first_load_takes_every_file(data: DataFolder, put_lines: PutLines, put: Put) -> None:
    put_lines("b1", 3)
    put_lines("b2", 2)
    put("documents", "b1", {"document_id": "d1"})
    report = load_changes(data, working_file(data))
    assert report.batches_loaded == ("b1", "b2")
    assert report.batches_removed == ()
    assert report.changed
    assert report.rows_by_table == dict.fromkeys(TABLES, 0) | {"text_lines": 5, "documents": 1}


@pytest.mark.parametrize(("times", "loaded"), [(1, 4), (4, 7), (5, None)])
def test_a_file_that_is_written_while_it_is_loaded_is_looked_at_again(
    data: DataFolder, put_lines: PutLines, monkeypatch: pytest.MonkeyPatch, times: int, loaded: int | None
) -> None:
    put_lines("b1", 3)
    left = iter(range(4, 4 + times))

    def looked_into(*given: Any) -> Any:
        files = changed_files(*given)
        for rows in islice(left, 1):
            put_lines("b1", rows)
        return files

    monkeypatch.setattr(load, "changed_files", looked_into)
    if loaded is None:
        with pytest.raises(WarehouseError, match="was written while it was loaded"):
            load_changes(data, working_file(data))
    else:
        load_changes(data, working_file(data))
        assert lines_by_batch(working_file(data)) == {"b1": loaded}


def test_the_load_log_says_which_file_was_loaded(data: DataFolder, put_lines: PutLines) -> None:
    path = put_lines("b1", 3)
    load_changes(data, working_file(data))
    found = rows(working_file(data), "SELECT table_name, batch_id, file, sha256, rows FROM ops.load_log")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == [("text_lines", "b1", "tables/text_lines/b1.parquet", sha256, 3)]


def test_a_load_log_in_an_earlier_form_is_filled_again_and_no_row_is_there_twice(
    data: DataFolder, put_lines: PutLines
) -> None:
    put_lines("b1", 3)
    load_changes(data, working_file(data))
    with open_writer(working_file(data)) as con:
        con.execute("ALTER TABLE ops.load_log DROP COLUMN file")
    assert load_changes(data, working_file(data)).rows_by_table["text_lines"] == 3
    assert rows(working_file(data), "SELECT file FROM ops.load_log") == [("tables/text_lines/b1.parquet",)]


def test_an_empty_data_folder_gives_empty_tables(data: DataFolder) -> None:
    report = load_changes(data, working_file(data))
    assert not report.changed
    assert set(report.rows_by_table.values()) == {0}


def test_nothing_new_loads_nothing(data: DataFolder, put_lines: PutLines) -> None:
    put_lines("b1", 3)
    load_changes(data, working_file(data))
    report = load_changes(data, working_file(data))
    assert not report.changed
    assert report.rows_by_table["text_lines"] == 3


def test_a_written_batch_replaces_its_rows_and_no_others(data: DataFolder, put_lines: PutLines) -> None:
    put_lines("b1", 3)
    put_lines("b2", 2)
    load_changes(data, working_file(data))
    put_lines("b1", 5)
    assert load_changes(data, working_file(data)).batches_loaded == ("b1",)
    assert lines_by_batch(working_file(data)) == {"b1": 5, "b2": 2}


def test_a_batch_whose_file_is_gone_is_removed(data: DataFolder, put_lines: PutLines) -> None:
    gone = put_lines("b1", 3)
    put_lines("b2", 2)
    load_changes(data, working_file(data))
    gone.unlink()
    report = load_changes(data, working_file(data))
    assert (report.batches_loaded, report.batches_removed, report.changed) == ((), ("b1",), True)
    assert lines_by_batch(working_file(data)) == {"b2": 2}


def test_same_size_and_time_but_other_content_is_seen(data: DataFolder, put: Put) -> None:
    path = put("text_lines", "b1", {"text": "one"})
    before = path.stat()
    load_changes(data, working_file(data))
    put("text_lines", "b1", {"text": "two"})
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert load_changes(data, working_file(data)).changed
    assert rows(working_file(data), "SELECT text FROM core.text_lines") == [("two",)]


def test_same_content_written_again_is_not_loaded_and_then_not_even_read(
    data: DataFolder, put_lines: PutLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_lines("b1", 3)
    load_changes(data, working_file(data))
    put_lines("b1", 3)
    assert not load_changes(data, working_file(data)).changed

    def read(path: Path) -> str:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr(table_scan, "_content_hash", read)
    assert not load_changes(data, working_file(data)).changed


def test_rebuilding_from_the_table_files_gives_the_same_content(
    data: DataFolder, put_lines: PutLines, put: Put, tmp_path: Path
) -> None:
    for batch in ("b1", "b2", "b3"):
        put_lines(batch, 4)
        put("documents", batch, {"document_id": "d1"})
    load_changes(data, working_file(data))
    put_lines("b2", 6)
    put_lines("b3", 1).unlink()
    load_changes(data, working_file(data))
    rebuilt = tmp_path / "rebuilt.duckdb"
    load_changes(data, rebuilt)
    assert content(rebuilt) == content(working_file(data))
    assert lines_by_batch(rebuilt) == {"b1": 4, "b2": 6}


_Change = tuple[str, str, int | None]
_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["text_lines", "formulas"]),
        st.sampled_from(["b1", "b2", "b3"]),
        st.none() | st.integers(0, 3),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_CHANGES, min_size=1, max_size=4))
def test_after_any_changes_core_holds_what_the_files_hold(
    data: DataFolder, put: Put, loads: list[list[_Change]]
) -> None:
    shutil.rmtree(data.root.path, ignore_errors=True)
    expected: dict[tuple[str, str], int] = {}
    for changes in loads:
        for table, batch, count in changes:
            if count is None:
                data.table_file(table, batch).unlink(missing_ok=True)
                expected.pop((table, batch), None)
            else:
                index = "line_index" if table == "text_lines" else "formula_index"
                put(table, batch, *({index: i} for i in range(count)))
                expected[table, batch] = count
        load_changes(data, working_file(data))
        found = {
            (table, batch): count
            for table in ("text_lines", "formulas")
            for batch, count in rows(
                working_file(data), f"SELECT batch_id, count(*) FROM core.{table} GROUP BY 1"
            )
        }
        assert found == {key: count for key, count in expected.items() if count}


def _not_parquet(path: Path) -> None:
    path.write_bytes(b"PAR1 but not really")


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _without_text(path: Path) -> None:
    pq.write_table(pq.read_table(path).drop_columns(["text"]), path)


def _text_as_number(path: Path) -> None:
    table = pq.read_table(path)
    place = table.schema.get_field_index("text")
    pq.write_table(table.set_column(place, "text", pa.array([1] * table.num_rows)), path)


def _of_another_batch(path: Path) -> None:
    shutil.copyfile(path.with_name("good.parquet"), path)


def _twice_the_same_row(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table]), path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(_not_parquet, "bad.parquet is not a readable Parquet file", id="not Parquet"),
        pytest.param(_torn, "bad.parquet is not a readable Parquet file", id="torn"),
        pytest.param(_without_text, "bad.parquet lacks the column text", id="column missing"),
        pytest.param(_text_as_number, "bad.parquet has text as int64, declared is string", id="other type"),
        pytest.param(_of_another_batch, "holds rows of an intake that is not its own", id="other batch"),
        pytest.param(_twice_the_same_row, "two rows with the same key (batch_id 'bad'", id="key twice"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_named_and_nothing_is_loaded(
    data: DataFolder, put_lines: PutLines, damage: Callable[[Path], None], message: str
) -> None:
    put_lines("first", 2)
    load_changes(data, working_file(data))
    put_lines("good", 3)
    damage(put_lines("bad", 3))
    with pytest.raises(WarehouseError) as caught:
        load_changes(data, working_file(data))
    assert message in str(caught.value)
    assert "Materialize text_lines for intake" in caught.value.next_step
    assert lines_by_batch(working_file(data)) == {"first": 2}


def test_a_file_from_before_a_column_was_declared_has_null_there(data: DataFolder, put: Put) -> None:
    old = put("text_lines", "old", {"left_px": 1.0})
    pq.write_table(pq.read_table(old).drop_columns(["left_px", "quad_px"]), old)
    load_changes(data, working_file(data))
    put("text_lines", "new", {"left_px": 2.0})
    put("text_lines", "old2", {"left_px": 3.0})
    load_changes(data, working_file(data))
    found = rows(working_file(data), "SELECT batch_id, left_px FROM core.text_lines ORDER BY 1")
    assert found == [("new", 2.0), ("old", None), ("old2", 3.0)]


def test_old_and_new_files_load_together(data: DataFolder, put: Put) -> None:
    old = put("text_lines", "old", {"left_px": 1.0, "text": "a"})
    pq.write_table(pq.read_table(old).drop_columns(["left_px"]), old)
    put("text_lines", "new", {"left_px": 2.0, "text": "b"})
    load_changes(data, working_file(data))
    found = rows(working_file(data), "SELECT batch_id, left_px, text FROM core.text_lines ORDER BY 1")
    assert found == [("new", 2.0, "b"), ("old", None, "a")]


@pytest.mark.parametrize(
    ("raw", "kept", "kind"),
    [
        pytest.param('{"a": 1}', '{"a": 1}', "OBJECT", id="JSON as it came"),
        pytest.param("<html>502</html>", '"<html>502</html>"', "VARCHAR", id="no JSON becomes a JSON string"),
        pytest.param(None, None, None, id="none"),
    ],
)
def test_raw_answers_are_queryable_as_json(
    data: DataFolder, put: Put, raw: str | None, kept: str | None, kind: str | None
) -> None:
    put("ocr_responses", "b1", {"raw": raw})
    load_changes(data, working_file(data))
    found = rows(working_file(data), "SELECT raw, json_type(raw) FROM core.ocr_responses")
    assert found == [(kept, kind)]


def test_a_table_in_an_earlier_form_is_filled_again(data: DataFolder, put_lines: PutLines) -> None:
    put_lines("b1", 3)
    put_lines("b2", 2)
    load_changes(data, working_file(data))
    with open_writer(working_file(data)) as con:
        con.execute("ALTER TABLE core.text_lines DROP COLUMN left_px")
        con.execute("CREATE TABLE core.no_longer_declared (a INT)")
    assert load_changes(data, working_file(data)).rows_by_table["text_lines"] == 5
    with open_writer(working_file(data)) as con:
        columns = [c[0] for c in con.execute("DESCRIBE core.text_lines").fetchall()]
        tables = {
            t
            for (t,) in con.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'core'"
            ).fetchall()
        }
    assert columns == list(TEXT_LINES.column_names)
    assert tables == set(TABLES)


def test_every_table_and_column_carries_its_description(data: DataFolder) -> None:
    load_changes(data, working_file(data))
    with open_writer(working_file(data)) as con:
        tables = dict(
            con.execute(
                "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'core'"
            ).fetchall()
        )
        columns = {
            (table, column): comment
            for table, column, comment in con.execute(
                "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'core'"
            ).fetchall()
        }
        unexplained = con.execute(
            "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'ops' AND comment IS NULL"
        ).fetchall()
    assert tables == {t.name: t.description for t in TABLES.values()}
    assert columns == {(t.name, c.name): c.description for t in TABLES.values() for c in t.columns}
    assert unexplained == []


def test_a_folder_name_is_never_taken_for_a_pattern(tmp_path: Path) -> None:
    odd = DataFolder(UPath(tmp_path / "data [ab] * {x}"))
    other = DataFolder(UPath(tmp_path / "data a * {x}"))
    for folder in (odd, other):
        write_table(folder, TEXT_LINES, "b1", [])
    assert load_changes(odd, working_file(odd)).batches_loaded == ("b1",)


def test_a_data_folder_in_object_storage_loads_the_same(
    tmp_path: Path, put_lines: PutLines, data: DataFolder
) -> None:
    remote = DataFolder(UPath(f"memory://load-{tmp_path.name}"))
    working = tmp_path / "working.duckdb"
    for batch, count in (("b1", 3), ("b2", 2)):
        local = put_lines(batch, count)
        target = remote.table_file("text_lines", batch)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(local.read_bytes())
    assert load_changes(remote, working).batches_loaded == ("b1", "b2")
    assert not load_changes(remote, working).changed
    write_table(remote, TEXT_LINES, "b1", [])
    remote.table_file("text_lines", "b2").unlink()
    report = load_changes(remote, working)
    assert (report.batches_loaded, report.batches_removed) == (("b1",), ("b2",))
    assert report.rows_by_table["text_lines"] == 0


_HOLD = """
import sys, time, duckdb
con = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
con.close()
print("let go", flush=True)
"""


def test_a_held_working_file_is_waited_for_then_named(tmp_path: Path, start: Start) -> None:
    working = tmp_path / "warehouse.duckdb"
    holder = start(_HOLD, working)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(WarehouseError) as caught:
        open_writer(working, wait_seconds=0.5)
    assert f"PID {holder.pid}" in str(caught.value)
    assert "Let that run finish or stop it" in caught.value.next_step
    holder.stdin.write("\n")
    holder.stdin.flush()
    with open_writer(working, wait_seconds=20) as con:
        assert con.execute("SELECT 1").fetchone() == (1,)


def test_a_damaged_working_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    working = tmp_path / "warehouse.duckdb"
    working.write_bytes(b"no database" * 1000)
    with pytest.raises(WarehouseError, match=r"warehouse\.duckdb cannot be opened.*delete it"):
        open_writer(working, wait_seconds=0.2)


_LOAD_AND_WAIT = """
import sys, time
from pathlib import Path
from upath import UPath
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse import load, table_scan
from qwenocr_assets.warehouse.publish import working_file

def wait(*_):  # rows are deleted and inserted, the log is not written yet
    print("inside", flush=True)
    time.sleep(60)

load.record = wait
data = DataFolder(UPath(sys.argv[1]))
load.load_changes(data, working_file(data))
"""


def test_a_loader_killed_inside_its_transaction_leaves_the_file_as_it_was(
    data: DataFolder, put_lines: PutLines, start: Start
) -> None:
    put_lines("b1", 3)
    load_changes(data, working_file(data))
    before = content(working_file(data))
    put_lines("b1", 20_000)
    put_lines("b2", 20_000)
    loader = start(_LOAD_AND_WAIT, data.root)
    assert loader.stdout is not None
    assert loader.stdout.readline() == "inside\n"
    loader.kill()
    loader.wait()
    assert content(working_file(data)) == before
    assert load_changes(data, working_file(data)).batches_loaded == ("b1", "b2")
    assert lines_by_batch(working_file(data)) == {"b1": 20_000, "b2": 20_000}


def test_duckdbs_own_failure_is_told_and_leaves_the_file_as_it_was(
    data: DataFolder, put_lines: PutLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_lines("b1", 3)
    load_changes(data, working_file(data))
    put_lines("b1", 9)

    def full(con: duckdb.DuckDBPyConnection, *_: object) -> None:
        con.execute("SELECT error('Could not write: no space left on device')").fetchall()

    monkeypatch.setattr(load, "record", full)
    with pytest.raises(WarehouseError, match="no space left"):
        load_changes(data, working_file(data))
    assert lines_by_batch(working_file(data)) == {"b1": 3}


_LOAD_WITHOUT_ROOM = """
import resource, sys
from upath import UPath
from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.publish import working_file

data = DataFolder(UPath(sys.argv[1]))
limit = working_file(data).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # the kernel refuses to write more, as on a full disk
try:
    load_changes(data, working_file(data))
except WarehouseError as error:
    print(error.message.replace("\\n", " "), "|", error.next_step, flush=True)
"""


def test_no_room_to_load_is_told_and_leaves_the_file_as_it_was(
    data: DataFolder, put: Put, start: Start
) -> None:
    put("text_lines", "b1", {"text": "before"})
    load_changes(data, working_file(data))
    put("text_lines", "b2", *({"line_index": i, "text": f"{i * 7919:x}" * 9} for i in range(60_000)))
    loader = start(_LOAD_WITHOUT_ROOM, data.root)
    out, _ = loader.communicate()
    assert "failed" in out
    assert "free disk space" in out
    assert rows(working_file(data), "SELECT text FROM core.text_lines") == [("before",)]
    assert load_changes(data, working_file(data)).rows_by_table["text_lines"] == 60_001
