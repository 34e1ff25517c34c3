"""Publishing: the working file becomes the file that analysts open, whole or not at all, and never an older state over
a newer one.

Before a load it is noted what is published then (`note_seen`): what is loaded afterwards holds at least that. A state
is published only over what was seen before it was loaded, or the loader loads again.
"""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path

import duckdb

from qwenocr_assets.errors import Overtaken, WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path, shown
from qwenocr_assets.storage.disk import sync_folder
from qwenocr_assets.warehouse.connect import Warehouse, open_reader, open_writer
from qwenocr_assets.warehouse.ddl import BUILD_LOG, LOAD_LOG
from qwenocr_assets.warehouse.places.lake import Lake
from qwenocr_assets.warehouse.places.published import (
    cache_folder,
    lake_of,
    published_version,
    put_version,
    read_pointer,
    remove_old_versions,
)

_READ_ONLY = 0o444
"""Mode of the published file. Opened for writing it would lock other readers out, and lose what was written."""


def working_file(data: DataFolder) -> Warehouse:
    """What is loaded and built: the lake that is set, or the writer's own file (`writers_file`)."""
    return lake_of(data) or writers_file(data)


def writers_file(data: DataFolder) -> Path:
    """Where the writer keeps its own file: beside the data, or, for object storage, in the user's cache."""
    if is_local(data.root):
        return local_path(data.root) / ".working" / "warehouse.duckdb"
    return cache_folder(data) / "warehouse.duckdb"


def note_seen(working: Path, version: str | None) -> None:
    """Remember what was published before what the working file holds now was looked for."""
    _note_seen(working).write_text(json.dumps({"published": version}))


def publish(working: Warehouse, data: DataFolder) -> bool:
    """Publish the working file's state; returns whether there was anything to publish.

    Readers that have the published file open keep the snapshot they opened; the next to open sees the new one.
    A crash at any point leaves the old snapshot. Close your own writer first: copying the file ends DuckDB's
    lock on it.

    Raises:
        Overtaken: another loader has published since this working file was loaded; its state stays. Load again.
        WarehouseError: nothing was loaded yet, the working file is held, or the copy fails.
    """
    if isinstance(working, Lake):
        return False  # each commit is what readers see
    if not working.exists():
        raise WarehouseError(f"There is no working file at {working}.", "Load the warehouse first.")
    place = local_path(data.warehouse) if is_local(data.root) else working
    part = place.with_name(f".{place.name}.part")
    try:
        with open_writer(working) as con:
            con.execute("CHECKPOINT")
            state = _state(working)
            if _published(working) == {"working": state, "target": published_version(data)}:
                return False
            content = _content(con)
            pointer = None if is_local(data.root) else read_pointer(data)
            if pointer is not None and pointer.content == content:
                return False
            _copy_synced(working, part)
        rows = _verified_rows(part)
        if is_local(data.root):
            _put_in_place(part, place, working, state)
        else:
            put_version(data, part, rows, content, _seen(working))
    except Overtaken:
        raise
    except (OSError, duckdb.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise WarehouseError(
            f"Publishing {shown(data.warehouse if is_local(data.root) else data.warehouse_pointer)} failed: "
            f"{reason or error}.",
            "The old snapshot is still in place; free disk space or give write permission, and run again.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    version = published_version(data)
    note_seen(working, version)
    _note_published(working).write_text(json.dumps({"working": state, "target": version}))
    if not is_local(data.root):
        with contextlib.suppress(OSError):  # they are found again next time
            remove_old_versions(data)
    return True


def _copy_synced(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)  # left by a killed run, and read-only
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    target.chmod(_READ_ONLY)


def _content(con: duckdb.DuckDBPyConnection) -> str:
    """A hash of what was loaded and what was built from it."""
    logs = (
        f"SELECT table_name, batch_id, sha256 FROM {LOAD_LOG} ORDER BY ALL",  # noqa: S608  constants
        f"SELECT model, form, content FROM {BUILD_LOG} ORDER BY ALL",  # noqa: S608
    )
    return hashlib.sha256(repr([con.execute(log).fetchall() for log in logs]).encode()).hexdigest()


def _verified_rows(part: Path) -> int:
    """Open the copy as a reader would, before anyone else can; returns the rows that were loaded."""
    with open_reader(part) as con:
        (rows,) = con.execute(f"SELECT coalesce(sum(rows), 0) FROM {LOAD_LOG}").fetchone() or (0,)  # noqa: S608  a constant
    return int(rows)


def _put_in_place(part: Path, place: Path, working: Path, state: str) -> None:
    if _state(working) != state:  # all loaders of a local folder share its working file
        raise Overtaken(f"{working} was loaded again while it was copied.", "Run the same command again.")
    # What someone wrote into the old snapshot must not be replayed onto the new one.
    place.with_name(f"{place.name}.wal").unlink(missing_ok=True)
    part.replace(place)
    sync_folder(place.parent)


def _state(path: Path) -> str:
    """Changes whenever DuckDB writes to the file; opening it and closing it does not."""
    stat = path.stat()
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _note_published(working: Path) -> Path:
    """What was published last, so that the same is not published twice."""
    return working.with_name("published.json")


def _note_seen(working: Path) -> Path:
    return working.with_name("seen.json")


def _seen(working: Path) -> str | None:
    """What was published before the last load; unknown counts as nothing, so that what is there is loaded after."""
    noted = _noted(_note_seen(working))
    return noted.get("published") if noted else None


def _published(working: Path) -> dict[str, str | None] | None:
    return _noted(_note_published(working))


def _noted(note: Path) -> dict[str, str | None] | None:
    try:
        noted = json.loads(note.read_text())
    except (OSError, ValueError):  # never written, or killed while noting it
        return None
    return noted if isinstance(noted, dict) else None
