"""The documents that lists of URLs name: fetched once, kept by content, and looked into like files.

What was fetched lies in the data folder under its hash, and beside it, for each list, which entry has which hash. So
every later step, and every run of the same list under the same name, reads the same bytes, whatever the web has since.
What could not be fetched is tried again by the next run.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import anyio
import anyio.to_thread
import orjson
from upath import UPath

from qwenocr_assets.errors import RejectedInput, StorageError
from qwenocr_assets.intake.documents import Examine, document_id
from qwenocr_assets.intake.embedded import split_embedded_uri
from qwenocr_assets.intake.files import local_uri, read_unchanged
from qwenocr_assets.intake.manifest import ManifestFile
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.intake.parts import Part, accepted_type
from qwenocr_assets.intake.urls.fetching import Bounds, fetch
from qwenocr_assets.intake.urls.lists import (
    MAX_LIST_BYTES,
    Entry,
    is_url_list,
    read_list,
    shown_url,
    stand_in_sha256,
    stands_in_list,
)
from qwenocr_assets.rows import AcceptedDocumentRow, DocumentRow
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path, write_atomically

_AT_ONCE = 4
"""Files fetched at the same time."""
_NOTE_SECONDS = 1.0
"""How often is written down what was fetched: a crash costs what came since."""


def expanding(examine: Examine, data: DataFolder, bounds: Bounds) -> Examine:
    """Look into files as `examine` does, and into what is fetched for lists of URLs among them.

    Raises:
        StorageError: what is noted about a list cannot be read.
    """

    def look(files: Sequence[ManifestFile]) -> Iterator[list[Part]]:
        lists = {place: _fetched(file, data, bounds) for place, file in enumerate(files) if _is_list(file)}
        plain = [file for place, file in enumerate(files) if place not in lists]
        to_count = [_as_file(part, data) for parts in lists.values() for part in parts if part.reason is None]
        examined = iter(list(examine([*plain, *to_count])))
        found = [next(examined) for _ in plain]
        counted = {
            place: [
                listed
                for part in parts
                for listed in ([part] if part.reason else _as_listed(part, next(examined)))
            ]
            for place, parts in lists.items()
        }
        plain_parts = iter(found)
        for place, _ in enumerate(files):
            yield counted[place] if place in counted else list(next(plain_parts))

    return look


def readable(data: DataFolder, documents: Sequence[AcceptedDocumentRow]) -> list[AcceptedDocumentRow]:
    """Rows of `documents`; those that came out of lists have as `uri` where their bytes are kept."""
    return [
        {**row, "uri": _uri(data.fetched(row["sha256"]))} if _was_fetched(row) else row for row in documents
    ]


def may_be_fetched_yet(document: DocumentRow) -> bool:
    """Whether a row of `documents` stands for an entry of a list that the next run tries to fetch."""
    return document["media_type"] is None and stands_in_list(document["name"])


def _was_fetched(document: AcceptedDocumentRow) -> bool:
    return stands_in_list(document["name"]) and not document["uri"].startswith(
        ("file://", "zip://", "pdf://")
    )


def _is_list(file: ManifestFile) -> bool:
    return is_url_list(file.name) and file.unreadable_reason is None


def _as_file(part: Part, data: DataFolder) -> ManifestFile:
    return ManifestFile(
        part.member or "", _uri(data.fetched(part.sha256)), part.size_bytes, part.sha256, None
    )


def _as_listed(part: Part, examined: Sequence[Part]) -> list[Part]:
    """What was fetched under the name that the list gives it, and the files in it."""
    inside = [p for p in examined if p.member is not None and split_embedded_uri(p.uri)]
    itself = next(p for p in reversed(examined) if p not in inside)
    return [
        replace(itself, member=part.member, uri=part.uri),
        *(replace(p, member=f"{part.member}/{p.member}") for p in inside),
    ]


def _fetched(file: ManifestFile, data: DataFolder, bounds: Bounds) -> list[Part]:
    """A list's entries, each kept in the data folder or with the reason why not."""
    try:
        entries = read_list(file.name, read_unchanged(file.uri, file.sha256, max_bytes=MAX_LIST_BYTES))
    except RejectedInput as reason:
        return [Part(None, file.uri, file.sha256, file.size_bytes, reason=reason)]
    notes = _Notes.read(data.fetched_list(document_id(file.sha256, file.name)))
    kept = {entry.url: notes.kept[entry.name] for entry in entries if notes.has(data, entry.name)}
    names = {entry.url: entry.name for entry in entries if entry.reason is None and entry.url not in kept}
    reasons: dict[str, RejectedInput] = {}

    def take(url: str, outcome: "_Kept | RejectedInput") -> None:
        if isinstance(outcome, RejectedInput):
            reasons[url] = outcome
        else:
            kept[url] = outcome
            notes.add(names[url], outcome)

    try:
        _fetch_each(list(names), data, bounds, take)
    finally:
        notes.write()
    return [
        _part(file, entry, kept.get(entry.url), entry.reason or reasons.get(entry.url)) for entry in entries
    ]


