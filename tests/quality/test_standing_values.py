"""What people said over what the model said, as a table, and the same out of `staging.stg_key_values`."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.quality.standing_values import standing_values
from qwenocr_assets.review.places import read_place
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.tables.typed_values import typed_value
from qwenocr_assets.tables.values.notation import Notation
from qwenocr_assets.warehouse.build import build_models
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import load_models
from tests.warehouse.conftest import filled

KIE = "key_information_extraction"
Said = tuple[str, str, str | None, str | None, int]
"""Place, action, the model's value the person saw, theirs, and the minute they said it."""


def typed(value: str | None, notation: Notation) -> dict[str, Any]:
    found = typed_value(value or "", notation)
    return {
        "value_type": "null" if value is None else found.type,
        "value_number": found.number,
        "value_date": found.day,
        "currency": found.currency,
        "value_boolean": found.truth,
    }


def model_row(page: str, path: str, value: str | None, notation: Notation = Notation()) -> dict[str, Any]:  # noqa: B008  frozen
    place = read_place(path)
    assert place is not None
    row = {
        "page_id": page, "task": KIE, "path": path, "value": value, "key": place.key,
        "parent_path": place.parent_path, "list_index": place.list_index, **typed(value, notation),
    }  # fmt: skip
    return filled(TABLES["key_values"], "b1", row)


def said_row(page: str, said: Said, number: int) -> dict[str, Any]:
    path, action, model_value, human_value, minute = said
    place = read_place(path)
    assert place is not None
    return {
        "batch_id": "b1", "document_id": page.partition("-")[0], "page_id": page, "task": KIE,
        "correction_id": f"c{number:03}", "action": action, "model_value": model_value, "human_value": human_value,
        "reviewed_because": "queue", "corrected_by": "mika", "corrected_at": datetime(2026, 1, 1, 0, minute),
        "source_file": "back.csv", "source_sha256": "5a",
        "place": place.text, "key": place.key, "parent_path": place.parent_path, "list_index": place.list_index,
        **typed(human_value, Notation(decimal=",")),
    }  # fmt: skip


CASES: dict[str, tuple[dict[str, str | None], list[Said], dict[str, str | None]]] = {
    "nobody said anything": ({"total": "1"}, [], {"total": "1"}),
    "corrected": ({"total": "1", "tax": "2"}, [("total", "corrected", "1", "3", 0)], {"total": "3", "tax": "2"}),
    "confirmed": ({"total": "1.500"}, [("total", "confirmed", "1.500", "1.500", 0)], {"total": "1.500"}),
    "absent": ({"total": "1"}, [("total", "absent", "1", None, 0)], {"total": None}),
    "where the answer has nothing": ({"due": None}, [("due", "added", None, "2026-12-01", 0)], {"due": "2026-12-01"}),
    "added": ({"total": "1"}, [("due", "added", None, "1,50", 0)], {"total": "1", "due": "1,50"}),
    "an element added": ({}, [("items[0].a", "added", None, "9", 0)], {"items[0].a": "9"}),
    "the newest stands": (
        {"total": "1"}, [("total", "corrected", "1", "8", 5), ("total", "corrected", "1", "7", 4)], {"total": "8"},
    ),
    "of the same minute the last id": (
        {"total": "1"}, [("total", "corrected", "1", "8", 5), ("total", "corrected", "1", "7", 5)], {"total": "7"},
    ),
    "the newest takes an addition back": (
        {}, [("due", "added", None, "1", 0), ("due", "absent", None, None, 1)], {},
    ),
    "the model says another value": ({"total": "2"}, [("total", "corrected", "1", "3", 0)], {"total": "3"}),
    "the model has it no more": ({}, [("total", "corrected", "1", "3", 0)], {"total": "3"}),
    "the model now says what the person said": ({"total": "3"}, [("total", "corrected", "1", "3", 0)], {"total": "3"}),
    "an element": ({"items[0].a": "1"}, [("items[0].a", "corrected", "1", "3", 0)], {"items[0].a": "3"}),
    "an element, another now": ({"items[0].a": "2"}, [("items[0].a", "corrected", "1", "3", 0)], {"items[0].a": "2"}),
    "an element, gone": ({}, [("items[0].a", "corrected", "1", "3", 0)], {}),
    "an element added, and then the model has one": (
        {"items[0].a": "2"}, [("items[0].a", "added", None, "9", 0)], {"items[0].a": "2"},
    ),
    "a cell": ({"total": "1"}, [("table 0 row 1 column 2", "corrected", "a", "b", 0)], {"total": "1"}),
}  # fmt: skip
"""What the model says, what people said, what stands."""


@pytest.mark.parametrize(("model", "said", "stands"), CASES.values(), ids=CASES)
def test_what_stands(model: dict[str, str | None], said: list[Said], stands: dict[str, str | None]) -> None:
    rows = [model_row("d1-p1", path, value) for path, value in model.items()]
    found = standing_values(rows, [said_row("d1-p1", s, n) for n, s in enumerate(said)])
    assert {row["path"]: row["value"] for row in found} == stands
    assert len(found) == len(stands)


def test_the_warehouse_says_the_same(tmp_path: Path) -> None:
    """All cases at once, each a document of its own."""
    data = DataFolder(UPath(tmp_path / "data"))
    pages = [f"d{n}-p1" for n in range(len(CASES))]
    cases = list(zip(pages, CASES.values(), strict=True))
    tables: dict[str, list[dict[str, Any]]] = {
        "documents": [{"page_id": page, "name": page} for page in pages],
        "pages": [{"page_id": page} for page in pages],
        "ocr_responses": [{"page_id": page, "request_key": page} for page in pages],
        "key_values": [model_row(page, *value) for page, (model, _, _) in cases for value in model.items()],
        "corrections": [
            said_row(page, s, n * 10 + at)
            for n, (page, (_, said, _)) in enumerate(cases)
            for at, s in enumerate(said)
        ],
    }
    for name, rows in tables.items():
        whole = rows if name == "corrections" else [filled(TABLES[name], "b1", row) for row in rows]
        write_table(data, TABLES[name], "b1", whole)
    key_values, corrections = (read_table(data, TABLES[name], "b1") for name in ("key_values", "corrections"))
    ours = standing_values(key_values, corrections)
    columns = list(ours[0])
    working = tmp_path / "working.duckdb"
    load_changes(data, working)
    models = load_models(MODELS, Environment.load().result_schemas)
    with open_writer(working) as con:
        needed = {"stg_key_values"}
        for name in reversed(models):  # what a model reads is built before it
            needed |= set(models[name].refs) if name in needed else set()
        build_models(con, {name: model for name, model in models.items() if name in needed})
        theirs = con.execute(f"SELECT {', '.join(columns)} FROM staging.stg_key_values").fetchall()
    assert sorted(map(repr, theirs)) == sorted(repr(tuple(row[c] for c in columns)) for row in ours)
    assert len(ours) > len(CASES) - 4
