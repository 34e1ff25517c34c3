"""The published warehouse in a bucket: versions that are never overwritten, and a pointer that only moves forwards."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.errors import Overtaken, WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import open_reader, open_writer
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.places import published as publishing
from qwenocr_assets.warehouse.places.published import (
    KEPT,
    address,
    is_published,
    published_file,
    read_pointer,
    remove_old_versions,
)
from qwenocr_assets.warehouse.publish import publish, working_file
from qwenocr_assets.warehouse.query import run_query

PutLines = Callable[[str, int], Path]


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """From now on this is the named machine: it has a cache, and so a working file, of its own."""
    return lambda machine: monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / machine))


@pytest.fixture
def data(bucket: UPath, on: Callable[[str], None]) -> DataFolder:
    on("A")
    return DataFolder(bucket)


def load(data: DataFolder) -> None:
    load_changes(data, working_file(data))


def working_file_changed(data: DataFolder) -> None:
    """Publish a working file that has changed, but not by a load."""
    with open_writer(working_file(data)) as con:
        con.execute("UPDATE ops.load_log SET sha256 = 'another'")
    publish(working_file(data), data)


def lines(data: DataFolder) -> list[tuple[str, int]]:
    sql = "SELECT batch_id, count(*) FROM core.text_lines GROUP BY ALL ORDER BY ALL"
    return [(b, int(n)) for b, n in run_query(published_file(data), sql).rows]


def test_what_is_published_is_read_anywhere_and_downloaded_once(
    data: DataFolder, put_lines: PutLines, on: Callable[[str], None]
) -> None:
    assert not is_published(data)
    with pytest.raises(WarehouseError, match=r"no warehouse at s3://.*warehouse.json yet"):
        published_file(data)
    put_lines("b1", 3)
    load(data)
    assert publish(working_file(data), data)
    assert not publish(working_file(data), data)
    on("B")
    assert lines(data) == [("b1", 3)]
    pointer = read_pointer(data)
    assert pointer is not None
    assert (pointer.rows, pointer.size_bytes) == (3, published_file(data).stat().st_size)
    assert address(data) == f"{data.root}/warehouse/{pointer.sha256}.duckdb"
    before = published_file(data).stat().st_ino
    assert published_file(data).stat().st_ino == before


def test_a_slower_loader_does_not_put_an_older_state_over_a_newer_one(
    data: DataFolder, put_lines: PutLines, on: Callable[[str], None]
) -> None:
    put_lines("b1", 3)
    load(data)  # A has loaded, and takes its time
    on("B")
    put_lines("b2", 2)
    load(data)
    assert publish(working_file(data), data)
    on("A")
    with pytest.raises(Overtaken):
        publish(working_file(data), data)
    assert lines(data) == [("b1", 3), ("b2", 2)]
    put_lines("b3", 1)
    load(data)  # again, and this time nobody comes between
    assert publish(working_file(data), data)
    assert lines(data) == [("b1", 3), ("b2", 2), ("b3", 1)]
    on("B")
    with pytest.raises(Overtaken):  # that it has published before is no right to do it again
        working_file_changed(data)
    assert lines(data) == [("b1", 3), ("b2", 2), ("b3", 1)]


def test_the_same_state_is_not_published_by_each_machine(
    data: DataFolder, put_lines: PutLines, on: Callable[[str], None]
) -> None:
    put_lines("b1", 3)
    load(data)
    assert publish(working_file(data), data)
    before = read_pointer(data)
    on("B")
    load(data)
    assert not publish(working_file(data), data)
    assert read_pointer(data) == before


def test_a_reader_keeps_what_it_has_opened_and_the_next_sees_the_new(
    data: DataFolder, put_lines: PutLines
) -> None:
    put_lines("b1", 3)
    load(data)
    publish(working_file(data), data)
    with open_reader(published_file(data)) as con:
        put_lines("b2", 2)
        load(data)
        publish(working_file(data), data)
        assert con.execute("SELECT count(*) FROM core.text_lines").fetchall() == [(3,)]
    assert lines(data) == [("b1", 3), ("b2", 2)]


def test_versions_are_removed_a_while_after_they_were_replaced(data: DataFolder, put_lines: PutLines) -> None:
    for number in range(3):
        put_lines(f"b{number}", 1)
        load(data)
        publish(working_file(data), data)
    folder = data.root / "warehouse"
    assert len(list(folder.iterdir())) == 3
    assert remove_old_versions(data, datetime.now(UTC) + KEPT - timedelta(minutes=5)) == 0
    assert remove_old_versions(data, datetime.now(UTC) + KEPT + timedelta(minutes=5)) == 2
    pointer = read_pointer(data)
    assert pointer is not None
    folder.fs.invalidate_cache()
    assert [path.name for path in folder.iterdir()] == [f"{pointer.sha256}.duckdb"]


@pytest.mark.parametrize("broken", ["pointer", "version gone", "version altered"])
def test_what_cannot_be_read_says_so_with_the_way_out(
    data: DataFolder, put_lines: PutLines, broken: str
) -> None:
    put_lines("b1", 1)
    load(data)
    publish(working_file(data), data)
    pointer = read_pointer(data)
    assert pointer is not None
    version = data.warehouse_version(pointer.sha256)
    {
        "pointer": lambda: data.warehouse_pointer.write_text("{}"),
        "version gone": version.unlink,
        "version altered": lambda: version.write_bytes(b"another"),
    }[broken]()
    with pytest.raises(WarehouseError, match="rebuild"):
        published_file(data)


def test_a_version_that_nobody_opens_makes_room(
    data: DataFolder, put_lines: PutLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_KEPT_HERE_SECONDS", -1)
    for number in range(2):
        put_lines(f"b{number}", 1)
        load(data)
        publish(working_file(data), data)
        published_file(data)
    assert len(list(published_file(data).parent.glob("*.duckdb"))) == 1
