"""The rows of `documents`: each file of a batch, accepted or rejected with the reason; of an archive, its members."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.files import MAX_DOCUMENT_BYTES
from qwenocr_assets.intake.manifest import Manifest, ManifestFile
from qwenocr_assets.intake.parts import CountPages, Part, counted, parts_of
from qwenocr_assets.intake.routes import Route, folders_above, route_for
from qwenocr_assets.intake.urls.lists import stands_in_list
from qwenocr_assets.rows import DocumentRow
from qwenocr_assets.statuses import DocumentStatus

Examine = Callable[[Sequence[ManifestFile]], Iterable[Sequence[Part]]]
"""Look into files: for each, in order, the documents found in it (`imaging.batches.examine_files`, or `examining`)."""


def document_id(sha256: str, name: str) -> str:
    """16 hexadecimal digits over content and name: the same file keeps its id, changed content gets another."""
    return hashlib.sha256(f"{sha256}\0{name}".encode()).hexdigest()[:16]


def document_rows(
    manifest: Manifest, routes: Sequence[Route], examine: Examine, known: Iterable[str] = ()
) -> list[DocumentRow]:
    """One row of `documents` per document in the manifest's files, in their order.

    `known` are folders whose inner folders routes go by, whichever of them was given (`routes.folders_above`).
    """
    folders = folders_above(manifest.created_from, {file.name for file in manifest.files}, known)
    return [
        _row(manifest.batch_id, file, part, routes, folders)
        for file, parts in zip(manifest.files, examine(manifest.files), strict=True)
        for part in parts
    ]


def examining(count_pages: CountPages, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> Examine:
    """Look into files in this process, one after the other."""

    def examine(files: Sequence[ManifestFile]) -> Iterator[list[Part]]:
        for file in files:
            if file.unreadable_reason is not None:
                yield [unreadable_part(file)]
                continue
            parts = list(parts_of(file.uri, file.sha256, file.size_bytes, count_pages, max_bytes))
            yield [
                whole
                for part in parts
                for whole in (
                    counted(part, count_pages, max_bytes) if part.member and not part.reason else [part]
                )
            ]

    return examine


def unreadable_part(file: ManifestFile) -> Part:
    """The part that stands for a file which could not be read when its batch was cut."""
    reason = RejectedInput(file.unreadable_reason or "", "Make it readable and drop it again.")
    return Part(None, file.uri, file.sha256, file.size_bytes, reason=reason)


def _row(batch_id: str, file: ManifestFile, part: Part, routes: Sequence[Route], folders: str) -> DocumentRow:
    name = file.name if part.member is None else f"{file.name}/{part.member}"
    return {
        "batch_id": batch_id,
        "document_id": document_id(part.sha256, name),
        "name": name,
        "uri": part.uri,
        "sha256": part.sha256,
        "size_bytes": part.size_bytes,
        "route": route_for(name, routes, folders).name,
        "modified_at": file.modified_at,
        "version": None if stands_in_list(name) else file.version,
        "media_type": None if part.media_type is None else part.media_type.value,
        "page_count": part.page_count if part.reason is None else None,
        "status": DocumentStatus.ACCEPTED if part.reason is None else DocumentStatus.REJECTED,
        "reason": None if part.reason is None else str(part.reason),
    }
