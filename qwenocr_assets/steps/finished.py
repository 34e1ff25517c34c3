"""Batches of which nothing is left to do: `qwenocr run` leaves them as they are.

A batch is finished when all its answers are final, all that its lists of URLs name is fetched, and it was made from
what it would be made from now: the same files, settings, routes, catalogue and code. Whatever of these has changed, it
runs again; its answers are not paid for again.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

import qwenocr_assets
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.urls.listed_documents import may_be_fetched_yet
from qwenocr_assets.schemas import (
    DOCUMENTS,
    OCR_REQUESTS,
    OCR_RESPONSES,
    PAGES,
    ROW_TABLES,
    VALIDATION_RESULTS,
    TableSchema,
)
from qwenocr_assets.storage.bulk import read_whole
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically
from qwenocr_assets.storage.table_files import count_rows, read_table

MAKES_ROWS = frozenset(
    {
        "asking",
        "cost",
        "environment",
        "errors",
        "geometry",
        "imaging",
        "intake",
        "quality",
        "qwenocr",
        "rows",
        "schemas",
    }
    | {
        "outgoing",
        "own_text",
        "raised",
        "scoring",
        "settings",
        "statuses",
        "steps",
        "storage",
        "tables",
        "workers",
    }
)
"""Rooms whose code a batch's rows depend on; a changed word in a report is no reason to run a batch again."""

_TABLES: tuple[TableSchema[Any], ...] = (
    DOCUMENTS,
    PAGES,
    OCR_REQUESTS,
    OCR_RESPONSES,
    *ROW_TABLES,
    VALIDATION_RESULTS,
)


def is_finished(environment: Environment, batch_id: str) -> bool:
    """Whether running the batch again would change nothing."""
    data = environment.data
    mark = data.finished_mark(batch_id)
    try:
        made_from = read_whole(mark).decode()
    except FileNotFoundError:
        return False
    return made_from == _made_from(environment, batch_id) and all(
        count_rows(data, table, batch_id) is not None for table in _TABLES
    )


def note_finished(environment: Environment, batch_id: str) -> None:
    """Remember what a batch was made from, if nothing of it is left to do."""
    data = environment.data
    if _all_final(data, batch_id):
        write_atomically(data.finished_mark(batch_id), _made_from(environment, batch_id).encode())


def _all_final(data: DataFolder, batch_id: str) -> bool:
    answers = read_table(data, OCR_RESPONSES, batch_id, ["status"])
    asked = count_rows(data, OCR_REQUESTS, batch_id)
    documents = read_table(data, DOCUMENTS, batch_id, ["name", "media_type"])
    if any(map(may_be_fetched_yet, documents)):
        return False
    return asked == len(answers) and all(row["status"].is_final for row in answers)


def _made_from(environment: Environment, batch_id: str) -> str:
    digest = hashlib.sha256(read_whole(environment.data.manifest(batch_id)))
    digest.update(_settings(environment))
    digest.update(_code())
    return digest.hexdigest()


def _settings(environment: Environment) -> bytes:
    """Everything that is set, but for keys: which of them pays for an answer changes nothing about it."""
    settings = environment.settings
    names = {name for name in type(settings).model_fields if not name.startswith("api_key")}
    values = [settings.model_dump(include=names), [route.model_dump() for route in environment.routes]]
    return orjson.dumps(values, default=_plain, option=orjson.OPT_SORT_KEYS)


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@cache
def _code() -> bytes:
    """A hash of the code, the catalogue and the prompts that make a batch's rows."""
    package = Path(qwenocr_assets.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        relative = path.relative_to(package)
        if path.suffix in (".py", ".json") and relative.parts[0].removesuffix(".py") in MAKES_ROWS:
            digest.update(f"{relative}\0".encode() + path.read_bytes())
    return digest.digest()
