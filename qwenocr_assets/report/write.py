"""A report as a folder: `index.html`, one page a document, and the page images, all with relative links."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from upath import UPath

from qwenocr_assets.errors import ConfigurationError, RejectedInput
from qwenocr_assets.report.html import document_html, index_html
from qwenocr_assets.report.pictures import report_picture
from qwenocr_assets.report.reading import documents_of_batch, doubtful_first
from qwenocr_assets.report.views import DocumentView
from qwenocr_assets.storage.data_folder import DataFolder

_INDEX = "index.html"
_DOCUMENTS, _IMAGES = "documents", "images"
_DOCUMENTS_A_PART = 500
_MARK = ".qwenocr-report"
"""Lies in every report: a folder with other things in it is left alone."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was written."""

    index: UPath
    documents: tuple[DocumentView, ...]

    def page_of(self, document: DocumentView) -> UPath:
        """The page of one of its documents."""
        return self.index.parent / _DOCUMENTS / document.file_name


def write_report(
    data: DataFolder,
    batch_ids: Sequence[str],
    folder: UPath,
    *,
    only: Collection[str] | None = None,
    with_findings: bool = False,
) -> Report:
    """Write the report of batches into `folder`, replacing the one that is there; it opens from `index.html`.

    Of a document in several of the batches, the first one's reading is shown. `only` are document ids to keep to;
    `with_findings` leaves out documents with nothing to look at.

    Raises:
        ConfigurationError: something else lies in the folder.
        RejectedInput: the batches have no such document.
    """
    found: dict[str, DocumentView] = {}
    for batch_id in batch_ids:
        for document in documents_of_batch(data, batch_id, only=only):
            found.setdefault(document.document_id, document)
    if not found:
        raise RejectedInput(
            f"There are no documents to show in {', '.join(batch_ids) or 'no intake'}.",
            f"Run them first; data lie in {data.root}.",
        )
    documents = sorted(found.values(), key=doubtful_first)
    if with_findings:
        documents = [document for document in documents if document.state != "fine"]
    _make_way(folder)
    parts = _parts(len(documents))
    for place, document in enumerate(documents):
        pictures = _put_pictures(data, document, folder)
        html = document_html(
            document,
            pictures,
            index=f"../{parts[place // _DOCUMENTS_A_PART]}#{document.document_id}",
            before=documents[place - 1] if place else None,
            after=documents[place + 1] if place + 1 < len(documents) else None,
        )
        (folder / _DOCUMENTS / document.file_name).write_bytes(html.encode())
    totals = _totals(documents)
    title = batch_ids[0] if len(batch_ids) == 1 else f"{len(batch_ids)} intakes"
    for number, name in enumerate(parts):
        own = documents[number * _DOCUMENTS_A_PART : (number + 1) * _DOCUMENTS_A_PART]
        html = index_html(own, totals, title=title, folder=_DOCUMENTS, part=number, parts=parts)
        (folder / name).write_bytes(html.encode())
    return Report(folder / _INDEX, tuple(documents))


def _parts(count: int) -> list[str]:
    numbers = range(max(1, -(-count // _DOCUMENTS_A_PART)))
    return [_INDEX if number == 0 else f"index-{number + 1}.html" for number in numbers]


def _totals(documents: Sequence[DocumentView]) -> dict[str, Any]:
    return {
        "documents": len(documents),
        "pages": sum(len(d.pages) for d in documents),
        "failed": sum(d.state == "failed" for d in documents),
        "doubtful": sum(d.state == "doubtful" for d in documents),
        "values": sum(d.value_count for d in documents),
        "findings": sum(len(d.findings) for d in documents),
        "cost_usd": sum((d.cost_usd for d in documents), Decimal(0)),
    }


def _put_pictures(data: DataFolder, document: DocumentView, folder: UPath) -> dict[str, str]:
    """Write the images of a document's pages; returns where each lies, as seen from the document's page."""
    put: dict[str, str] = {}
    for page in document.pages:
        if page.uri is None:
            continue
        try:
            content = (data.root / page.uri).read_bytes()
        except OSError:
            continue  # vacuumed or moved away: the page says that its image is not there
        picture = report_picture(content, page.media_type)
        if picture is not None:
            stem = document.file_name.removesuffix(".html")
            name = f"{stem}-{page.number:04d}{picture.suffix}"
            (folder / _IMAGES / name).write_bytes(picture.content)
            put[page.page_id] = f"../{_IMAGES}/{name}"
    return put


def _make_way(folder: UPath) -> None:
    """Make the folder, or empty it if it is a report."""
    if folder.exists():
        inside = list(folder.iterdir())
        if inside and not (folder / _MARK).exists():
            raise ConfigurationError(
                f"{folder} holds something other than a report.", "Name an empty or a new folder with -o."
            )
        for path in _written(folder):
            path.unlink()
    for name in (_DOCUMENTS, _IMAGES):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_bytes(b"")


def _written(folder: UPath) -> Iterable[UPath]:
    yield from list(folder.glob("index*.html"))
    for name in (_DOCUMENTS, _IMAGES):
        if (folder / name).exists():
            yield from list((folder / name).iterdir())
