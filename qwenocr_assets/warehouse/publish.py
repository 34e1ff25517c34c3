"""Publishing: the working file becomes the file that analysts open, whole or not at all."""

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path
from qwenocr_assets.warehouse.connect import open_reader, open_writer
from qwenocr_assets.warehouse.ddl import LOAD_LOG

_READ_ONLY = 0o444
"""Mode of the published file. Opened for writing it would lock other readers out, and lose what was written."""


def working_file(data: DataFolder) -> Path:
    """Where the writer keeps its own file: beside the data, or, for object storage, in the user's cache."""
    if is_local(data.root):
        return local_path(data.root) / ".working" / "warehouse.duckdb"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "qwenocr" / sha256(str(data.root).encode()).hexdigest()[:16] / "warehouse.duckdb"


def publish(working: Path, data: DataFolder) -> bool:
    """Replace the published file by the working file's state; returns whether there was anything to publish.

    Readers that have the published file open keep the snapshot they opened; the next to open sees the new one.
    A crash at any point leaves the old snapshot. Close your own writer first: copying the file ends DuckDB's
    lock on it.

    Raises `WarehouseError` when nothing was loaded yet, the working file is held, or the copy fails.
    """
    if not working.exists():
        raise WarehouseError(f"There is no working file at {working}.", "Load the warehouse first.")
    target = data.warehouse
    part = (
        local_path(target).with_name(f".{target.name}.part")
        if is_local(target)
        else working.with_name(f".{working.name}.part")
    )
    try:
        with open_writer(working) as con:
            con.execute("CHECKPOINT")
            state = _state(working)
            if _published(working) == {"working": state, "target": _target_state(data)}:
                return False
            _copy_synced(working, part)
        _verify(part)
        _put_in_place(part, data)
    except (OSError, duckdb.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise WarehouseError(
            f"Publishing {target} failed: {reason or error}.",
            "The old snapshot is still in place; free disk space or give write permission, and run again.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    _note_published(working).write_text(json.dumps({"working": state, "target": _target_state(data)}))
    return True


def _copy_synced(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)  # left by a killed run, and read-only
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    target.chmod(_READ_ONLY)


def _verify(part: Path) -> None:
    """Open the copy as a reader would, before anyone else can."""
    with open_reader(part) as con:
        con.execute(f"SELECT sum(rows) FROM {LOAD_LOG}").fetchall()  # noqa: S608  a constant


def _put_in_place(part: Path, data: DataFolder) -> None:
    target = data.warehouse
    if not is_local(target):
        target.fs.put_file(str(part), target.path)
        part.unlink()
        return
    place = local_path(target)
    # What someone wrote into the old snapshot must not be replayed onto the new one.
    place.with_name(f"{place.name}.wal").unlink(missing_ok=True)
    part.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _state(path: Path) -> str:
    """Changes whenever DuckDB writes to the file; opening it and closing it does not."""
    stat = path.stat()
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _target_state(data: DataFolder) -> str | None:
    target = data.warehouse
    target.fs.invalidate_cache()
    return str(target.fs.ukey(target.path)) if target.exists() else None


def _note_published(working: Path) -> Path:
    """What was published last, so that the same is not published twice."""
    return working.with_name("published.json")


def _published(working: Path) -> dict[str, str | None] | None:
    try:
        noted = json.loads(_note_published(working).read_text())
    except (OSError, ValueError):  # never published, or killed while noting it: publish again
        return None
    return noted if isinstance(noted, dict) else None
