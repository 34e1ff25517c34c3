"""The journal of raw answers: JSON lines in zstd frames, appended durably as answers come.

Complete frames are the truth. A tail torn by a crash is cut off before the next append.
"""

import os
from collections.abc import Iterable, Iterator

import orjson
import zstandard
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.storage.data_folder import is_local, local_path
from qwenocr_assets.storage.disk import append_durably, writing_to

Record = dict[str, object]
"""One answer as journalled: a JSON object with at least `request_key`."""


def append(path: UPath, records: Iterable[Record]) -> None:
    """Append records as one frame, whole or not at all; when this returns they are on disk.

    Raises:
        DiskFull: there is no space left.
    """
    lines = b"".join(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in records)
    if not lines:
        return
    if not is_local(path):
        raise StorageError(
            f"Raw answers can only be journalled on a local disk, not at {path}.",
            "Set QWENOCR_DATA to a local folder.",
        )
    frame = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(lines)
    with writing_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        append_durably(local_path(path), frame)


def read(path: UPath) -> list[Record]:
    """The records of all complete frames, in the order they were appended."""
    if not path.exists():
        return []
    return [orjson.loads(line) for frame, _ in _frames(path.read_bytes()) for line in frame.splitlines()]


def mend(path: UPath) -> int:
    """Cut off a torn tail, so that the file can be appended to again; returns the bytes cut."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    end = 0
    for _, end in _frames(data):  # noqa: B007  only the last frame's end matters
        pass
    if torn := len(data) - end:
        with local_path(path).open("r+b") as file:
            file.truncate(end)
            os.fsync(file.fileno())
    return torn


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
