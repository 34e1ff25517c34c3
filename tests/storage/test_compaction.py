"""Many small table files into few: the same rows, whatever happens on the way."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from upath import UPath

from qwenocr_assets.schemas import FORMULAS, PAGES
from qwenocr_assets.storage import compaction
from qwenocr_assets.storage.compacted_files import compacted_batches, compacted_files
from qwenocr_assets.storage.compaction import compact, remove_batch
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_all_batches, read_table, write_table
from qwenocr_assets.storage.vacuum import vacuum_pages

LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(UPath(tmp_path))


def put(data: DataFolder, batch: str, latex: str, rows: int = 2) -> None:
    trace = {"batch_id": batch, "document_id": "d", "page_id": "p", "task": "t", "request_key": "k"}
    write_table(
        data,
        FORMULAS,
        batch,
        [{**trace, "formula_index": n, "display": True, "latex": f"{latex} {n}"} for n in range(rows)],
    )


def put_many(data: DataFolder, count: int = 20) -> dict[str, list[dict[str, Any]]]:
    """So many batches, one of them empty; returns their rows."""
    for n in range(count):
        put(data, f"b{n:02}", "x", rows=0 if n == 3 else 1 + n % 3)
    return content(data, count)


def content(data: DataFolder, count: int = 20) -> dict[str, list[dict[str, Any]]]:
    return {f"b{n:02}": read_table(data, FORMULAS, f"b{n:02}") for n in range(count)}


def names(data: DataFolder) -> list[str]:
    return sorted(p.name for p in data.table_folder("formulas").iterdir())


def test_batches_are_read_as_before(data: DataFolder) -> None:
    before = put_many(data)
    [done] = compact(data, [FORMULAS], now=LATER)
    assert (done.table, done.files_before, done.files_after) == ("formulas", 20, 1)
    assert names(data) == ["compacted-000001.parquet"]
    assert content(data) == before
    assert list(compacted_batches(data.table_folder("formulas"))) == list(before)


def test_all_batches_at_once_have_each_batch_once(data: DataFolder) -> None:
    assert read_all_batches(data, FORMULAS) == []
    put_many(data)
    compact(data, [FORMULAS], now=LATER)
    put(data, "b05", "again")
    put(data, "b99", "new")
    expected = [row for n in (*range(20), 99) for row in read_table(data, FORMULAS, f"b{n:02}")]
    assert read_all_batches(data, FORMULAS) == expected
    again = pc.field("latex") == expected[-1]["latex"]
    assert read_all_batches(data, FORMULAS, ["batch_id"], again) == [
        {"batch_id": row["batch_id"]} for row in expected if row["latex"] == expected[-1]["latex"]
    ]


@pytest.mark.parametrize(
    ("count", "now", "left"),
    [
        pytest.param(15, LATER, 15, id="too few to be worth it"),
        pytest.param(20, datetime.now(UTC), 20, id="not settled"),
        pytest.param(20, LATER, 1, id="settled"),
    ],
)
def test_only_many_settled_files_are_put_together(
    data: DataFolder, count: int, now: datetime, left: int
) -> None:
    put_many(data, count)
    compact(data, [FORMULAS], now=now)
    assert len(names(data)) == left


def test_a_batch_written_again_counts_before_the_compacted_one(data: DataFolder) -> None:
    put_many(data)
    compact(data, [FORMULAS], now=LATER)
    put(data, "b05", "new")
    assert [r["latex"] for r in read_table(data, FORMULAS, "b05")] == ["new 0", "new 1"]
    put_many_more = [f"c{n:02}" for n in range(20)]
    for batch in put_many_more:
        put(data, batch, "y")
    compact(data, [FORMULAS], now=LATER)
    assert names(data) == ["compacted-000002.parquet"], "a file that is not full is taken in"
    assert [r["latex"] for r in read_table(data, FORMULAS, "b05")] == ["new 0", "new 1"]
    assert len(compacted_batches(data.table_folder("formulas"))) == 40


def test_full_files_are_left_alone(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_FULL_ROWS", 10)
    before = put_many(data)
    compact(data, [FORMULAS], now=LATER)
    files = names(data)
    assert len(files) > 2
    assert content(data) == before
    monkeypatch.setattr(compaction, "_LEAST_FILES", 1)
    put(data, "b99", "z")
    compact(data, [FORMULAS], now=LATER)
    assert files[0] in names(data)
    assert content(data) == before


@pytest.mark.parametrize("step", ["write_compacted", "_remove_unless_written"])
def test_killed_on_the_way_nothing_is_lost_and_the_next_one_tidies_up(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = put_many(data)
    real: Callable[..., Any] = getattr(compaction, step)
    calls = 0

    def killed(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if step == "write_compacted" or calls == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(compaction, step, killed)
        with pytest.raises(KeyboardInterrupt):
            compact(data, [FORMULAS], now=LATER)
    assert content(data) == before
    compact(data, [FORMULAS], now=LATER)
    assert content(data) == before
    assert len(names(data)) == 1


def test_a_file_that_is_written_meanwhile_stays(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    put_many(data)
    real = compaction.write_compacted

    def write(*arguments: Any) -> Any:
        put(data, "b07", "meanwhile")
        return real(*arguments)

    monkeypatch.setattr(compaction, "write_compacted", write)
    compact(data, [FORMULAS], now=LATER)
    assert names(data) == ["b07.parquet", "compacted-000001.parquet"]
    assert read_table(data, FORMULAS, "b07")[0]["latex"] == "meanwhile 0"


def test_files_from_before_a_column_get_null_and_others_that_do_not_fit_stay(data: DataFolder) -> None:
    put_many(data)
    folder = Path(data.table_folder("formulas").path)
    pq.write_table(pq.read_table(folder / "b01.parquet").drop_columns(["problem"]), folder / "b01.parquet")
    pq.write_table(pq.read_table(folder / "b02.parquet").drop_columns(["latex"]), folder / "b02.parquet")
    compact(data, [FORMULAS], now=LATER)
    assert names(data) == ["b02.parquet", "compacted-000001.parquet"]
    assert read_table(data, FORMULAS, "b01")[0]["problem"] is None


def test_a_batch_is_removed_from_wherever_it_lies(data: DataFolder) -> None:
    put_many(data)
    compact(data, [FORMULAS], now=LATER)
    before = content(data)
    put(data, "own", "x")
    for batch in ("own", "b04"):
        remove_batch(data, [FORMULAS], batch)
        assert read_table(data, FORMULAS, batch) == []
    assert {b: r for b, r in content(data).items() if b != "b04"} == {
        b: r for b, r in before.items() if b != "b04"
    }
    for batch in before:
        remove_batch(data, [FORMULAS], batch)
    assert compacted_files(data.table_folder("formulas")) == []


def put_page(data: DataFolder, sha256: str, batch: str | None, days_old: float) -> Path:
    path = Path(data.page_image(sha256, ".png").path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    when = (datetime.now(UTC) - timedelta(days=days_old)).timestamp()
    os.utime(path, (when, when))
    if batch:
        page = {"document_id": "d", "page_id": "p", "page_number": 1, "status": "ready", "sha256": sha256}
        write_table(data, PAGES, batch, [{"batch_id": batch, **page}])
    return path


def test_pages_that_nothing_refers_to_are_listed_and_deleted_only_when_asked(data: DataFolder) -> None:
    used = put_page(data, "aa1", "b1", days_old=30)
    gone = put_page(data, "aa2", None, days_old=30)
    young = put_page(data, "bb3", None, days_old=1)
    looked = vacuum_pages(data)
    assert ([p.name for p in looked.unreferenced], looked.size_bytes, looked.kept) == (["aa2.png"], 5, 2)
    assert gone.exists()
    assert vacuum_pages(data, delete=True).deleted
    assert [p.exists() for p in (used, gone, young)] == [True, False, True]
    assert vacuum_pages(data).unreferenced == ()


def test_pages_in_compacted_files_are_referred_to(data: DataFolder) -> None:
    pages = [put_page(data, f"a{n:02}", f"b{n:02}", days_old=30) for n in range(20)]
    compact(data, [PAGES], now=LATER)
    assert len(compacted_files(data.table_folder("pages"))) == 1
    vacuum_pages(data, delete=True)
    assert all(page.exists() for page in pages)


def test_an_empty_data_folder_needs_neither(data: DataFolder) -> None:
    assert compact(data, [FORMULAS]) == []
    assert vacuum_pages(data).unreferenced == ()
