"""A file on object storage that grows: parts that are put once, never replaced, and put together at the end.

`responses/<task>/<batch>.jsonl.zst` becomes `responses/<task>/<batch>/<number>-<random>.jsonl.zst`. Numbers rise in the
order of writing; the random part keeps a writer that should be gone from replacing another's. A part whose name ends in
`.all.jsonl.zst` holds everything up to its number, so what it was made from counts no more, whether it is still there
or not.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.storage.bulk import list_names, read_all, remove_all
from qwenocr_assets.storage.conditional import write_if
from qwenocr_assets.storage.data_folder import make_folder

_ALL = ".all"


@dataclass(frozen=True, slots=True, order=True)
class _Part:
    number: int
    name: str
    holds_all: bool


class Parts:
    """The parts of one file."""

    def __init__(self, path: UPath) -> None:
        stem, dot, suffix = path.name.partition(".")
        self._folder = path.parent / stem
        self._suffix = dot + suffix
        self._next: int | None = None
        """Number of the next part; it is looked up once, for there is one writer at a time."""

    def read(self) -> list[bytes]:
        """The content of the parts that count, in the order in which they were written."""
        while True:
            counting, _ = _sorted_out(self._list())
            try:
                return read_all([self._folder / part.name for part in counting])
            except FileNotFoundError:  # they were put together since they were listed
                continue

    def put(self, content: bytes) -> None:
        """Add a part.

        Raises:
            StorageError: it could not be put.
        """
        with self._explained():
            if self._next is None:
                self._next = max((part.number for part in self._list()), default=0) + 1
            self._put(self._next, "", content)
            self._next += 1

    def put_together(self, join: Callable[[list[bytes]], bytes]) -> None:
        """Make one part of all that count, and remove what does not count any more.

        Raises:
            StorageError: it could not be done; nothing is lost.
        """
        with self._explained():
            counting, spent = _sorted_out(self._list())
            if len(counting) > 1:
                contents = read_all([self._folder / part.name for part in counting])
                self._put(counting[-1].number, _ALL, join(contents))
                spent = [*spent, *counting]
            remove_all([self._folder / part.name for part in spent])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each kind of object storage has errors of its own
            raise StorageError(
                f"{self._folder} cannot be written ({type(error).__name__}: {error}).",
                "Check that the storage can be reached and written, then run the same command.",
            ) from error

    def _put(self, number: int, kind: str, content: bytes) -> None:
        path = self._folder / f"{number:08}-{uuid.uuid4().hex[:12]}{kind}{self._suffix}"
        make_folder(path.parent)
        write_if(path, content, None)

    def _list(self) -> list[_Part]:
        names = [name for name in list_names(self._folder) if name.endswith(self._suffix)]
        return sorted(
            _Part(int(name.partition("-")[0]), name, name.endswith(_ALL + self._suffix)) for name in names
        )


def _sorted_out(parts: list[_Part]) -> tuple[list[_Part], list[_Part]]:
    """The parts that count, and those that another one holds."""
    whole = next((part for part in reversed(parts) if part.holds_all), None)
    if whole is None:
        return parts, []
    later = [part for part in parts if part.number > whole.number]
    counting = [whole, *later]
    return counting, [part for part in parts if part not in counting]
