"""What a person types about a value: read, taken, and answered with what the rules say since."""

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
