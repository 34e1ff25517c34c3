"""A data folder in tmp_path, and rows that need to say only what a test is about."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.schemas import TABLES, ColumnType, TableSchema
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.warehouse.build import build_models, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.ddl import create_missing
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import Model, load_models
from qwenocr_assets.warehouse.publish import working_file

_FILLING: dict[ColumnType, Any] = {
    ColumnType.TEXT: "",
    ColumnType.INTEGER: 0,
    ColumnType.REAL: 0.0,
    ColumnType.BOOLEAN: False,
    ColumnType.JSON: "{}",
    ColumnType.USD: Decimal(0),
}
_USUAL = {
    ("documents", "status"): "accepted",
    ("pages", "status"): "ready",
    ("ocr_responses", "status"): "ok",
    ("key_values", "value_type"): "text",
}


def filled(schema: TableSchema, batch_id: str, given: dict[str, Any]) -> dict[str, Any]:
    """A row with everything that may not be NULL; page d1-p2 belongs to document d1 and is its page 2."""
    page_id = given.get("page_id", "d1-p1")
    row = {c.name: _FILLING[c.type] for c in schema.columns if not c.nullable}
    row |= {column: value for (table, column), value in _USUAL.items() if table == schema.name}
    row |= {"batch_id": batch_id, "page_id": page_id, "document_id": page_id.partition("-")[0]}
    row |= {
        "page_number": int(page_id.rpartition("-p")[2].partition("-")[0] or 0),
        "task": "advanced_recognition",
    }
    if schema.name == "documents":  # each a file of its own
        document_id = given.get("document_id", row["document_id"])
        row |= {"uri": f"file:///in/{document_id}", "sha256": document_id}
    return {k: v for k, v in (row | given).items() if k in schema.column_names}


Put = Callable[..., Path]


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(UPath(tmp_path / "data"))


@pytest.fixture
def put(data: DataFolder) -> Put:
    """Write a batch's table file: put("text_lines", "b1", {"text": "a"}, {"line_index": 1})."""

    def write(table: str, batch_id: str, *rows: dict[str, Any]) -> Path:
        schema = TABLES[table]
        write_table(data, schema, batch_id, [filled(schema, batch_id, row) for row in rows])
        return Path(data.table_file(table, batch_id).path)

    return write


@pytest.fixture
def put_lines(put: Put) -> Callable[[str, int], Path]:
    """Write a batch of so many text lines."""
    return lambda batch_id, count: put("text_lines", batch_id, *({"line_index": i} for i in range(count)))


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python code in another process, talking over its stdin and stdout; ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def at() -> Callable[[int], datetime]:
    """A moment by its hour."""
    return lambda hour: datetime(2026, 1, 1, hour)


@pytest.fixture(scope="session")
def models() -> dict[str, Model]:
    """The project's own models."""
    return load_models(MODELS, Environment.load().result_schemas)


def _with_all_they_read(models: dict[str, Model], asked: set[str]) -> dict[str, Model]:
    """The models asked for and those they are made of, with the tests that need no other model."""
    for name, model in reversed(models.items()):  # what a model reads is built before it
        if name in asked:
            asked |= set(model.refs)
    others = [model.relation for name, model in models.items() if name not in asked]
    return {
        name: replace(
            model, tests=tuple(t for t in model.tests if not any(other in t.sql for other in others))
        )
        for name, model in models.items()
        if name in asked
    }


@pytest.fixture(scope="session")
def built_on_nothing(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Model]], Path]:
    """A warehouse in which models are built and no row is, made once for each set of models."""
    folder = tmp_path_factory.mktemp("built")
    made: dict[tuple[str, ...], Path] = {}

    def build(models: dict[str, Model]) -> Path:
        if (names := tuple(models)) not in made:
            made[names] = folder / f"{len(made)}.duckdb"
            with open_writer(made[names]) as con:
                create_missing(con)
                build_models(con, models)
        return made[names]

    return build


@pytest.fixture
def query(
    data: DataFolder, models: dict[str, Model], built_on_nothing: Callable[[dict[str, Model]], Path]
) -> Callable[[str], list[tuple[Any, ...]]]:
    """Load, build the models that the SQL names, check that their data tests pass, and run it."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        wanted = _with_all_they_read(models, {n for n, m in models.items() if m.relation in sql})
        if not working_file(data).exists():
            working_file(data).parent.mkdir(parents=True)
            shutil.copyfile(built_on_nothing(wanted), working_file(data))
        load_changes(data, working_file(data))
        with open_writer(working_file(data)) as con:
            build_models(con, wanted)
            failed = [r for m in wanted.values() for r in run_tests(con, m) if not r.passed]
            assert failed == []
            return con.execute(sql).fetchall()

    return run
