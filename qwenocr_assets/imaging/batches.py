"""The documents and pages of a whole batch, over worker processes, in an order that does not depend on them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging import decoding
from qwenocr_assets.imaging.page_image import Page
from qwenocr_assets.imaging.page_rows import Make, page_row, rejected_row
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.at_hand import NO_COPIES, copy_of
from qwenocr_assets.intake.documents import unreadable_part
from qwenocr_assets.intake.files import Copies
from qwenocr_assets.intake.manifest import ManifestFile
from qwenocr_assets.intake.parts import Part
from qwenocr_assets.rows import AcceptedDocumentRow, PageRow
from qwenocr_assets.storage.bulk import Writing
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.workers.pool import Ended, Job

Run = Callable[[Iterable[Job]], None]
"""`Workers.run`, or `run_here`."""

_PAGES_A_JOB = 16
"""Few enough that a long document is spread over all workers, many enough that opening it again costs little."""
_MOST_LOSSES = 3
"""How many pages of a document may each cost a worker before the rest of the document is given up."""


def examine_files(
    run: Run, files: Sequence[ManifestFile], recipe: Recipe, copies: Copies = NO_COPIES
) -> list[list[Part]]:
    """The documents found in each file, in order, with their pages counted."""
    found: list[list[list[Part]]] = [[] for _ in files]
    """By file and by what came out of it: that, and the files in it."""

    def look_into(place: int, file: ManifestFile) -> Job:
        def receive(part: Part) -> None:
            found[place].append([part])

        def finish(ended: Ended) -> Iterable[Job]:
            if ended.reason is not None:
                # the file itself may have its row already, and broken on what lies in it
                itself = any(part.member is None for (part,) in found[place])
                member = "further attachments" if itself else None
                receive(Part(member, file.uri, file.sha256, file.size_bytes, reason=ended.reason))
            inside = ((index, part) for index, (part,) in enumerate(found[place]) if part.member)
            return [count(place, index, part) for index, part in inside if part.reason is None]

        arguments = (file.uri, file.sha256, file.size_bytes, recipe, copy_of(file.uri, copies))
        return Job(decoding.parts, arguments, receive, finish)

    def count(place: int, index: int, part: Part) -> Job:
        seen: list[Part] = []

        def finish(ended: Ended) -> Iterable[Job]:
            if ended.reason is not None and not seen:
                seen.append(replace(part, reason=ended.reason))
            found[place][index] = seen
            return ()

        return Job(decoding.counted_part, (part, recipe, copy_of(part.uri, copies)), seen.append, finish)

    for place, file in enumerate(files):
        if file.unreadable_reason is not None:
            found[place].append([unreadable_part(file)])
    run(look_into(place, file) for place, file in enumerate(files) if file.unreadable_reason is None)
    return [[part for parts in of_file for part in parts] for of_file in found]


def batch_page_rows(
    run: Run,
    data: DataFolder,
    documents: Sequence[AcceptedDocumentRow],
    recipe_of: Callable[[AcceptedDocumentRow], Recipe],
    *,
    on_document: Callable[[], None] = lambda: None,
    copies: Copies = NO_COPIES,
) -> list[PageRow]:
    """Make the pages of a batch's accepted documents: store their images, and return their rows of `pages` in order.

    `documents` are rows of that table; `on_document` is called when one is done. `copies` are files of a bucket that
    lie on this machine too.
    """
    with Writing() as writing:
        makings = [
            _Making(data, document, recipe_of(document), on_document, writing.make, copies)
            for document in documents
        ]
        run(job for making in makings for job in making.jobs())
    return [row for making in makings for row in making.rows()]


class _Making:
    """The pages of one document in the making."""

    def __init__(
        self,
        data: DataFolder,
        document: AcceptedDocumentRow,
        recipe: Recipe,
        done: Callable[[], None],
        make: Make,
        copies: Copies,
    ) -> None:
        self._data, self._document, self._recipe, self._done = data, document, recipe, done
        self._make, self._copies = make, copy_of(document["uri"], copies)
        self._made: dict[int, list[PageRow]] = {}
        self._open_jobs = 0
        self._losses = 0

    def jobs(self) -> Iterator[Job]:
        count = self._document["page_count"] or 1
        starts = range(1, count + 1, _PAGES_A_JOB)
        self._open_jobs = len(starts)
        for first in starts:
            yield self._job(first, min(first + _PAGES_A_JOB - 1, count))

    def rows(self) -> list[PageRow]:
        return [row for number in sorted(self._made) for row in self._made[number]]

    def _job(self, first: int, last: int) -> Job:
        document = self._document
        file = (document["uri"], document["sha256"], document["media_type"])
        arguments = (*file, self._recipe, first, last, self._copies)
        return Job(decoding.pages, arguments, self._receive, partial(self._finish, first, last))

    def _receive(self, page: Page) -> None:
        self._made.setdefault(page.number, []).append(page_row(self._data, self._document, page, self._make))

    def _finish(self, first: int, last: int, ended: Ended) -> Iterable[Job]:
        reason = ended.reason
        missing = [number for number in range(first, last + 1) if number not in self._made]
        if reason is not None and missing:
            self._losses += ended.lost
            number = missing[0]
            if ended.lost and self._losses < _MOST_LOSSES:
                self._reject(number, reason)
                if number < last:
                    return [self._job(number + 1, last)]
            else:
                for number in missing:
                    self._reject(number, reason)
        self._open_jobs -= 1
        if self._open_jobs == 0:
            self._done()
        return ()

    def _reject(self, number: int, reason: RejectedInput) -> None:
        self._made[number] = [rejected_row(self._document, number, reason)]