def _part(file: ManifestFile, entry: Entry, kept: "_Kept | None", reason: RejectedInput | None) -> Part:
    uri = shown_url(entry.url) or file.uri
    if kept is None:
        return Part(entry.name, uri, stand_in_sha256(file.sha256, entry.name), 0, reason=reason)
    return Part(entry.name, uri, kept.sha256, kept.size_bytes)


def _fetch_each(
    urls: Sequence[str],
    data: DataFolder,
    bounds: Bounds,
    take: Callable[[str, "_Kept | RejectedInput"], None],
) -> None:
    waiting = iter(urls)

    async def work() -> None:
        for url in waiting:
            try:
                content = await fetch(url, bounds)
                outcome: _Kept | RejectedInput = await anyio.to_thread.run_sync(_keep, data, content)
            except RejectedInput as reason:
                outcome = reason
            take(url, outcome)

    async def all_of_them() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(min(_AT_ONCE, len(urls))):
                tasks.start_soon(work)

    if urls:
        try:
            anyio.run(all_of_them)
        except (
            BaseExceptionGroup
        ) as group:  # what one of them met ends all of them: say that and not "a group"
            raise group.exceptions[0] from group


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was fetched for an entry."""

    sha256: str
    size_bytes: int


def _keep(data: DataFolder, content: bytes) -> _Kept:
    """Keep a document under its hash; what is none is not kept.

    Raises:
        RejectedInput: it is no document, or an archive of some.
    """
    if accepted_type(content) is MediaType.ZIP:
        raise RejectedInput("It is an archive.", "Drop the archive itself, or list what is in it.")
    kept = _Kept(hashlib.sha256(content).hexdigest(), len(content))
    if not data.fetched(kept.sha256).exists():
        write_atomically(data.fetched(kept.sha256), content)
    return kept


@dataclass(slots=True)
class _Notes:
    """What was fetched for a list, by the entry's name, as a JSON file."""

    path: UPath
    kept: dict[str, _Kept] = field(default_factory=dict)
    _written: int = 0
    _written_at: float = field(default_factory=time.monotonic)

    @classmethod
    def read(cls, path: UPath) -> "_Notes":
        try:
            value = orjson.loads(path.read_bytes())
            kept = {name: _Kept(sha256, size) for name, (sha256, size) in value.items()}
        except FileNotFoundError:
            return cls(path)
        except (ValueError, TypeError, AttributeError, OSError) as error:
            raise StorageError(
                f"The notes {path} cannot be read ({error}).", "Delete them: what they note is fetched again."
            ) from error
        return cls(path, kept, len(kept))

    def has(self, data: DataFolder, name: str) -> bool:
        """Whether an entry's bytes are there."""
        return name in self.kept and data.fetched(self.kept[name].sha256).exists()

    def add(self, name: str, kept: _Kept) -> None:
        self.kept[name] = kept
        if time.monotonic() - self._written_at > _NOTE_SECONDS:
            self.write()

    def write(self) -> None:
        if self._written < len(self.kept):
            notes = {name: [kept.sha256, kept.size_bytes] for name, kept in self.kept.items()}
            write_atomically(self.path, orjson.dumps(notes, option=orjson.OPT_INDENT_2))
            self._written, self._written_at = len(self.kept), time.monotonic()


def _uri(path: UPath) -> str:
    return local_uri(local_path(path)) if is_local(path) else str(path)
