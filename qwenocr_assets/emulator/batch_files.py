"""The files of the emulated service: on disk, since a batch's file may hold 500 MB."""

import shutil
import tempfile
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from qwenocr_assets.engine.wire.values import JsonObject

MOST_FILE_BYTES = 500 * 10**6


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file: its content lies at `path`."""

    id: str
    name: str
    purpose: str
    path: Path
    created_at: int

    def as_json(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.path.stat().st_size,
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class FileStore:
    """The files of one account, in a temporary folder that goes with it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="qwenocr-emulator-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._files: dict[str, StoredFile] = {}

    def new(self, prefix: str, name: str, purpose: str) -> StoredFile:
        """An empty file, to be written at its path."""
        file_id = f"{prefix}-{uuid4().hex}"
        path = self._folder / file_id
        path.touch()
        stored = StoredFile(file_id, name, purpose, path, int(time.time()))
        self._files[file_id] = stored
        return stored

    def get(self, file_id: str) -> StoredFile | None:
        return self._files.get(file_id)

    def all(self) -> list[StoredFile]:
        """The newest first."""
        return list(self._files.values())[::-1]

    def delete(self, file_id: str) -> bool:
        stored = self._files.pop(file_id, None)
        if stored is None:
            return False
        stored.path.unlink()
        return True
