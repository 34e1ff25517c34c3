"""The journal of raw answers: JSON lines in zstd frames, kept durably as answers come.

On a local disk it is one file that frames are appended to. Whole frames are the truth; a tail torn by a crash is cut
off before the next append, and what is damaged is set aside. On object storage, where nothing can be appended to, it is
a folder of small parts, each put once under a name of its own (`storage/parts.py`), and put together into one at the
end.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson
from upath import UPath

from qwenocr_assets.storage.data_folder import is_local, local_path, write_atomically
from qwenocr_assets.storage.disk import append_durably, truncate_durably, writing_to
from qwenocr_assets.storage.frames import frames, packed
from qwenocr_assets.storage.parts import Parts

Record = dict[str, object]
"""One answer as journalled: a JSON object with at least `request_key`."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What was no whole frame any more."""

    torn_bytes: int = 0
    """Cut off at the end: what a crash left of the last frame."""
    damaged: tuple[UPath, ...] = ()
    """Where damaged stretches lie now, each in a file of its own."""


class Journal:
    """The raw answers to one task in one batch. There may be many readers, and one writer at a time."""

    def __init__(self, path: UPath) -> None:
        self._path = path
        self._parts = None if is_local(path) else Parts(path)

    def read(self) -> list[Record]:
        """All records that are whole, in the order they were appended."""
        return _records(self._contents())

    def append(self, records: Iterable[Record]) -> None:
        """Append records, all or none; when this returns they are durable.

        Raises:
            DiskFull: there is no space left.
            StorageError: object storage did not take them.
        """
        lines = b"".join(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in records)
        if not lines:
            return
        if self._parts is not None:
            self._parts.put(packed(lines))
            return
        with writing_to(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            append_durably(local_path(self._path), packed(lines))

    def mend(self) -> Mended:
        """Cut off a torn tail, so that the file can be appended to again, and set aside what is damaged.

        Nothing is thrown away before it lies elsewhere.

        Raises:
            DiskFull, StorageError: it cannot be written.
        """
        return self._mend(self._contents())

    def mend_and_read(self) -> tuple[Mended, list[Record]]:
        """Both, by reading it once: what was no whole frame any more, and all records that are whole."""
        contents = self._contents()
        return self._mend(contents), _records(contents)

    def _mend(self, contents: list[bytes]) -> Mended:
        found = [(content, stretch) for content in contents for stretch in frames(content)]
        bad = [content[s.begin : s.end] for content, s in found if s.content is None and not s.torn]
        aside = tuple(map(self._set_aside, bad))
        if self._parts is not None or not contents:
            return Mended(damaged=aside)
        torn = sum(stretch.end - stretch.begin for _, stretch in found if stretch.torn)
        if aside:
            whole = b"".join(content[s.begin : s.end] for content, s in found if s.content is not None)
            write_atomically(self._path, whole)
        elif torn:
            truncate_durably(local_path(self._path), len(contents[0]) - torn)
        return Mended(torn, aside)

    def compact(self) -> None:
        """Put the parts on object storage together into one; a crash meanwhile loses and doubles nothing."""
        if self._parts is not None:
            self._parts.put_together(
                lambda contents: packed(b"".join(whole for content in contents for whole in _whole(content)))
            )

    def _contents(self) -> list[bytes]:
        if self._parts is not None:
            return self._parts.read()
        return [self._path.read_bytes()] if self._path.exists() else []

    def _set_aside(self, damaged: bytes) -> UPath:
        """Keep these bytes beside the journal, under a name that they alone have."""
        name = f"{self._path.name}.{hashlib.sha256(damaged).hexdigest()[:12]}.damaged"
        path = self._path.parent / "damaged" / name
        if not path.exists():
            write_atomically(path, damaged)
        return path


def _records(contents: list[bytes]) -> list[Record]:
    return [
        orjson.loads(line) for data in contents for content in _whole(data) for line in content.splitlines()
    ]


def _whole(data: bytes) -> Iterator[bytes]:
    """What the whole frames hold, in order."""
    for stretch in frames(data):
        if stretch.content is not None:
            yield stretch.content
