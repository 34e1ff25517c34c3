"""To try a document: read like any other, in a place of its own that is removed. Only what it cost is kept."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.routes import DEFAULT_ROUTE
from qwenocr_assets.qwenocr.checks import schema_problem
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.steps.intake import routes_taken

Schema = Mapping[str, Any]

_ROUTE = "try"


@contextmanager
def set_apart(
    environment: Environment, file: Path, schema: Schema | None
) -> Iterator[tuple[Environment, Path]]:
    """An environment whose data are in a temporary folder, and a copy of the file in it; both are removed in the end.

    The file's route reads it, whatever folder it is in; with a schema, one that asks for nothing but its fields and the
    page's lines. Requests are asked at once. Money is set aside and counted in the ledger of `environment`, so budgets
    hold.

    Raises:
        RejectedInput: the file does not exist, or the schema cannot be used.
        ConfigurationError: a route that cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="qwenocr-try-") as folder:
        routes = [_route(environment, file, schema)]
        copy = Path(folder) / "files" / file.name
        copy.parent.mkdir()
        shutil.copyfile(file, copy)
        settings = environment.settings.model_copy(
            update={
                "data": f"{folder}/data",
                "warehouse": None,
                "ledger": SecretStr(environment.database_url),
                "routes": [route for route in routes if route is not None],
            }
        )
        yield replace(environment, settings=settings), copy


def _route(environment: Environment, file: Path, schema: Schema | None) -> dict[str, Any] | None:
    """The only entry of `[[routes]]` of a try; None for the default route."""
    if schema is not None:
        tasks = [Task.ADVANCED_RECOGNITION.value, Task.KEY_INFORMATION_EXTRACTION.value]
        return {"name": _ROUTE, "match": "**", "tasks": tasks, "schema": dict(schema)}
    ((_, route),) = routes_taken([file], environment)
    if route is DEFAULT_ROUTE:
        return None
    entry = next(entry for entry in environment.settings.routes if entry.get("name") == route.name)
    return {**entry, "match": "**", "mode": Mode.REAL_TIME.value}


def read_schema(text: str | bytes) -> Schema | None:
    """The schema that somebody wrote or sent; None for none.

    Raises:
        RejectedInput: it is no JSON, or no schema.
    """
    if not text.strip():
        return None
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RejectedInput(f"The schema is not JSON ({error}).", _SCHEMA_LIKE) from error
    if not isinstance(schema, dict):
        raise RejectedInput("The schema is no JSON object.", _SCHEMA_LIKE)
    if problem := schema_problem(schema):
        raise RejectedInput(f"The schema {problem}.", _SCHEMA_LIKE)
    return schema


_SCHEMA_LIKE = 'Write it like {"invoice_number": "", "total": "number"}.'
