"""Reading a journal of an hour: frames found by how they begin, beside feeding all that is left for each of them."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import zstandard
from upath import UPath

from qwenocr_assets.storage.frames import packed
from qwenocr_assets.storage.journal import Journal

FRAMES = 14_000
"""Four a second for an hour."""
COMPARED = 4_000
_ANSWER_BYTES = 9_000


def main() -> None:
    """Measure on journals of answers that compress as little as real ones with positions do."""
    with tempfile.TemporaryDirectory() as folder:
        path = UPath(Path(folder) / "b.jsonl.zst")
        size = _write(path, COMPARED)
        ours = _cpu(Journal(path).read, COMPARED)
        before = _cpu(lambda: _all_that_is_left(path.read_bytes()), COMPARED)
        size = _write(path, FRAMES)
        hour = _cpu(Journal(path).read, FRAMES)
    rate = size / 1e6 / hour
    print(f"{COMPARED:,} frames: {ours:.2f} s CPU, {before:.2f} s with all that is left fed for each frame")
    print(f"{FRAMES:,} frames: {hour:.2f} s CPU, {rate:.0f} MB/s unpacked")
    _goal("speedup", before / ours, 50)
    _goal("mb_per_s", rate, 100)


def _goal(name: str, figure: float, goal: float) -> None:
    print(f"journal.{name} {figure:.0f} >={goal:.0f} {'ok' if figure >= goal else 'short'}")


def _write(path: UPath, frames: int) -> int:
    size = 0
    with path.open("wb") as file:
        for number in range(frames):
            record = {"request_key": str(number), "raw": os.urandom(_ANSWER_BYTES).hex()}
            line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
            size += len(line)
            file.write(packed(line))
    return size


def _cpu(read: Callable[[], list[object]], records: int) -> float:
    begin = time.process_time()
    if len(read()) != records:
        raise RuntimeError("records are missing")
    return time.process_time() - begin


def _all_that_is_left(data: bytes) -> list[object]:
    """Yesterday's way: each frame's decompressor is given all of the rest, and keeps what it did not need."""
    records: list[object] = []
    end = 0
    while end < len(data):
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        content = decompressor.decompress(memoryview(data)[end:])
        end = len(data) - len(decompressor.unused_data)
        records += map(orjson.loads, content.splitlines())
    return records


if __name__ == "__main__":
    main()
