"""The whole warehouse anew from the table files: one command, the same content, no cost."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.build import build_models, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import LoadReport, load_changes
from qwenocr_assets.warehouse.models import load_models
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

    It is built beside the old one, which is replaced only when the new one is whole. Raises `WarehouseError` when
    another process holds the working file, or a table file or model cannot be used.
    """
    if data.lake is not None:
        raise ConfigurationError(
            "A DuckLake is not rebuilt in place.",
            "Set warehouse to a new catalogue and run `qwenocr run PATH`, or drop the schemas in this one.",
        )
    working = writers_file(data)
    new = working.with_name("rebuilt.duckdb")
    models = load_models(models_folder, schemas)
    _remove(new)
    try:
        # the old file is not read, and may be damaged; held open, it keeps other writers out
        with open_writer(working) if _is_duckdb(working) else nullcontext():
            report = load_changes(data, new)
            with open_writer(new) as con:
                build_models(con, models)
                index_pages(con)
                failed = [r.name for m in models.values() for r in run_tests(con, m) if not r.passed]
                con.execute("CHECKPOINT")
            _remove(working)
            new.replace(working)
    finally:
        _remove(new)
    return Rebuilt(report, len(models), tuple(failed))


def _is_duckdb(working: Path) -> bool:
    """Whether there is a file that begins as DuckDB's do."""
    if not working.exists():
        return False
    with working.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def _remove(file: Path) -> None:
    for path in (file, file.with_name(f"{file.name}.wal")):
        path.unlink(missing_ok=True)
