"""Loading: table files of new and changed batches into `core`, replaced by batch, in one transaction."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import Warehouse, open_writer, transaction
from qwenocr_assets.warehouse.ddl import CORE, create_missing, drop_all
from qwenocr_assets.warehouse.loading.changes import Found, LoadReport, changed_files, differing_keys, look
from qwenocr_assets.warehouse.loading.load_lake import load_lake
from qwenocr_assets.warehouse.loading.load_rows import (
    WrittenMeanwhile,
    counted,
    delete_rows,
    forget,
    insert_rows,
    read_log,
    record,
)
from qwenocr_assets.warehouse.places.lake import Lake
from qwenocr_assets.warehouse.places.published import cache_folder, published_version
from qwenocr_assets.warehouse.publish import note_seen

__all__ = ["LoadReport", "load_anew", "load_changes"]

_MOST_LOOKS = 5
"""How often table files are looked at when one of them is written while it is loaded, as corrections may be."""


def load_changes(data: DataFolder, working: Warehouse) -> LoadReport:
    """Bring `core` in the working file, or in a lake, to the state of the table files.

    Files are compared with the load log by content: what has the same hash is not loaded again. Rows of a
    batch whose file is gone are removed. All of it is one transaction: after an error or a kill, the working
    file is as it was before. Into a lake it is a transaction a group of batches, and others may load at the same
    time: a batch is loaded by who claims it.

    Raises `WarehouseError` when a file cannot be loaded (it is named) or the working file cannot be opened.
    """
    with _explained(data, working) as copies:
        for _ in range(_MOST_LOOKS - 1):
            with suppress(WrittenMeanwhile):
                return _load(data, working, copies)
        return _load(data, working, copies)


def _load(data: DataFolder, working: Warehouse, copies: Path) -> LoadReport:
    if isinstance(working, Lake):
        return load_lake(data, working, copies)
    seen = published_version(data)
    with open_writer(working) as con, transaction(con):
        create_missing(con)
        report = _bring(con, data, look(data, working.with_name("hashes.json"), copies))
    note_seen(working, seen)
    return report


def load_anew(data: DataFolder, lake: Lake) -> LoadReport:
    """Make `core` in a lake anew from the table files, in one transaction, whatever state it is in.

    Nobody else may load meanwhile (`Claims.alone`). Raises `WarehouseError` as `load_changes` does.
    """
    with _explained(data, lake) as copies, open_writer(lake) as con, transaction(con):
        drop_all(con)
        create_missing(con)
        return _bring(con, data, look(data, cache_folder(data) / "hashes.json", copies))


@contextmanager
def _explained(data: DataFolder, working: Warehouse) -> Iterator[Path]:
    """A folder for copies; what fails in here is said as an error of the load."""
    with tempfile.TemporaryDirectory(prefix="qwenocr-load-") as copies:
        try:
            yield Path(copies)
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(
                f"Loading {data.root / 'tables'} into {working} failed: {error}.",
                "Nothing was loaded and the published warehouse is unchanged; free disk space if that is "
                "what the message says, and run again.",
            ) from error


def _bring(con: duckdb.DuckDBPyConnection, data: DataFolder, found: Found) -> LoadReport:
    """Bring all batches to the state of their files."""
    logged = read_log(con)
    differing = sorted(differing_keys(logged, found))
    changed = changed_files(found, differing)
    vanished = [key for key in differing if key not in found.hashes]
    stale = [*vanished, *(f.key for f in changed if f.key in logged)]
    for name, schema in TABLES.items():
        delete_rows(con, name, [key.batch_id for key in stale if key.table == name])
        insert_rows(con, schema, [f for f in changed if f.key.table == name], f"{CORE}.{name}")
    forget(con, stale)
    record(con, changed, data)
    return LoadReport(
        batches_loaded=tuple(sorted({f.key.batch_id for f in changed})),
        batches_removed=tuple(sorted({key.batch_id for key in vanished})),
        rows_by_table=counted(con),
    )
