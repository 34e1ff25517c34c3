"""`qwenocr report`: what was read, beside the pages it was read from, as a folder of HTML."""

from pathlib import Path

from rich.console import Console
from rich.text import Text
from upath import UPath

from qwenocr_assets.errors import RejectedInput, UsageError
from qwenocr_assets.report.reading import file_name
from qwenocr_assets.report.write import Report, write_report
from qwenocr_assets.rows import DocumentRow
from qwenocr_assets.schemas import DOCUMENTS
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path
from qwenocr_assets.storage.table_files import read_table


def print_report(
    console: Console, *, batch: str | None, document: str | None, doubtful: bool, output: Path | None
) -> None:
    """Write the report of a batch, or of one document, and say where it opens.

    With `doubtful`, a batch's documents with nothing to look at are left out.

    Raises:
        UsageError: the batch is unknown, or something else is in the folder.
        RejectedInput: there is no such document, or nothing was read yet.
    """
    data = load_settings().data_folder
    if document is None:
        batch_id = known_batch(data, batch)
        folder = _folder(data, batch_id, output)
        report = write_report(data, [batch_id], folder, with_findings=doubtful)
        opens = report.index
    else:
        row = find_document(data, document, batch)
        name = file_name(row["name"], row["document_id"]).removesuffix(".html")
        folder = _folder(data, name, output)
        report = write_report(data, [row["batch_id"]], folder, only={row["document_id"]})
        opens = report.page_of(report.documents[0])
    console.print(Text(f"{_summary(report)}\n{_address(opens)}"), soft_wrap=True)


def known_batch(data: DataFolder, batch: str | None) -> str:
    """The batch with this id, or the newest."""
    batches = batches_by_age(data)
    if not batches:
        raise RejectedInput(f"Nothing was read yet in {data.root}.", "Run `qwenocr run PATH` first.")
    if batch is None:
        return batches[0]
    if batch not in batches:
        raise UsageError(f"There is no intake {batch}.", f"There are {', '.join(batches[:5])}.")
    return batch


def batches_by_age(data: DataFolder) -> list[str]:
    """Every batch with a manifest, the newest first."""
    ages = {batch_id: data.manifest(batch_id).stat().st_mtime for batch_id in data.batch_ids()}
    return sorted(ages, key=lambda batch_id: (-ages[batch_id], batch_id))


def find_document(data: DataFolder, name: str, batch: str | None = None) -> DocumentRow:
    """The row of `documents` with this name, or with this end of its name; of several batches, in the newest.

    Raises:
        UsageError: there is no such batch, or names of several documents end so.
        RejectedInput: there is no such document.
    """
    for batch_id in [known_batch(data, batch)] if batch else batches_by_age(data):
        rows = read_table(data, DOCUMENTS, batch_id)
        found = [row for row in rows if row["name"] == name] or [
            row for row in rows if row["name"].endswith(f"/{name}")
        ]
        if len(found) > 1:
            names = ", ".join(sorted(row["name"] for row in found)[:5])
            raise UsageError(f"{name} could be any of {names}.", "Give the whole name.")
        if found:
            return found[0]
    raise UsageError(
        f"There is no document {name}.", '`qwenocr sql "select name from core.documents"` lists them.'
    )


def _folder(data: DataFolder, name: str, output: Path | None) -> UPath:
    return UPath(output).absolute() if output else data.root / "reports" / name


def _summary(report: Report) -> str:
    states = [document.state for document in report.documents]
    count = f"{len(states):,} document{'' if len(states) == 1 else 's'}"
    return f"{count}, {states.count('failed')} failed, {states.count('doubtful')} to look at."


def _address(path: UPath) -> str:
    return local_path(path).absolute().as_uri() if is_local(path) else str(path)
