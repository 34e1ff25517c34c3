"""Only what has changed is built again, and the result is that of building everything anew."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.build import Change, build_models
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import Model
from qwenocr_assets.warehouse.publish import publish, working_file

Put = Callable[..., Path]
At = Callable[[int], datetime]


def changes(data: DataFolder, models: dict[str, Model]) -> dict[str, Change]:
    load_changes(data, working_file(data))
    with open_writer(working_file(data)) as con:
        return {name: result.change for name, result in build_models(con, models).items()}


def put_document(put: Put, batch: str, document: str, lines: int, hour: int = 0) -> None:
    """A document of one page, with so many lines and list elements."""
    page = {"page_id": f"{document}-p1"}
    put("documents", batch, {"document_id": document, "name": f"{document}.png"})
    put("pages", batch, page)
    put("ocr_responses", batch, {**page, "answered_at": datetime(2026, 1, 1, hour)})
    put("text_lines", batch, *({**page, "line_index": n, "text": f"{batch} {n}"} for n in range(lines)))
    put(
        "key_values",
        batch,
        *({**page, "path": f"a[{n}]", "list_index": n, "value": f"{batch} {n}"} for n in range(lines)),
    )


def test_what_has_not_changed_is_not_built_and_not_published(
    data: DataFolder, put: Put, models: dict[str, Model]
) -> None:
    put_document(put, "b1", "d1", 3)
    assert set(changes(data, models).values()) == {Change.REBUILT}
    assert publish(working_file(data), data)
    assert set(changes(data, models).values()) == {Change.UNCHANGED}
    assert not publish(working_file(data), data)


def test_a_new_batch_extends_the_incremental_models_only_by_its_documents(
    data: DataFolder, put: Put, models: dict[str, Model]
) -> None:
    put_document(put, "b1", "d1", 3)
    changes(data, models)
    with open_writer(working_file(data)) as con:  # a mark that only rows that are left alone can keep
        con.execute("UPDATE marts.page_text SET text = 'left alone'")
    put_document(put, "b2", "d2", 1)
    changed = changes(data, models)
    assert {n for n, c in changed.items() if c is Change.APPENDED} == {
        n for n, m in models.items() if m.materialized == "incremental"
    }
    with open_writer(working_file(data)) as con:
        found = con.execute("SELECT document_id, text FROM marts.page_text ORDER BY 1").fetchall()
    assert found == [("d1", "left alone"), ("d2", "b2 0")]


def test_a_model_is_built_again_only_when_what_it_reads_has_changed(
    data: DataFolder, put: Put, models: dict[str, Model]
) -> None:
    put_document(put, "b1", "d1", 3)
    put("formulas", "b1", {"latex": "a"})
    changes(data, models)
    put("formulas", "b1", {"latex": "b"})
    changed = changes(data, models)
    assert changed["stg_formulas"] is Change.FOLLOWED
    assert changed["documents_overview"] is Change.REBUILT


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("select 1 as a", "select 1 as a", Change.UNCHANGED, id="the same"),
        pytest.param("select 1 as a", "select 2 as a", Change.REBUILT, id="other SQL"),
        pytest.param("select now() as a", "select now() as a", Change.REBUILT, id="reads the clock"),
        pytest.param("select random() as a", "select random() as a", Change.REBUILT, id="rolls dice"),
        pytest.param("select 'now' as a", "select 'now' as a", Change.UNCHANGED, id="only says so"),
        pytest.param(
            "-- now\nselect 1 as a", "-- now\nselect 1 as a", Change.UNCHANGED, id="a comment says so"
        ),
    ],
)
def test_a_change_of_the_sql_is_seen(before: str, after: str, expected: Change) -> None:
    def model(sql: str) -> dict[str, Model]:
        return {"m": Model("m", Path("m.sql"), "marts", "table", sql, sql, (), ())}

    with duckdb.connect() as con:
        build_models(con, model(before))
        assert build_models(con, model(after))["m"].change is expected


def test_a_change_upstream_is_seen_through_a_view() -> None:
    def models(value: int) -> dict[str, Model]:
        a = Model("a", Path("a.sql"), "staging", "view", "", f"select {value} as a", (), ())
        b = Model("b", Path("b.sql"), "marts", "table", "", "select a from staging.a", ("a",), ())
        return {"a": a, "b": b}

    with duckdb.connect() as con:
        build_models(con, models(1))
        build_models(con, models(2))
        assert con.execute("SELECT a FROM marts.b").fetchall() == [(2,)]


_STEP = st.tuples(
    st.sampled_from(["b1", "b2", "b3"]),
    st.sampled_from(["d1", "d2"]),
    st.none() | st.integers(0, 3),  # None removes the batch
    st.integers(0, 5),
)


@pytest.mark.slow
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_STEP, min_size=1, max_size=2), min_size=2, max_size=4))
def test_step_by_step_gives_what_building_anew_gives(
    data: DataFolder,
    put: Put,
    models: dict[str, Model],
    loads: list[list[tuple[str, str, int | None, int]]],
) -> None:
    """A document may lie in several batches, change its batch, lose its lines, or go."""
    shutil.rmtree(data.root.path, ignore_errors=True)
    for steps in loads:
        for batch, document, lines, hour in steps:
            if lines is None:
                for table in ("documents", "pages", "ocr_responses", "text_lines", "key_values"):
                    data.table_file(table, batch).unlink(missing_ok=True)
            else:
                put_document(put, batch, document, lines, hour)
        changes(data, models)
    step_by_step = content(working_file(data), models)
    working_file(data).unlink()
    changes(data, models)
    assert content(working_file(data), models) == step_by_step


def content(working: Path, models: dict[str, Model]) -> dict[str, list[tuple[Any, ...]]]:
    with open_writer(working) as con:
        return {
            name: con.execute(f"SELECT * FROM {model.relation} ORDER BY ALL").fetchall()
            for name, model in models.items()
        }
