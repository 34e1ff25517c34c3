"""`qwenocr preview`: pages before and after enhancement, side by side."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.text import Text
from upath import UPath

from qwenocr_assets.environment.decoding import decoders, examining
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode, RejectedInput, UsageError
from qwenocr_assets.imaging import decoding
from qwenocr_assets.imaging.batches import Run
from qwenocr_assets.imaging.draw import side_by_side
from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.at_hand import NO_COPIES, copy_of
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.routes import EnhanceStep
from qwenocr_assets.intake.urls.listed_documents import readable
from qwenocr_assets.rows import AcceptedDocumentRow
from qwenocr_assets.schemas import is_accepted
from qwenocr_assets.steps.intake import manifests_of
from qwenocr_assets.storage.data_folder import write_atomically
from qwenocr_assets.workers.pool import Ended, Job

_MOST_PAGES = 10
"""Pages shown of one document."""


def print_preview(file: Path, steps: Sequence[str], console: Console) -> ExitCode:
    """Write the pictures and say where; returns whether there are any."""
    found = preview(file, tuple(steps), Environment.load())
    for path, changes in found:
        console.print(Text(f"{path}  {', '.join(changes) or 'nothing to do'}"))
    return ExitCode.DONE if found else ExitCode.NOTHING_READABLE


def preview(file: Path, steps: tuple[str, ...], environment: Environment) -> list[tuple[UPath, list[str]]]:
    """Enhance the first pages of a file's documents; returns where each picture lies, and the steps that did anything.

    Without `steps`, those of the document's route are taken, or all there are if it declares none.

    Raises:
        UsageError: there is no such step.
        RejectedInput: the file cannot be read.
    """
    known = get_args(EnhanceStep)
    if unknown := [step for step in steps if step not in known]:
        raise UsageError(f"There is no step {unknown[0]}.", f"Known are {', '.join(known)}.")
    settings, data = environment.settings, environment.data
    folder = data.root / "previews"
    shown: list[tuple[UPath, list[str]]] = []
    with decoders(settings) as run:
        for manifest in manifests_of([file], settings):
            examine = examining(settings, data, run, environment.at_hand)
            rows = document_rows(manifest, environment.routes, examine, environment.routed_folders)
            for row in rows:
                if not is_accepted(row):
                    raise RejectedInput(f"{row['name']}: {row['reason']}")
            for document in readable(data, [row for row in rows if is_accepted(row)]):
                recipe = environment.recipes[document["route"]]
                chain = steps or recipe.enhance or known
                before = _pages(run, document, replace(recipe, enhance=()))
                after = _pages(run, document, replace(recipe, enhance=chain))
                for one, other in zip(before, after, strict=True):
                    path = folder / f"{document['document_id']}-{one.number:04d}.jpg"
                    write_atomically(path, side_by_side(one.content, other.content))
                    names = [str(change["step"]) for change in other.changes]
                    shown.append((path, [name for name in names if name in known]))
    return shown


def _pages(run: Run, document: AcceptedDocumentRow, recipe: Recipe) -> list[PageImage]:
    made: list[PageImage] = []

    def receive(page: object) -> None:
        if isinstance(page, PageImage) and page.tile is None:
            made.append(page)

    def finish(ended: Ended) -> Sequence[Job]:
        if ended.reason is not None:
            raise ended.reason
        return ()

    arguments = (
        document["uri"],
        document["sha256"],
        document["media_type"],
        recipe,
        1,
        _MOST_PAGES,
        copy_of(document["uri"], NO_COPIES),
    )
    run([Job(decoding.pages, arguments, receive, finish)])
    return made
