"""What can become of a document, a page, a request, a rule and a call's money: the words that are in the tables."""

from enum import StrEnum


class DocumentStatus(StrEnum):
    """Whether a document is worked on."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class PageStatus(StrEnum):
    """Whether a page has an image that can be asked about; a tiled one has its tiles instead."""

    READY = "ready"
    REJECTED = "rejected"
    TILED = "tiled"


class AnswerStatus(StrEnum):
    """How a request ended."""

    OK = "ok"
    PARTIAL = "partial"
    REJECTED = "rejected"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNFUNDED = "unfunded"
    MISSING = "missing"

    @property
    def is_final(self) -> bool:
        """Whether asking again would bring nothing new; only final answers are reused."""
        return self not in (AnswerStatus.FAILED, AnswerStatus.UNFUNDED, AnswerStatus.MISSING)


class Outcome(StrEnum):
    """What came of a rule: `masked` is a value whose hidden digits nobody can check."""

    PASSED = "passed"
    FAILED = "failed"
    MASKED = "masked"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"


class LedgerState(StrEnum):
    """What became of the money of a call."""

    RESERVED = "reserved"
    SETTLED = "settled"
    UNCERTAIN = "uncertain"
    RELEASED = "released"


class Action(StrEnum):
    """What a person's word about a value does."""

    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    """It is right as it is."""
    ABSENT = "absent"
    """The page has no such value."""
    ADDED = "added"
    """The answer had none."""
    UNDONE = "undone"
    """What people said before no longer holds."""
