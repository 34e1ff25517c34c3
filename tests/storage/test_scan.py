"""Which file counts for a batch: whatever was written, compacted, and written again, each batch is there once."""

import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.schemas import FORMULAS, PAGES
from qwenocr_assets.storage import compaction
from qwenocr_assets.storage import scan as scanning
from qwenocr_assets.storage.compaction import compact, remove_batch
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.scan import batch_files, scan
from qwenocr_assets.storage.table_files import count_rows, read_all_batches, read_table, write_table
from qwenocr_assets.storage.vacuum import vacuum_pages
from qwenocr_assets.warehouse.table_scan import find_table_files

LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(UPath(tmp_path))


def put(data: DataFolder, batch: str, *texts: str) -> None:
    trace = {"batch_id": batch, "document_id": "d", "page_id": "p", "task": "t", "request_key": "k"}
    rows = [{**trace, "formula_index": n, "display": True, "latex": text} for n, text in enumerate(texts)]
    write_table(data, FORMULAS, batch, rows)


@pytest.fixture
def compact_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_LEAST_FILES", 1)


BATCHES = st.sampled_from(["2024", "b", "compacted-0a1b2c3d4e5f", "compacted-123456789012", "zoë"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), BATCHES, st.lists(st.sampled_from("xyz"), max_size=3)),
        st.tuples(st.just("remove"), BATCHES, st.just([])),
        st.tuples(st.just("compact"), st.just(""), st.just([])),
        st.tuples(st.just("compact, killed before it removes"), st.just(""), st.just([])),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_what_was_written_last_is_there_once(steps: list[tuple[str, str, list[str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "_LEAST_FILES", 1)
        data = DataFolder(UPath(folder))
        written: dict[str, list[str]] = {}
        for hour, (what, batch, texts) in enumerate(steps):
            if what == "write":
                put(data, batch, *texts)
                os.utime(data.table_file("formulas", batch), (hour * 3600, hour * 3600))
                written[batch] = texts
            elif what == "remove":
                remove_batch(data, [FORMULAS], batch)
                written.pop(batch, None)
            else:
                with patch.context() as killing:
                    if what != "compact":
                        killing.setattr(compaction, "_remove_unless_written", lambda *_: None)
                    compact(data, [FORMULAS], now=LATER)
            assert read_all_batches(data, FORMULAS, keep=True) == read_all_batches(data, FORMULAS)
        everything = read_all_batches(data, FORMULAS, ["batch_id", "latex"])
        assert list(batch_files(data, FORMULAS)) == sorted(written)
        assert [f.batch_id for f in find_table_files(data, [FORMULAS])] == sorted(written)
        for batch, texts in written.items():
            assert [row["latex"] for row in everything if row["batch_id"] == batch] == texts
            assert [row["latex"] for row in read_table(data, FORMULAS, batch)] == texts
            assert scan(data, FORMULAS, ["latex"], batch_ids=[batch])["latex"].to_pylist() == texts
            assert count_rows(data, FORMULAS, batch) == len(texts)
        assert len(everything) == sum(map(len, written.values()))


def test_a_table_without_files_has_its_columns_and_no_rows(data: DataFolder) -> None:
    found = scan(data, FORMULAS, ["latex", "display"], pc.field("latex") == "x")
    assert (found.num_rows, found.column_names) == (0, ["latex", "display"])
    assert scan(data, FORMULAS).column_names == list(FORMULAS.column_names)


@pytest.mark.usefixtures("compact_any")
def test_columns_that_are_younger_than_a_file_are_null_wherever_it_lies(data: DataFolder) -> None:
    for batch in ("old", "older"):
        put(data, batch, "x")
        path = data.table_file("formulas", batch).path
        pq.write_table(pq.read_table(path).drop_columns(["problem"]), path)
        assert scan(data, FORMULAS, ["problem"])["problem"].to_pylist() == [None] * (1 + (batch == "older"))
        compact(data, [FORMULAS], now=LATER)
    assert scan(data, FORMULAS, ["problem"])["problem"].to_pylist() == [None, None]


@pytest.mark.usefixtures("compact_any")
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_compaction_meanwhile_hides_no_batch(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """It moves every file between looking where they are and reading them; at some point nobody waits any more."""
    put(data, "a", "x")
    real: Callable[..., Any] = scanning._read
    left = times

    def overtaken(*arguments: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            put(data, f"new {left}", "y")
            compact(data, [FORMULAS], now=LATER)
        return real(*arguments)

    monkeypatch.setattr(scanning, "_read", overtaken)
    if times < 3:
        assert len(scan(data, FORMULAS)) == 1 + times
    else:
        with pytest.raises(StorageError, match="formulas"):
            scan(data, FORMULAS)


@pytest.mark.usefixtures("compact_any")
def test_a_compaction_while_files_are_listed_hides_no_batch(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(data, "a", "x")
    real = scanning.own_files

    def overtaken(folder: UPath) -> list[UPath]:
        found = real(folder)
        compact(data, [FORMULAS], now=LATER)
        return found

    monkeypatch.setattr(scanning, "own_files", overtaken)
    assert list(batch_files(data, FORMULAS)) == ["a"]


def test_a_damaged_file_is_named_and_nothing_is_vacuumed(data: DataFolder) -> None:
    write_table(data, PAGES, "a", [])
    Path(data.table_file("pages", "b").path).write_bytes(b"PAR1 torn")
    image = Path(data.page_image("aa1", ".png").path)
    image.parent.mkdir(parents=True)
    image.write_bytes(b"12345")
    with pytest.raises(StorageError, match=r"b\.parquet"):
        vacuum_pages(data, delete=True, now=LATER)
    assert image.exists()


@pytest.mark.usefixtures("compact_any")
def test_images_that_only_an_outdated_row_refers_to_are_unreferenced(data: DataFolder) -> None:
    page = {"batch_id": "b", "document_id": "d", "page_id": "p", "page_number": 1, "status": "ready"}
    for sha256 in ("aa1", "aa2"):
        image = Path(data.page_image(sha256, ".png").path)
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(b"12345")
        write_table(data, PAGES, "b", [{**page, "sha256": sha256}])
        if sha256 == "aa1":
            compact(data, [PAGES], now=LATER)
    assert [path.name for path in vacuum_pages(data, now=LATER).unreferenced] == ["aa1.png"]
