"""A batch with an invoice in English, Japanese and Arabic, as its table files and page image say it."""

import shutil
from collections.abc import Callable, Collection
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.warehouse.build import begin_build, build_model, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import Model, load_models
from qwenocr_assets.warehouse.publish import publish, working_file
from tests.warehouse.conftest import filled

KIE = "key_information_extraction"
PAGE = "d1-p1"
VALUES: tuple[tuple[str, str | None, str | None], ...] = (
    ("invoice_number", "=INV-7", "line"),
    ("seller", "株式会社みなと", "line"),
    ("buyer", "شركة الميناء", "not_found"),
    ("total", "1.080,00", "not_found"),
    ("items[0].description", "ロープ", "line"),
    ("items[0].amount", "500", "not_found"),
    ("items[1].amount", "508", "line"),
    ("due_date", None, None),
)
"""Path, value and ground."""
BOX = {"left_px": 100.0, "top_px": 50.0, "right_px": 300.0, "bottom_px": 80.0}

Marts = dict[str, list[tuple[Any, ...]]]
Build = Callable[..., Marts]


def key_value(path: str, value: str | None, ground: str | None) -> dict[str, Any]:
    index = path[path.index("[") + 1 : path.index("]")] if "[" in path else None
    return {
        "page_id": PAGE,
        "task": KIE,
        "request_key": "key-1",
        "path": path,
        "key": path.rpartition(".")[2],
        "parent_path": path.rpartition(".")[0] or None,
        "list_index": None if index is None else int(index),
        "value": value,
        "value_type": "null" if value is None else "number" if value.isdigit() else "text",
        "value_number": Decimal(value) if value and value.isdigit() else None,
        "presence": "missing" if value is None else "expected",
        "ground": ground,
        **(BOX if ground == "line" else {}),
    }


def put(data: DataFolder, table: str, *rows: dict[str, Any], batch: str = "b1") -> None:
    write_table(data, TABLES[table], batch, [filled(TABLES[table], batch, row) for row in rows])


@pytest.fixture(scope="session")
def models() -> dict[str, Model]:
    return load_models(MODELS, Environment.load().result_schemas)


@pytest.fixture
def data(untouched: DataFolder, tmp_path: Path) -> DataFolder:
    """The batch, loaded, built and published, and nothing said about it yet."""
    shutil.copytree(Path(untouched.root.path), tmp_path / "data")
    return DataFolder(UPath(tmp_path / "data"))


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory, models: dict[str, Model]) -> DataFolder:
    data = _written(tmp_path_factory.mktemp("review") / "data")
    _built(data, models)
    return data


def _written(root: Path) -> DataFolder:
    folder = DataFolder(UPath(root))
    picture = root / "pages" / "page.png"
    picture.parent.mkdir(parents=True)
    Image.new("RGB", (800, 1000), "white").save(picture)
    put(
        folder,
        "documents",
        {"name": "請求書.png", "document_id": "d1", "route": "invoices"},
        {"name": "other.png", "document_id": "d2", "route": "invoices"},
    )
    page = {"page_id": PAGE, "sha256": "5a", "uri": "pages/page.png", "width_px": 800, "height_px": 1000}
    put(folder, "pages", page, page | {"page_id": "d2-p1"})
    request = {"page_id": PAGE, "route": "invoices", "region": "local", "model": "m", "request_key": "key-1"}
    put(folder, "ocr_requests", request | {"task": KIE}, request | {"task": "table_parsing"})
    put(folder, "ocr_responses", request | {"task": KIE}, request | {"task": "table_parsing"})
    put(
        folder,
        "key_values",
        *(key_value(*value) for value in VALUES),
        key_value("total", "12", "line") | {"page_id": "d2-p1"},
    )
    cells = [("Item", 0, 0), ("Amount", 0, 1), ("Rope", 1, 0), ("5O0", 1, 1)]
    put(
        folder,
        "table_cells",
        *(
            {
                "page_id": PAGE,
                "task": "table_parsing",
                "row_index": row,
                "column_index": column,
                "row_span": 1,
                "column_span": 1,
                "is_header": row == 0,
                "text": text,
                "column_header": "Amount" if column and row else None,
                "ground": "not_found" if text == "5O0" else "line",
                **BOX,
            }
            for text, row, column in cells
        ),
    )
    put(
        folder,
        "tables",
        {"page_id": PAGE, "task": "table_parsing", "row_count": 2, "column_count": 2, "header_row_count": 1,
         "cell_count": 4, "is_complete": True},
    )  # fmt: skip
    return folder


def _built(data: DataFolder, models: dict[str, Model], marts: Collection[str] = ()) -> Marts:
    """Bring staging and these marts up to date, or all; returns the marts' rows by name."""
    working = working_file(data)
    load_changes(data, working)
    with open_writer(working) as con:
        present = begin_build(con, models)
        models = {n: m for n, m in models.items() if not marts or m.schema == "staging" or n in marts}
        for model in models.values():
            build_model(con, model, present)
        assert [r for m in models.values() for r in run_tests(con, m) if not r.passed] == []
        content = {
            m.name: con.execute(f"SELECT COLUMNS(lambda c: c <> 'batch_hash') FROM {m.relation}").fetchall()
            for m in models.values()
            if m.schema == "marts"
        }
    publish(working, data)
    return content


@pytest.fixture
def build(data: DataFolder, models: dict[str, Model]) -> Build:
    """Load, build staging and the marts that are named, or all, and publish; returns the marts' rows by name."""
    return lambda *marts: _built(data, models, marts)
