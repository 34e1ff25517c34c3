"""What a person said in a file, before anything is believed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from qwenocr_assets.geometry import Box


class Verdict(Enum):
    """What a person says about a place."""

    VALUE = "value"
    """This stands there."""
    RIGHT = "right"
    """What is shown is right."""
    ABSENT = "absent"
    """Nothing such stands on the page."""
    UNDO = "undo"
    """Nothing that people said of it holds any more: the model's value is back, and asked about again."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing a person said."""

    where: str
    """Where it stands in the file, for people: `line 3`, `task 7, region 1f3a…`."""
    batch_id: str
    document_id: str
    page_id: str
    task: str
    place: str
    verdict: Verdict
    value: str | None = None
    """With the verdict VALUE, what stands there."""
    seen: str | None = None
    """`fingerprint` of the model's value the person saw; None when they found the place themselves."""
    page_sha256: str | None = None
    because: str = "chosen"
    """Why they looked: queue, audit or chosen."""
    finding: str | None = None
    by: str | None = None
    account: str | None = None
    """Who it was, as the file numbers people; counts where nobody says a name."""
    at: datetime | None = None
    """When, UTC; None when the file does not say."""
    box: Box | None = None
    """Where they saw it in page pixels, if not where it was shown to them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What cannot be taken, and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file says."""

    statements: tuple[Statement, ...]
    refused: tuple[Refused, ...]
    unanswered: int
    """Entries that nobody has filled in."""


def fingerprint(value: str | None) -> str:
    """Twelve letters that tell one model value from another, whatever a spreadsheet makes of the value itself."""
    return "none" if value is None else "v" + hashlib.sha256(value.encode()).hexdigest()[:11]


def because_of(finding: str | None) -> str:
    """Why a person was shown a value, by the finding of the review queue that it came with."""
    return "chosen" if not finding else "audit" if finding == "audit" else "queue"
