"""Many files of one folder at once: on object storage requests travel side by side instead of one after the other.

A request to a bucket costs a few milliseconds of processor here, as many there, and the way in between. So a file is
read by one request (s3fs asks for its size first, unless told not to), and one that is only to be made is put on the
condition that it is not there, without a look.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Self, TypeVar

from fsspec.core import has_magic
from upath import UPath

from qwenocr_assets.storage.conditional import S3, put_unless_there
from qwenocr_assets.storage.data_folder import BUCKETS, write_atomically

_AT_ONCE = 8
"""Requests on their way at a time: more would not be faster from one process, for each costs its processor time."""
_LOOKED_FOR_BYTES = 2**20
"""A larger file is looked for before it is put: what would be refused had travelled for nothing."""

T = TypeVar("T")
U = TypeVar("U")


def list_names(folder: UPath) -> list[str]:
    """The names of the files of a folder as the store has them now, in no order; none where there is no folder."""
    folder.fs.invalidate_cache(folder.path)  # another process may have written since it was listed
    try:
        entries = folder.fs.ls(folder.path, detail=True)
    except FileNotFoundError:
        return []
    return [entry["name"].rpartition("/")[2] for entry in entries if entry["type"] == "file"]


def files_below(folder: UPath) -> dict[str, Mapping[str, Any]]:
    """What fsspec says of every file below a folder, however deep, by path in it; as the store has them now."""
    folder.fs.invalidate_cache(folder.path)
    begin = folder.fs._strip_protocol(folder.path).rstrip("/")
    found = folder.fs.find(folder.path, detail=True)
    return {path.removeprefix(begin).lstrip("/"): info for path, info in found.items()}


def read_whole(path: UPath) -> bytes:
    """The content of a file, by one request.

    Raises:
        FileNotFoundError: it is not there.
    """
    if path.protocol in BUCKETS:
        return bytes(path.fs.cat_file(path.path, **_whole(path)))
    return path.read_bytes()


def read_all(paths: Sequence[UPath]) -> list[bytes]:
    """The content of files of one file system, in their order.

    Raises:
        FileNotFoundError: one of them is not there.
    """
    if not paths:
        return []
    names = [p.path for p in paths]
    contents = paths[0].fs.cat_ranges(names, None, None, on_error="return", **_whole(paths[0]))
    for content in contents:
        if isinstance(content, BaseException):
            raise content
    return list(contents)


def _whole(path: UPath) -> dict[str, Any]:
    """What keeps s3fs from asking for the size first, to cut a large file up."""
    return {"max_concurrency": 1} if path.protocol in S3 else {}


def make_file(path: UPath, content: bytes) -> None:
    """Write a file that is named after its content, unless it is there.

    Raises:
        DiskFull: there is no space left.
    """
    if path.protocol in S3 and len(content) <= _LOOKED_FOR_BYTES:
        put_unless_there(path, content)
    elif not path.exists():
        write_atomically(path, content)


def side_by_side(do: Callable[[T], U], items: Iterable[T]) -> list[U]:
    """Do something with each of many files, some at a time; what comes of it, in their order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(do, items))


class Writing:
    """Files that are written while others are made; a context manager, at whose end all of them are there.

    On a local disk each is written at once: there is nothing to wait for.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._under_way: set[Future[None]] = set()

    def __enter__(self) -> Self:
        return self

    def make(self, path: UPath, content: bytes) -> None:
        """Write a file that is named after its content, unless it is there.

        Raises:
            OSError, DiskFull: one that was to be written before could not be.
        """
        if path.protocol not in BUCKETS:
            make_file(path, content)
            return
        self._pool = self._pool or ThreadPoolExecutor(_AT_ONCE)
        if len(self._under_way) >= 2 * _AT_ONCE:
            self._settle(FIRST_COMPLETED)
        self._under_way.add(self._pool.submit(make_file, path, content))

    def _settle(self, when: str) -> None:
        done, self._under_way = wait(self._under_way, return_when=when)
        for future in done:
            future.result()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is None:
            return
        try:
            if kind is None:
                self._settle("ALL_COMPLETED")
        finally:
            self._pool.shutdown(cancel_futures=True)


def remove_all(paths: Sequence[UPath]) -> None:
    """Remove files of one file system."""
    names = [path.path for path in paths]
    if any(map(has_magic, names)):  # what fsspec would take for a pattern
        for path in paths:
            path.unlink(missing_ok=True)
    elif names:
        paths[0].fs.rm(names)
