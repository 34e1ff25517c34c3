"""What a person types about a value: read, taken, and answered with what the rules say since."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.quality.rule_work import RuleWork
from qwenocr_assets.review.intake import words_about
from qwenocr_assets.review.statements import Statement, Verdict, because_of, fingerprint
from qwenocr_assets.rows import CorrectionRow, ValidationResultRow
from qwenocr_assets.statuses import Outcome
from qwenocr_assets.steps.corrections import say

PRESENT_SECONDS = 15.0
"""So long after their last sign somebody is said to be at a document."""
_BROKEN = (Outcome.FAILED, Outcome.MISSING)


class Typed(BaseModel):
    """What the page sends about one value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: str
    document_id: str
    page_id: str
    task: str
    place: str
    verdict: Verdict
    value: str | None = None
    """With the verdict value, what is written there."""
    shown: str | None = None
    """The model's value that the person saw; None where it has none."""
    finding: str | None = None
    """Why it was asked about, as the review queue says."""
    knows: str | None = None
    """The correction that the person saw, if there was one."""
    by: str = Field(min_length=1, max_length=200)

    @property
    def statement(self) -> Statement:
        """The same as people's files say it."""
        return Statement(
            where=self.place,
            batch_id=self.batch_id,
            document_id=self.document_id,
            page_id=self.page_id,
            task=self.task,
            place=self.place,
            verdict=self.verdict,
            value=self.value,
            seen=fingerprint(self.shown) if self.shown else None,
            because=because_of(self.finding),
            finding=self.finding,
        )


def answer(environment: Environment, typed: Typed, work: RuleWork) -> tuple[int, dict[str, Any]]:
    """Take a word: the HTTP status and what the page is told. 409 is a newer word of somebody else.

    Raises:
        BatchInUse, StorageError: someone else is importing, or the table cannot be written.
    """
    answered = say(
        environment, typed.statement, by=typed.by, now=datetime.now(UTC), knows=typed.knows, work=work
    )
    word, broken = answered.word, [rule(row) for row in answered.results if row["outcome"] in _BROKEN]
    if word.newer is not None:
        return 409, {"newer": told(word.newer)}
    if word.refused is not None:
        return 422, {"error": word.refused}
    return 200, {"correction": told(word.correction) if word.correction else None, "rules": broken}


def history(environment: Environment, typed: Statement) -> list[dict[str, Any]]:
    """All that people said of a place, the oldest first."""
    return [told(row) for row in words_about(environment.data, typed)]


def told(row: CorrectionRow) -> dict[str, Any]:
    """A correction as the page shows it."""
    return {
        "id": row["correction_id"],
        "action": row["action"],
        "value": row["human_value"],
        "by": row["corrected_by"],
        "at": f"{row['corrected_at']:%Y-%m-%d %H:%M} UTC",
    }


def rule(row: ValidationResultRow) -> dict[str, Any]:
    """A broken rule as the page shows it."""
    return {
        "rule": row["rule"],
        "path": row["path"],
        "severity": row["severity"],
        "reason": row["reason"] or "",
    }


class Presence:
    """Who is at which document; a sign of life counts for `PRESENT_SECONDS`. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, dict[str, float]] = defaultdict(dict)

    def others(self, document_id: str, person: str) -> list[str]:
        """Note that a person is at a document; returns who else is, by name."""
        now = self._clock()
        with self._lock:
            here = {name: at for name, at in self._seen[document_id].items() if now - at < PRESENT_SECONDS}
            here[person] = now
            self._seen[document_id] = here
        return sorted(name for name in here if name != person)


@dataclass
class Debounced:
    """Does something once it has not been asked for a while: what many small changes need in the end, and never twice
    at a time. Close it to have the last of it done.
    """

    do: Callable[[frozenset[str]], None]
    """Gets the batches that it was asked for."""
    pause_seconds: float

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._batches: set[str] = set()
        self._asked_at = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="debounced", daemon=True)
        self._thread.start()

    def ask(self, batch_id: str) -> None:
        """Ask for it."""
        with self._changed:
            self._batches.add(batch_id)
            self._asked_at = time.monotonic()
            self._changed.notify()

    def close(self) -> None:
        """Do what is left, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._batches or self._closed)
                while (
                    not self._closed and (left := self._asked_at + self.pause_seconds - time.monotonic()) > 0
                ):
                    self._changed.wait(left)
                batches, self._batches = frozenset(self._batches), set()
                if not batches:
                    return
            self.do(batches)
