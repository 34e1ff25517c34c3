"""When files were last written, whatever file system they are on; and which journals are ahead of their rows."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from upath import UPath

from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.storage.bulk import files_below
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.journal import Journal
from qwenocr_assets.storage.scan import batch_files

_KEYS = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""What fsspec's file systems call the time of last change, best first."""


def modified_at(info: Mapping[str, Any]) -> datetime | None:
    """When a file was last written, UTC, by what its file system lists of it; None where that does not tell."""
    value = next((info[key] for key in _KEYS if info.get(key)), None)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return None


def journals_ahead(data: DataFolder, tasks: Collection[str]) -> Iterator[tuple[str, Journal]]:
    """The batches with answers to one of these tasks that their `ocr_responses` may lack, each with its journal.

    Runs that were interrupted leave them: rows are written at the end. Where times are the same, or none are told, a
    journal counts as ahead.
    """
    rows_at = _times_below(data.table_folder(OCR_RESPONSES.name))
    rows = {batch: rows_at.get(file.path.name) for batch, file in batch_files(data, OCR_RESPONSES).items()}
    for place, written in _times_below(data.journals, depth=2).items():
        task, _, name = place.partition("/")
        batch_id = name.partition(".")[0]
        known = rows.get(batch_id)
        if task in tasks and batch_id and (known is None or written is None or written >= known):
            yield batch_id, Journal(data.journal(task, batch_id))


def _times_below(folder: UPath, depth: int = 1) -> dict[str, datetime | None]:
    """What lies in a folder, so many levels down, with the time at which it or something in it was last written."""
    times: dict[str, datetime | None] = {}
    for path, info in files_below(folder).items():
        name = "/".join(path.split("/")[:depth])
        at, before = modified_at(info), times.get(name)
        times[name] = at if before is None or at is None else max(at, before)
    return times
