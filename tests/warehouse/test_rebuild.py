"""The whole warehouse anew, from the table files alone."""

from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pytest

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse import rebuild as rebuilding
from qwenocr_assets.warehouse.build import build_models
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import Model
from qwenocr_assets.warehouse.publish import publish, working_file
from qwenocr_assets.warehouse.rebuild import Rebuilt
from qwenocr_assets.warehouse.rebuild import rebuild as rebuild_only
from qwenocr_assets.warehouse.result_schemas import ResultSchema

Put = Callable[..., Path]


def put_batch(put: Put, batch: str, lines: int) -> None:
    page = {"page_id": f"d{batch}-p1"}
    put("documents", batch, {"document_id": f"d{batch}", "name": batch})
    put("pages", batch, page)
    put("text_lines", batch, *({**page, "line_index": n} for n in range(lines)))
    put("key_values", batch, {**page, "path": "a[0]", "list_index": 0, "value": "x"})


def rebuild(data: DataFolder, models: Path, schemas: Iterable[ResultSchema] = ()) -> Rebuilt:
    """As the command does it."""
    made = rebuild_only(data, models, schemas)
    publish(working_file(data), data)
    return made


def content(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables and views, but when they were loaded and built."""
    with duckdb.connect(str(file), read_only=True) as con:
        names = con.execute(
            "SELECT schema_name, table_name FROM duckdb_columns() WHERE NOT internal GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        return {
            f"{schema}.{name}": con.execute(
                f"SELECT COLUMNS(lambda c: c NOT IN ('loaded_at', 'built_at')) FROM {schema}.{name} ORDER BY ALL"
            ).fetchall()
            for schema, name in names
            if schema != "search"  # the folded texts, made of marts.page_text
        }


def test_a_rebuild_gives_the_same_content(data: DataFolder, put: Put, models: dict[str, Model]) -> None:
    for changes in ((("b1", 3), ("b2", 2)), (("b2", 5), ("b3", 1))):
        for batch, lines in changes:
            put_batch(put, batch, lines)
        load_changes(data, working_file(data))
        with open_writer(working_file(data)) as con:
            build_models(con, models)
        publish(working_file(data), data)
    before = content(Path(data.warehouse.path))
    assert len(before["core.text_lines"]) == 9
    made = rebuild(data, MODELS, Environment.load().result_schemas)
    assert (made.load.batches_loaded, made.models, made.failed_tests) == (("b1", "b2", "b3"), len(models), ())
    assert content(Path(data.warehouse.path)) == before
    assert not publish(working_file(data), data), "the next run has nothing to do"


def test_a_rebuild_needs_no_sound_working_file(data: DataFolder, put: Put) -> None:
    put_batch(put, "b1", 3)
    working_file(data).parent.mkdir(parents=True)
    working_file(data).write_bytes(b"no database" * 1000)
    rebuild(data, MODELS)
    assert len(content(Path(data.warehouse.path))["core.text_lines"]) == 3


def test_a_rebuild_that_fails_leaves_everything_as_it_was(data: DataFolder, put: Put) -> None:
    put_batch(put, "b1", 3)
    rebuild(data, MODELS)
    before = content(Path(data.warehouse.path))
    put("text_lines", "b2", {}).write_bytes(b"torn")
    with pytest.raises(WarehouseError, match=r"b2\.parquet is not a readable Parquet file"):
        rebuild(data, MODELS)
    assert content(Path(data.warehouse.path)) == before
    assert not working_file(data).with_name("rebuilt.duckdb").exists()


def test_a_rebuild_waits_for_the_writer(
    data: DataFolder, put: Put, monkeypatch: pytest.MonkeyPatch, start: Callable[..., object]
) -> None:
    put_batch(put, "b1", 3)
    rebuild(data, MODELS)
    holder = start(
        "import sys, duckdb\ncon = duckdb.connect(sys.argv[1])\nprint('held', flush=True)\nsys.stdin.readline()",
        working_file(data),
    )
    assert holder.stdout.readline() == "held\n"  # type: ignore[attr-defined]
    monkeypatch.setattr(rebuilding, "open_writer", lambda working: open_writer(working, wait_seconds=0.3))
    with pytest.raises(WarehouseError, match="held by another process"):
        rebuild(data, MODELS)
