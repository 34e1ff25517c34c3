"""The published warehouse, kept open while the page is served: opening it costs more than most of what is asked."""

import threading
from pathlib import Path

import duckdb

from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import Readable, open_reader, which_version
from qwenocr_assets.warehouse.places.published import published


class KeptWarehouse:
    """Gives the newest published warehouse, open. Threads may share it."""

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
            version = which_version(found)
            if self._open is None or version != self._version:
                # what is published meanwhile is newer than its version here, and opened again at the next question
                before, self._open, self._version = self._open, open_reader(found), version
                if before is not None:
                    before.close()  # whoever still reads it has a connection of their own
            return self._open.cursor()

    def close(self) -> None:
        """Close it."""
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = None
