"""A schema and its route, suggested from what was read of one document."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count, pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import pyarrow.compute as pc

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import RejectedInput, StorageError, UsageError
from qwenocr_assets.quality.standing_values import StandingValue, standing_values
from qwenocr_assets.qwenocr.checks import MAX_SCHEMA_LEVELS
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import DocumentRow
from qwenocr_assets.schemas import CORRECTIONS, DOCUMENTS, KEY_VALUES
from qwenocr_assets.storage.data_folder import is_local, local_path
from qwenocr_assets.storage.table_files import read_all_batches, read_table

_HINTS = {"number": "number", "date": "YYYY-MM-DD"}
"""The schema's word for a type of value; everything else is text."""
_STEP = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]|[^.\[\]"]+')
_OF_RECORD = re.compile(r"^\[\d+\]\.?")

Step = str | int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A schema with the route that would use it."""

    name: str
    schema: dict[str, Any]
    file: Path
    """Where the schema belongs; it may not be there yet."""
    toml: str
    """The `[[routes]]` entry."""
    left_out: tuple[str, ...] = ()
    """Paths that are deeper than a schema may be."""

    @property
    def json(self) -> str:
        return written(self.schema)


def suggest(environment: Environment, batch_id: str, document_id: str, name: str | None = None) -> Suggestion:
    """The schema of the values that a document has by now, in the order of its pages, and its route's TOML.

    What a person corrected or added counts; what has no value is left out. `name` is the route's and the file's, by
    default made of the document's.

    Raises:
        UsageError: there is no such document.
        RejectedInput: it has no values, or the name is none for a file.
        StorageError: the schema could lie nowhere on this machine.
    """
    document, values = _read(environment, batch_id, document_id)
    schema: dict[str, Any] = {}
    left_out = []
    for value in values:
        if value["value"] is not None:
            steps = _steps(value["path"])
            if steps is None or not _put(schema, steps, _HINTS.get(value["value_type"], "")):
                left_out.append(value["path"])
    if not schema:
        raise RejectedInput(
            f"{document['name']} has no values to make a schema of.",
            "Read it on a route with key_information_extraction, or write the schema by hand (docs/settings.md).",
        )
    name = name or _free(_folder(environment), name_from(document["name"]), schema)
    if not re.fullmatch(r"[^\W_][\w-]*", name):
        raise RejectedInput(f"{name!r} is no name for a schema.", "Use letters, digits, - and _.")
    file = _folder(environment) / f"{name}.json"
    return Suggestion(name, schema, file, _toml(environment, document["name"], name, file), tuple(left_out))


def _free(folder: Path, name: str, schema: dict[str, Any]) -> str:
    """The name, or one like it if another schema has it."""
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(n for n in names if _content(folder / f"{n}.json") in (None, written(schema)))


def _content(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def written(schema: dict[str, Any]) -> str:
    """A schema as its file has it."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"


def save(suggestion: Suggestion) -> Path:
    """Write the schema's file; one that is there is left as it is, if it says the same.

    Raises:
        UsageError: there is another schema of this name.
        StorageError: it cannot be written.
    """
    file = suggestion.file
    if (there := _content(file)) is not None:
        if there == suggestion.json:
            return file
        raise UsageError(f"There is another schema {file} already.", "Give this one another name.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(suggestion.json)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written ({error.strerror or error}).", "Give the folder write permission."
        ) from error
    return file


def name_from(document_name: str) -> str:
    """A name for documents like this one: the letters of its name, without what counts or dates it."""
    stem = PurePosixPath(document_name).stem.casefold()
    words = [word for word in re.split(r"[\W\d_]+", stem) if word]
    return "-".join(words) or "documents"


def _read(
    environment: Environment, batch_id: str, document_id: str
) -> tuple[DocumentRow, list[StandingValue]]:
    data, of_this = environment.data, pc.field("document_id") == document_id
    documents = read_table(data, DOCUMENTS, batch_id, where=of_this)
    if not documents:
        raise UsageError(f"There is no document {document_id} in intake {batch_id}.", "See `qwenocr sql`.")
    rows = read_table(data, KEY_VALUES, batch_id, where=of_this)
    said = read_all_batches(data, CORRECTIONS, where=of_this)
    standing = standing_values(rows, said)
    tops: dict[tuple[str, str], float] = {}
    for row in rows:  # an element of a list is a row of the page, whose cells differ by a pixel or two
        around = row["page_id"], row["parent_path"] or row["path"]
        tops[around] = min(row["top_px"] or 0.0, tops.get(around, float("inf")))
    places = {}
    for row in rows:
        top = tops[row["page_id"], row["parent_path"] or row["path"]]
        places[row["page_id"], row["path"]] = (row["page_id"], top, row["left_px"] or 0.0)
    last = (max((r["page_id"] for r in rows), default=""), float("inf"), 0.0)
    return documents[0], sorted(standing, key=lambda v: places.get((v["page_id"], v["path"]), last))


def _steps(path: str) -> list[Step] | None:
    """A path of `key_values` taken apart: keys, and indexes in lists. None for one that no schema can ask for: a key
    that is there again, an element that is no object, or more levels than a schema may have.
    """
    steps: list[Step] = []
    for step in _STEP.findall(_OF_RECORD.sub("", path)):
        if step[0] != "[" and "#" in step:
            return None
        inner = step[1:-1]
        steps.append(step if step[0] != "[" else int(inner) if inner.isdecimal() else json.loads(inner))
    keys = sum(isinstance(step, str) for step in steps)
    return steps if keys <= MAX_SCHEMA_LEVELS and steps and isinstance(steps[-1], str) else None


def _put(schema: dict[str, Any], steps: Sequence[Step], hint: str) -> bool:
    """Ask for what is behind the steps as well; False where something else is in the way."""
    here: Any = schema
    for step, after in pairwise(steps):
        inner: Any = [{}] if isinstance(after, int) else {}
        here = here.setdefault(step, inner) if isinstance(step, str) else here[0]
        if not isinstance(here, type(inner)):
            return False
    known = here.setdefault(steps[-1], hint)
    if isinstance(known, str) and known != hint:
        here[steps[-1]] = ""  # a number here, text there: as written
    return isinstance(known, str)


def _folder(environment: Environment) -> Path:
    root = environment.data.root
    if not is_local(root):
        raise StorageError(
            f"The data are in {root}, where no schema of a route can be.",
            "Use a data folder on this machine.",
        )
    return local_path(root) / "schemas"


def _toml(environment: Environment, document_name: str, name: str, file: Path) -> str:
    project = environment.project.resolve()
    place = file.resolve()
    shown = place.relative_to(project).as_posix() if place.is_relative_to(project) else str(place)
    tasks = [Task.ADVANCED_RECOGNITION.value, Task.KEY_INFORMATION_EXTRACTION.value]
    return "\n".join(
        (
            "[[routes]]",
            f"name = {_text(name)}",
            f"match = {_text(_glob(document_name))}",
            f"tasks = [{', '.join(map(_text, tasks))}]",
            f"schema = {_text(shown)}",
            "",
        )
    )


def _glob(document_name: str) -> str:
    """A glob for the names like this one: as far as they have no number."""
    last = PurePosixPath(document_name).name
    same = re.split(r"\d", PurePosixPath(last).stem, maxsplit=1)[0].rstrip("-_ .(")
    return "".join(f"[{c}]" if c in "*?[" else c for c in same or last) + ("*" if same else "")


def _text(text: str) -> str:
    """Text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)
