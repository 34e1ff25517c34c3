"""A file on object storage that grows: parts that are put once, never replaced, and put together at the end.

`responses/<task>/<batch>.jsonl.zst` becomes `responses/<task>/<batch>/<number>-<random>.jsonl.zst`. Numbers rise in the
order of writing; the random part, one a writer, keeps a writer that should be gone from replacing another's. A part
whose name ends in `.all.jsonl.zst` holds everything up to its number, so what it was made from counts no more, whether
it is still there or not. `<number>-<writer>.since<first>.jsonl.zst` is a bundle: it stands for the parts of its own
writer from the first to that number. What another writer put meanwhile counts beside it.
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
_SINCE = ".since"
_BUNDLE = 32
"""After so many parts they are put once more as one: a put in 32, and reading 400 asks for 28 files."""


@dataclass(frozen=True, slots=True, order=True)
class _Part:
    number: int
    name: str
    holds_all: bool
    writer: str
    since: int | None
    """Number of the first of its writer's parts that a bundle holds; its own number is that of the last."""


class Parts:
    """The parts of one file."""

    def __init__(self, path: UPath) -> None:
        stem, dot, suffix = path.name.partition(".")
        self._folder = path.parent / stem
        self._suffix = dot + suffix
        self._next: int | None = None
        """Number of the next part; it is looked up once, for there is one writer at a time."""
        self._writer = uuid.uuid4().hex[:12]
        self._loose: list[tuple[int, bytes]] = []
        """What this writer put and has not bundled yet, each with its number."""
        self._count = 0
        """How many there are, as far as this writer knows."""

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
                self._list()
            number, self._next = self._next or 1, (self._next or 1) + 1
            try:
                self._put(f"{number:08}-{self._writer}", content)
            except BaseException:
                self._loose.clear()  # it may be there all the same: no bundle stands for it
                raise
            self._count += 1
            self._loose.append((number, content))
            if len(self._loose) == _BUNDLE:
                self._bundle()

    def put_together(self, join: Callable[[list[bytes]], bytes]) -> None:
        """Make one part of all that count, and remove what does not count any more.

        Raises:
            StorageError: it could not be done; nothing is lost.
        """
        if self._next is not None and self._count <= 1:
            return
        with self._explained():
            counting, spent = _sorted_out(self._list())
            if len(counting) > 1:
                contents = read_all([self._folder / part.name for part in counting])
                self._put(f"{counting[-1].number:08}-{uuid.uuid4().hex[:12]}{_ALL}", join(contents))
                spent = [*spent, *counting]
            remove_all([self._folder / part.name for part in spent])
            self._loose.clear()
            self._count = min(len(counting), 1)

    def _bundle(self) -> None:
        """Put this writer's last parts once more, as one: who reads them asks for one in place of many.

        They are durable as they are: where this fails, the next ones are bundled.
        """
        loose, self._loose = self._loose, []
        (first, _), (last, _) = loose[0], loose[-1]
        with contextlib.suppress(Exception):  # each kind of object storage has errors of its own
            self._put(
                f"{last:08}-{self._writer}{_SINCE}{first:08}", b"".join(content for _, content in loose)
            )
            self._count += 1

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each kind of object storage has errors of its own
            raise StorageError(
                f"{self._folder} cannot be written ({type(error).__name__}: {error}).",
                "Check that the storage can be reached and written, then run the same command.",
            ) from error

    def _put(self, stem: str, content: bytes) -> None:
        path = self._folder / f"{stem}{self._suffix}"
        make_folder(path.parent)
        write_if(path, content, None)

    def _list(self) -> list[_Part]:
        names = [name for name in list_names(self._folder) if name.endswith(self._suffix)]
        parts = sorted(_part(name, name.removesuffix(self._suffix)) for name in names)
        self._count = len(parts)
        if self._next is None:
            self._next = max((part.number for part in parts), default=0) + 1
        return parts


def _part(name: str, stem: str) -> _Part:
    number, _, rest = stem.partition("-")
    writer, _, kind = rest.partition(".")
    since = int(kind.removeprefix(_SINCE[1:])) if f".{kind}".startswith(_SINCE) else None
    return _Part(int(number), name, f".{kind}" == _ALL, writer, since)


def _sorted_out(parts: list[_Part]) -> tuple[list[_Part], list[_Part]]:
    """The parts that count, and those that another one holds."""
    whole = next((part for part in reversed(parts) if part.holds_all), None)
    done = 0 if whole is None else whole.number
    bundles = [part for part in parts if part.since is not None and part.since > done]
    bundled = {(b.writer, number) for b in bundles for number in range(b.since or 0, b.number + 1)}
    loose = [p for p in parts if p.since is None and p.number > done and (p.writer, p.number) not in bundled]
    counting = [*([] if whole is None else [whole]), *sorted([*bundles, *loose])]
    return counting, [part for part in parts if part not in counting]
