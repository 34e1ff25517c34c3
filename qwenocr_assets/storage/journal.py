"""The journal of raw answers: JSON lines in zstd frames, kept durably as answers come.

On a local disk it is one file that frames are appended to. Complete frames are the truth; a tail torn by a crash is cut
off before the next append. On object storage, where nothing can be appended to, it is a folder of small parts, each put
once under a name of its own (`storage/parts.py`), and put together into one at the end.
"""

from collections.abc import Iterable, Iterator

import orjson
import zstandard
from upath import UPath

from qwenocr_assets.storage.data_folder import is_local, local_path
from qwenocr_assets.storage.disk import append_durably, truncate_durably, writing_to
from qwenocr_assets.storage.parts import Parts

Record = dict[str, object]
"""One answer as journalled: a JSON object with at least `request_key`."""


class Journal:
    """The raw answers to one task in one batch. There may be many readers, and one writer at a time."""

    def __init__(self, path: UPath) -> None:
        self._path = path
        self._parts = None if is_local(path) else Parts(path)

    def read(self) -> list[Record]:
        """All records, in the order they were appended."""
        if self._parts is not None:
            contents = self._parts.read()
        else:
            contents = [self._path.read_bytes()] if self._path.exists() else []
        return [
            orjson.loads(line)
            for content in contents
            for frame, _ in _frames(content)
            for line in frame.splitlines()
        ]

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
            self._parts.put(_frame(lines))
            return
        with writing_to(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            append_durably(local_path(self._path), _frame(lines))

    def mend(self) -> int:
        """Cut off a torn tail, so that the file can be appended to again; returns the bytes cut."""
        if self._parts is not None or not self._path.exists():
            return 0
        data = self._path.read_bytes()
        end = 0
        for _, end in _frames(data):  # noqa: B007  only the last frame's end matters
            pass
        if torn := len(data) - end:
            truncate_durably(local_path(self._path), end)
        return torn

    def compact(self) -> None:
        """Put the parts on object storage together into one; a crash meanwhile loses and doubles nothing."""
        if self._parts is not None:
            self._parts.put_together(
                lambda contents: _frame(
                    b"".join(frame for content in contents for frame, _ in _frames(content))
                )
            )


def _frame(lines: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(lines)


def _frames(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Each complete frame's content, with the offset where the frame ends."""
    end = 0
    while end < len(data):
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        try:
            content = decompressor.decompress(memoryview(data)[end:])
        except zstandard.ZstdError:
            return
        if not decompressor.eof:
            return
        end = len(data) - len(decompressor.unused_data)
        yield content, end
