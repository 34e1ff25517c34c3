"""The whole warehouse anew from the table files: one command, the same content, no cost."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import duckdb

from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.build import build_models, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import LoadReport, load_anew, load_changes
from qwenocr_assets.warehouse.models import Model, load_models
from qwenocr_assets.warehouse.places.claims import claims
from qwenocr_assets.warehouse.places.lake import Lake
from qwenocr_assets.warehouse.places.published import lake_of
from qwenocr_assets.warehouse.publish import writers_file
from qwenocr_assets.warehouse.result_schemas import ResultSchema
from qwenocr_assets.warehouse.search import index_pages


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild made."""

    load: LoadReport
    models: int
    failed_tests: tuple[str, ...]


def rebuild(data: DataFolder, models_folder: Path, schemas: Iterable[ResultSchema] = ()) -> Rebuilt:
    """Build a new working file from the table files; it is to be published then.

    It is built beside the old one, which is replaced only when the new one is whole. A lake has no working file, and is
    made anew where it is. Raises `WarehouseError` when
    another process holds the working file, or a table file or model cannot be used.
    """
    models = load_models(models_folder, schemas)
    if (lake := lake_of(data)) is not None:
        return _rebuild_lake(data, lake, models)
    working = writers_file(data)
    new = working.with_name("rebuilt.duckdb")
    _remove(new)
    try:
        # the old file is not read, and may be damaged; held open, it keeps other writers out
        with open_writer(working) if _is_duckdb(working) else nullcontext():
            report = load_changes(data, new)
            with open_writer(new) as con:
                failed = _built(con, models)
                con.execute("CHECKPOINT")
            _remove(working)
            new.replace(working)
    finally:
        _remove(new)
    return Rebuilt(report, len(models), failed)


def _rebuild_lake(data: DataFolder, lake: Lake, models: Mapping[str, Model]) -> Rebuilt:
    """The same in a lake: its core tables are made anew in one transaction, so readers see the old or the new ones."""
    with claims(lake) as claimed, claimed.alone():
        report = load_anew(data, lake)
        with open_writer(lake) as con:
            return Rebuilt(report, len(models), _built(con, models))


def _built(con: duckdb.DuckDBPyConnection, models: Mapping[str, Model]) -> tuple[str, ...]:
    """Build all models; returns the tests that fail."""
    build_models(con, models)
    index_pages(con)
    return tuple(r.name for m in models.values() for r in run_tests(con, m) if not r.passed)


def _is_duckdb(working: Path) -> bool:
    """Whether there is a file that begins as DuckDB's do."""
    if not working.exists():
        return False
    with working.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def _remove(file: Path) -> None:
    for path in (file, file.with_name(f"{file.name}.wal")):
        path.unlink(missing_ok=True)
