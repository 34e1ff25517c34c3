"""A schema made of what was read of a document: it loads, and asks that document for the same fields."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.intake.route_loading import load_routes
from qwenocr_assets.intake.routes import route_for
from qwenocr_assets.schemas import DOCUMENTS, KEY_VALUES
from qwenocr_assets.steps.first_look.suggesting import name_from, save, suggest
from qwenocr_assets.steps.first_look.trying import set_apart
from qwenocr_assets.steps.pipeline import run
from qwenocr_assets.storage.table_files import read_table
from tests.report.conftest import BATCH, put

KIE = "key_information_extraction"
SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def environment_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("QWENOCR_PROJECT", str(folder))
    return Environment.load(data=str(folder / "data"), region="local")


def values_of(environment: Environment, batch_id: str) -> dict[str, str | None]:
    return {row["path"]: row["value"] for row in read_table(environment.data, KEY_VALUES, batch_id)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["office/order.png"])
def test_the_same_document_fills_the_fields_that_were_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    environment = environment_of(tmp_path, monkeypatch)
    [outcome] = run(environment, [SAMPLES / name])
    [document] = read_table(environment.data, DOCUMENTS, outcome.batch_id)
    found = suggest(environment, outcome.batch_id, document["document_id"])
    assert save(found) == save(found)  # once
    [route] = load_routes(tomllib.loads(found.toml)["routes"], tmp_path)
    assert route_for(name, [route]) is route
    assert route.result_schema == found.schema
    assert {"Total": "number", "Order date": "YYYY-MM-DD", "Supplier": ""}.items() <= found.schema.items()
    assert list(found.schema["items"][0]) == ["Description", "Quantity", "Unit price", "Amount"]
    with set_apart(environment, SAMPLES / name, found.schema) as (apart, copy):
        [tried] = run(apart, [copy])
        again = values_of(apart, tried.batch_id)
    before = {path: value for path, value in values_of(environment, outcome.batch_id).items() if value}
    assert {path: again.get(path) for path in before} == before


ROWS: list[tuple[str, str, str, Any]] = [
    ("text", "seller", "Acme", {"seller": ""}),
    ("date", "due", "2026-01-02", {"due": "YYYY-MM-DD"}),
    ("number", "請求.合計", "1,000", {"請求": {"合計": "number"}}),
    ("number", '["No."]', "7", {"No.": "number"}),
    ("text", '["5"]', "x", {"5": ""}),
    ("number", "[0].total", "5", {"total": "number"}),
    ("number", 'items[3]["unit.price"]', "5", {"items": [{"unit.price": "number"}]}),
    ("null", "tax", None, None),
    ("text", "seller#2", "Acme", None),
    ("text", "tags[0]", "red", None),
    ("text", "a.b.c.d", "deep", None),
]


@pytest.mark.parametrize(("kind", "path", "value", "schema"), ROWS)
def test_a_value_is_asked_for_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, path: str, value: str | None, schema: Any
) -> None:
    environment = environment_of(tmp_path, monkeypatch)
    of = {"task": KIE, "path": path, "key": path, "value": value, "value_type": kind}
    scan = {"document_id": "d1", "name": "in/Scan 3.pdf", "status": "accepted"}
    put(environment.data, "documents", scan)
    put(environment.data, "key_values", of)
    if schema is None:
        with pytest.raises(QwenocrError, match="no values to make a schema of"):
            suggest(environment, BATCH, "d1")
        return
    found = suggest(environment, BATCH, "d1")
    assert (found.schema, found.name) == (schema, "scan")
    save(found)
    [route] = load_routes(tomllib.loads(found.toml)["routes"], tmp_path)
    assert route.result_schema == schema
    assert route.matches("in/Scan 12.pdf")


def test_another_schema_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = environment_of(tmp_path, monkeypatch)
    put(environment.data, "documents", {"document_id": "d1", "name": "a.png", "status": "accepted"})
    put(environment.data, "key_values", {"task": KIE, "path": "total", "value": "5", "value_type": "number"})
    found = suggest(environment, BATCH, "d1", "mine")
    save(found).write_text('{"other": ""}', encoding="utf-8")
    with pytest.raises(QwenocrError, match="another schema"):
        save(found)
    assert found.file.read_text(encoding="utf-8") == '{"other": ""}'
    with pytest.raises(QwenocrError, match="no name for a schema"):
        suggest(environment, BATCH, "d1", "../mine")
    with pytest.raises(QwenocrError, match="There is no document d9"):
        suggest(environment, BATCH, "d9")


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("in/Invoice 2025-11.pdf", "invoice"),
        ("請求書-2025.png", "請求書"),
        ("0815.tif", "documents"),
        ("a_b (2).png", "a-b"),
    ],
)
def test_a_name_is_made_of_the_document(document: str, name: str) -> None:
    assert name_from(document) == name
