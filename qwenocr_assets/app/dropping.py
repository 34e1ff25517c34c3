"""Files that are dropped on the page or sent by a program: kept, quoted, read, and told as JSON."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from qwenocr_assets.app.document_json import documents_json
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Advance
from qwenocr_assets.errors import QwenocrError, RejectedInput, UsageError
from qwenocr_assets.steps.pipeline import run
from qwenocr_assets.steps.quote import Quote, quote
from qwenocr_assets.storage.data_folder import local_path

State = Literal["waiting", "quoting", "quoted", "reading", "read", "failed"]


@dataclass
class Drop:
    """Files that came together, and how far they are."""

    drop_id: str
    folder: Path
    state: State = "waiting"
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    quote: dict[str, Any] = field(default_factory=dict)
    batches: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """What the page is told."""
        return {
            "id": self.drop_id, "state": self.state, "stage": self.stage, "done": self.done, "total": self.total,
            "error": self.error, "quote": self.quote, "notes": self.notes,
            "files": sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else [],
        }  # fmt: skip

    @contextmanager
    def showing(self, name: str, total: int) -> Iterator[Advance]:
        """A stage of the pipeline."""
        self.stage, self.done, self.total = name, 0, total
        lock = threading.Lock()

        def advance() -> None:
            with lock:
                self.done += 1

        yield advance


class Shown:
    """The pipeline's progress, in a drop."""

    def __init__(self, drop: Drop) -> None:
        self._drop = drop

    def stage(self, name: str, total: int) -> Any:
        return self._drop.showing(name, total)

    def note(self, message: str) -> None:
        self._drop.notes.append(message)


def put(drop: Drop, name: str, content: bytes) -> str:
    """Keep a file under its own name, or one like it where that is taken; returns the name.

    Raises:
        RejectedInput: the name is none for a file, or the drop is being read.
    """
    if drop.state != "waiting":
        raise RejectedInput("These files are being read already.", "Drop further files as a new lot.")
    plain = Path(name.replace("\\", "/")).name
    if not plain or plain.startswith(".") or "\0" in plain or len(plain.encode()) > 240:
        raise RejectedInput(f"{name!r} is no name for a file.", "Give it another name.")
    path, number = drop.folder / plain, 1
    while path.exists():
        number += 1
        path = drop.folder / f"{Path(plain).stem} ({number}){Path(plain).suffix}"
    path.write_bytes(content)
    return path.name


def told_quote(found: Quote) -> dict[str, Any]:
    """A quote as the page is told it."""
    total = found.totals.all
    return {
        "model": found.model.name,
        "pages": len(found.pages),
        "requests": total.requests,
        "answered": total.answered,
        "expected_usd": f"{total.expected_usd.normalize():f}",
        "is_free": total.expected_usd == Decimal(0),
        "rejected": [
            {"name": row["name"], "reason": row["reason"]} for row in found.documents if row["reason"]
        ],
    }


class Drops:
    """The drops of this server, read one after the other.

    Files are kept below `dropped/` of the data folder, so that their batches can be run again.
    """

    def __init__(self, environment: Environment, on_read: Callable[[Sequence[str]], None]) -> None:
        self._environment = environment
        self._on_read = on_read
        self._drops: dict[str, Drop] = {}
        self._turn = threading.Lock()

    def begin(self) -> Drop:
        """A drop without files."""
        drop_id = f"{datetime.now(UTC):%Y-%m-%d}-{uuid.uuid4().hex[:12]}"
        folder = local_path(self._environment.data.root) / "dropped" / drop_id
        folder.mkdir(parents=True)
        drop = self._drops[drop_id] = Drop(drop_id, folder)
        return drop

    def get(self, drop_id: str) -> Drop:
        """The drop with this id.

        Raises:
            UsageError: there is none since the server was started.
        """
        if drop_id not in self._drops:
            raise UsageError(f"There is no drop {drop_id}.", "Drop the files again.")
        return self._drops[drop_id]

    def price(self, drop: Drop) -> None:
        """Quote a drop; what is wrong with it is said in the drop."""
        drop.state = "quoting"
        with self._turn, said_in(drop):
            drop.quote = told_quote(quote(self._environment, [drop.folder]))
            drop.state = "quoted"

    def read(self, drop: Drop) -> None:
        """Read a drop into tables; what is wrong with it is said in the drop."""
        drop.state = "reading"
        with self._turn, said_in(drop):
            outcomes = run(self._environment, [drop.folder], Shown(drop))
            drop.batches = [outcome.batch_id for outcome in outcomes]
            refused = [outcome.refused for outcome in outcomes if outcome.refused is not None]
            drop.error = str(refused[0]) if refused else ""
            drop.state = "failed" if refused else "read"
            self._on_read(drop.batches)

    def documents(self, drop: Drop) -> list[dict[str, Any]]:
        """The documents of a drop that was read, as programs get them."""
        return [
            document for batch_id in drop.batches for document in documents_json(self._environment, batch_id)
        ]


@contextmanager
def said_in(drop: Drop) -> Iterator[None]:
    """What is wrong inside is said in the drop."""
    try:
        yield
    except QwenocrError as error:
        drop.state, drop.error = "failed", str(error)
