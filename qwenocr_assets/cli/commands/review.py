"""`qwenocr review …`: values go out for review, corrections come back."""

import contextlib
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

import orjson
import typer
from rich.console import Console
from rich.text import Text
from upath import UPath

from qwenocr_assets.app.addresses import value_url
from qwenocr_assets.cli.publishing import publish_now
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode, StorageError, UsageError
from qwenocr_assets.report.write import write_report
from qwenocr_assets.review import label_studio, spreadsheet
from qwenocr_assets.review.intake import needs_a_name
from qwenocr_assets.review.pages import AskedPage, Selection, asked_pages, findings_without_a_place
from qwenocr_assets.review.taking import Taken
from qwenocr_assets.schemas import DOCUMENTS
from qwenocr_assets.settings import Settings, load_settings
from qwenocr_assets.steps.corrections import take_corrections
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.warehouse.places.published import published


def export_review(
    console: Console,
    selection: Selection,
    *,
    tasks: Path | None,
    sheet: Path | None,
    report: Path | None,
    link: str | None,
) -> None:
    """Write what people are asked as tasks for Label Studio, as a sheet, as a report, or as several of them."""
    if tasks is None and sheet is None and report is None:
        raise UsageError(
            "Nothing says where to write.",
            "Add --label-studio OUT.json, --csv OUT.csv, --html FOLDER or several of them.",
        )
    settings = load_settings()
    warehouse = published(settings.data_folder)
    pages = asked_pages(warehouse, selection)
    without_a_place = findings_without_a_place(warehouse, selection)
    count = sum(len(page.values) for page in pages)
    if tasks is not None:
        config = write_tasks(settings, pages, tasks, link)
        _say(console, f"{len(pages)} pages in {tasks}; the labelling configuration for the project: {config}")
    if sheet is not None:
        _write(sheet, spreadsheet.write_csv(pages, value_url))
        _say(console, f"{count} lines in {sheet}: fill in `corrected`, or `verdict` with right or absent.")
    if report is not None and pages:
        documents = {page.document_id for page in pages}
        batches = list(dict.fromkeys(page.batch_id for page in pages))
        written = write_report(settings.data_folder, batches, UPath(report).absolute(), only=documents)
        _say(console, f"{len(documents)} documents in {written.index}")
    if without_a_place:
        _say(
            console,
            f"Findings without a single value to correct: {without_a_place}. "
            "See `qwenocr report`, or marts.review_queue where page_id, task or place is NULL.",
        )
    if not pages and not without_a_place:
        _say(console, "Nothing is left to look at; --all takes every value.")
    elif pages and sheet is not None:
        _say(console, f"Next: qwenocr review import {sheet}")
    elif pages and tasks is not None:
        _say(console, "Next: label them there, export as JSON, and qwenocr review import FILE")


def write_tasks(settings: Settings, pages: list[AskedPage], tasks: Path, link: str | None) -> Path:
    """Write Label Studio's tasks, and beside them the configuration of their project; returns where that is."""
    url = label_studio.embedded(settings.data_folder) if link is None else label_studio.linked(link)
    _write(tasks, orjson.dumps([label_studio.task(page, url) for page in pages if page.image]))
    config = tasks.with_suffix(".xml")
    _write(config, label_studio.labelling_config(pages).encode())
    return config


def import_review(console: Console, file: Path, *, by: str | None) -> ExitCode:
    """Take a file that came back, and bring the warehouse up to date; returns how it ended."""
    environment = Environment.load()
    by = _reviewer(console, UPath(file), by)
    corrected = take_corrections(
        environment, UPath(file), by=by, now=datetime.now(UTC), on_wait=lambda message: _say(console, message)
    )
    done = corrected.done
    for line in done.lines():
        _say(console, line)
    if (done.taken.corrections or corrected.results) and (error := publish_now(environment).error):
        console.print(Text(f"Warehouse: {error}"))
        return ExitCode.STORAGE
    if done.taken.corrections:
        _say(
            console, f"The warehouse is up to date. Next: qwenocr report{_one(environment.data, done.taken)}"
        )
    if done.taken.refused:
        _say(console, "Correct what was not taken and import the file again: what is imported stays once.")
        return ExitCode.PARTLY_FAILED
    return ExitCode.DONE


def _one(data: DataFolder, taken: Taken) -> str:
    """The option for the document that was corrected, where it was one."""
    of_batch = {row["document_id"]: row["batch_id"] for row in taken.corrections}
    if len(of_batch) != 1:
        return ""
    ((document_id, batch_id),) = of_batch.items()
    names = [r["name"] for r in read_table(data, DOCUMENTS, batch_id) if r["document_id"] == document_id]
    return f" --document {shlex.quote(names[0])}" if names else ""


def _reviewer(console: Console, file: UPath, by: str | None) -> str | None:
    """Who says what is in a file: as the option says, else whoever was named last on this machine; asked for once.

    None where nobody needs to be, or can be, asked.
    """
    if by is None and not needs_a_name(file):
        return None
    kept = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "qwenocr" / "reviewer"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        known = kept.read_text(encoding="utf-8").strip()
        if by is None and known:
            return known
    if by is None and console.is_terminal:
        by = str(typer.prompt("Your name, to go with the corrections")).strip()
    if not by:
        return None
    with contextlib.suppress(OSError):  # asked again the next time
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(by, encoding="utf-8")
    return by


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written ({error.strerror or error}).", "Name a file in a folder that is there."
        ) from error


def _say(console: Console, text: str) -> None:
    console.print(Text(text))
