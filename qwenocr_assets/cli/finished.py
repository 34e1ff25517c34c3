"""Batches of which nothing is left to do: `qwenocr run` leaves them as they are.

A batch is finished when all its answers are final, all that its lists of URLs name is fetched, and it was made from
what it would be made from now: the same files, settings, routes, catalogue and code. Whatever of these has changed, it
runs again; its answers are not paid for again.
"""

import hashlib
from functools import cache
from pathlib import Path

import orjson
from pydantic import SecretStr

import qwenocr_assets
from qwenocr_assets.asking.records import Status
from qwenocr_assets.intake.routes import load_routes
from qwenocr_assets.intake.urls.listed_documents import may_be_fetched_yet
from qwenocr_assets.schemas import (
    DOCUMENTS,
    OCR_REQUESTS,
    OCR_RESPONSES,
    PAGES,
    ROW_TABLES,
    VALIDATION_RESULTS,
)
from qwenocr_assets.settings import Settings, project_root
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically
from qwenocr_assets.storage.table_files import count_rows, read_table

_TABLES = (DOCUMENTS, PAGES, OCR_REQUESTS, OCR_RESPONSES, *ROW_TABLES, VALIDATION_RESULTS)


def is_finished(settings: Settings, batch_id: str) -> bool:
    """Whether running the batch again would change nothing."""
    data = settings.data_folder
    mark = data.finished_mark(batch_id)
    return (
        mark.exists()
        and mark.read_text() == _made_from(settings, batch_id)
        and all(count_rows(data, table, batch_id) is not None for table in _TABLES)
    )


def note_finished(settings: Settings, batch_id: str) -> None:
    """Remember what a batch was made from, if nothing of it is left to do."""
    data = settings.data_folder
    if _all_final(data, batch_id):
        write_atomically(data.finished_mark(batch_id), _made_from(settings, batch_id).encode())


def _all_final(data: DataFolder, batch_id: str) -> bool:
    answers = read_table(data, OCR_RESPONSES, batch_id, ["status"])
    asked = count_rows(data, OCR_REQUESTS, batch_id)
    documents = read_table(data, DOCUMENTS, batch_id, ["name", "media_type"])
    if any(map(may_be_fetched_yet, documents)):
        return False
    return asked == len(answers) and all(Status(row["status"]).is_final for row in answers)


def _made_from(settings: Settings, batch_id: str) -> str:
    digest = hashlib.sha256(settings.data_folder.manifest(batch_id).read_bytes())
    digest.update(_settings(settings))
    digest.update(_code())
    return digest.hexdigest()


def _settings(settings: Settings) -> bytes:
    """Everything that is set, but for keys: which of them pays for an answer changes nothing about it."""
    names = {name for name in type(settings).model_fields if not name.startswith("api_key")}
    routes = load_routes(settings.routes, project_root())
    values = [settings.model_dump(include=names), [route.model_dump() for route in routes]]
    return orjson.dumps(values, default=_plain, option=orjson.OPT_SORT_KEYS)


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@cache
def _code() -> bytes:
    """A hash of this package: its code, its catalogue and its prompts."""
    package = Path(qwenocr_assets.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".json"):
            digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return digest.digest()
