"""Documents that are only tried: in the server's memory until they are read, and forgotten then."""

import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qwenocr_assets.app.document_json import documents_json
from qwenocr_assets.app.dropping import Drop, Shown, put, said_in, told_quote
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.steps.first_look.trying import Schema, set_apart
from qwenocr_assets.steps.pipeline import run
from qwenocr_assets.steps.quote import quote

_MOST = 20
"""Tries that are remembered; the oldest makes room."""


@dataclass
class Try(Drop):
    """A file, the schema to read it with, and what came of it."""

    schema: Schema | None = None
    results: list[dict[str, Any]] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """What the page is told."""
        return super().told() | {"documents": self.results}


class Tries:
    """The tries of this server. Their files are in the system's temporary folder, and go with it."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._tries: OrderedDict[str, Try] = OrderedDict()
        self._number = 0

    def begin(self, name: str, content: bytes, schema: Schema | None) -> Try:
        """A try of a file.

        Raises:
            RejectedInput: the name is none for a file.
        """
        self._number += 1
        folder = Path(tempfile.mkdtemp(prefix="qwenocr-try-"))
        tried = Try(f"try-{self._number}", folder, schema=schema)
        try:
            put(tried, name, content)
        except RejectedInput:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._tries[tried.drop_id] = tried
        while len(self._tries) > _MOST:
            self._forget(next(iter(self._tries)))
        return tried

    def get(self, try_id: str) -> Try:
        """The try with this id.

        Raises:
            RejectedInput: it is over, or there was none.
        """
        if try_id not in self._tries:
            raise RejectedInput("This try is over.", "Choose the file again.")
        return self._tries[try_id]

    def price(self, tried: Try) -> None:
        """Quote a try; what is wrong with it is said in the try."""
        tried.state = "quoting"
        with said_in(tried), set_apart(self._environment, _file(tried), tried.schema) as (apart, file):
            tried.quote = told_quote(quote(apart, [file]))
            tried.state = "quoted"

    def read(self, tried: Try) -> None:
        """Read a try, and remove its file; what is wrong with it is said in the try."""
        tried.state = "reading"
        with said_in(tried), set_apart(self._environment, _file(tried), tried.schema) as (apart, file):
            outcomes = run(apart, [file], Shown(tried))
            tried.results = [found for o in outcomes for found in documents_json(apart, o.batch_id)]
            refused = next((outcome.refused for outcome in outcomes if outcome.refused is not None), None)
            tried.error = str(refused or "")
            tried.state = "read" if refused is None else "failed"
        shutil.rmtree(tried.folder, ignore_errors=True)

    def close(self) -> None:
        """Remove the files of all tries."""
        while self._tries:
            self._forget(next(iter(self._tries)))

    def _forget(self, try_id: str) -> None:
        shutil.rmtree(self._tries.pop(try_id).folder, ignore_errors=True)


def _file(tried: Try) -> Path:
    """Raises `RejectedInput` when it was read, and is gone."""
    found = next(iter(tried.folder.iterdir()), None) if tried.folder.exists() else None
    if found is None:
        raise RejectedInput("The file was read already, and is not kept.", "Choose it again.")
    return found
