"""Compacted table files load like the batches' own, and compacting alone changes nothing in the warehouse."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.compaction import compact, remove_batch
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.publish import working_file

Put = Callable[..., Path]


def lines(data: DataFolder, working: Path) -> list[tuple[object, ...]]:
    load_changes(data, working)
    with open_writer(working) as con:
        return con.execute("SELECT batch_id, line_index, text FROM core.text_lines ORDER BY ALL").fetchall()


def put_many(put: Put) -> None:
    for n in range(20):
        put("text_lines", f"b{n:02}", *({"line_index": i, "text": f"{n}"} for i in range(n % 4)))


def compact_all(data: DataFolder) -> None:
    compact(data, TABLES.values(), now=datetime.now(UTC) + timedelta(days=2))
    assert [p.name for p in data.table_folder("text_lines").iterdir()] == ["compacted-000001.parquet"]


def test_compacting_loads_nothing_anew(data: DataFolder, put: Put) -> None:
    put_many(put)
    before = lines(data, working_file(data))
    compact_all(data)
    assert not load_changes(data, working_file(data)).changed
    assert lines(data, working_file(data)) == before


def test_a_rebuild_from_compacted_files_gives_the_same(data: DataFolder, put: Put, tmp_path: Path) -> None:
    put_many(put)
    before = lines(data, working_file(data))
    compact_all(data)
    assert lines(data, tmp_path / "rebuilt.duckdb") == before


def test_what_is_written_again_or_removed_after_compacting_is_seen(
    data: DataFolder, put: Put, tmp_path: Path
) -> None:
    put_many(put)
    lines(data, working_file(data))
    compact_all(data)
    put("text_lines", "b05", {"text": "new"})
    remove_batch(data, TABLES.values(), "b06")
    report = load_changes(data, working_file(data))
    assert (report.batches_loaded, report.batches_removed) == (("b05",), ("b06",))
    after = lines(data, working_file(data))
    assert ("b05", 0, "new") in after
    assert not [row for row in after if row[0] == "b06"]
    assert lines(data, tmp_path / "rebuilt.duckdb") == after
