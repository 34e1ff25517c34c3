"""Files of a bucket on this machine, for as long as a process works with them.

Worker processes decode what they are given. Where that is small, this process fetches it for all of them, side by side
and once for all steps; what is too much for that they read from the bucket themselves.
"""

import shutil
import tempfile
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType

from upath import UPath

from qwenocr_assets.intake.archives import split_member_uri
from qwenocr_assets.intake.embedded import split_embedded_uri
from qwenocr_assets.intake.files import Copies
from qwenocr_assets.storage.bulk import read_whole, side_by_side
from qwenocr_assets.storage.data_folder import is_local

MOST_BYTES = 256 * 2**20
"""Of all copies at a time."""
NO_COPIES: Copies = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class AtHand:
    """Copies in a temporary folder that goes with this object, at the latest with the process."""

    most_bytes: int = MOST_BYTES
    _files: dict[tuple[str, str], Path] = field(default_factory=dict)

    @cached_property
    def _folder(self) -> Path:
        folder = tempfile.mkdtemp(prefix="qwenocr-files-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def bring(self, wanted: Iterable[tuple[str, str, int]]) -> Copies:
        """Fetch files, each given as URI, SHA-256 and size in bytes; returns those that are here.

        What is on a disk of this machine anyway, inside another file, too much, or cannot be read is not among them:
        who needs it reads it where it lies, and says what is wrong with it.
        """
        there = {(uri, sha256): size for uri, sha256, size in wanted if _is_away(uri)}
        missing = {key: size for key, size in there.items() if key not in self._files}
        if sum(missing.values()) > self._room():
            for key in self._files.keys() - there.keys():  # of another batch
                self._files.pop(key).unlink(missing_ok=True)
        room = self._room()
        fitting = [
            key for key, before in zip(missing, accumulate(missing.values()), strict=True) if before <= room
        ]
        for key, copy in zip(fitting, side_by_side(self._fetched, fitting), strict=True):
            if copy is not None:
                self._files[key] = copy
        hashes = dict(there.keys())
        return {
            uri: str(copy) for (uri, sha256), copy in self._files.items() if hashes.get(uri, sha256) == sha256
        }

    def _room(self) -> int:
        return self.most_bytes - sum(copy.stat().st_size for copy in self._files.values())

    def _fetched(self, key: tuple[str, str]) -> Path | None:
        uri, sha256 = key
        copy = self._folder / sha256
        try:
            copy.write_bytes(read_whole(UPath(uri)))
        except OSError:
            copy.unlink(missing_ok=True)
            return None
        return copy


def copy_of(uri: str, copies: Copies) -> Copies:
    """The copy of one file, or of what it lies in."""
    if not copies:
        return {}
    while around := split_member_uri(uri) or split_embedded_uri(uri):
        uri = around[0]
    return {uri: copies[uri]} if uri in copies else {}


def _is_away(uri: str) -> bool:
    return not uri.startswith(("file://", "zip://", "pdf://")) and not is_local(UPath(uri))
