"""The published warehouse, kept open while the page is served: opening it costs more than most of what is asked."""

import os
import threading
from pathlib import Path

import duckdb

from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import Readable, open_reader
from qwenocr_assets.warehouse.places.published import published


class KeptWarehouse:
    """Gives the newest published warehouse, open. Threads may share it.

    DuckDB shares what is open in a process by its path, links followed, and would go on with the old file under the
    same one. So each published version is opened under a second name of its own, which is gone once it is open.
    """

    def __init__(self, data: DataFolder) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._version = (0, 0)
        self._open: duckdb.DuckDBPyConnection | None = None

    def newest(self) -> Readable:
        """The warehouse to read; `open_reader` gives a connection of one's own.

        Raises:
            WarehouseError: nothing is published yet, or it cannot be read.
        """
        found = published(self._data)
        if not isinstance(found, Path):
            return found
        with self._lock:
            stat = found.stat()
            if self._open is None or (stat.st_ino, stat.st_mtime_ns) != self._version:
                own = found.with_name(f".{found.stem}-{os.getpid()}-{stat.st_mtime_ns}{found.suffix}")
                own.unlink(missing_ok=True)
                try:
                    os.link(found, own)
                except OSError:  # a file system without such names
                    return found
                try:
                    stat = own.stat()
                    opened = open_reader(own)
                finally:
                    own.unlink()
                self._version, before, self._open = (stat.st_ino, stat.st_mtime_ns), self._open, opened
                if before is not None:
                    before.close()  # whoever still reads it has a connection of their own
            return self._open.cursor()

    def close(self) -> None:
        """Close it."""
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = None
