"""What `qwenocr doctor` finds."""

from collections.abc import Callable
from dataclasses import dataclass

from qwenocr_assets.errors import QwenocrError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed` says whether the work stops without it."""

    subject: str
    good: bool
    found: str
    next_step: str = ""
    needed: bool = True


def tried(subject: str, look: Callable[[], Finding]) -> Finding:
    """The finding, or the error that came instead of it."""
    try:
        return look()
    except QwenocrError as error:
        return Finding(subject, False, error.message, error.next_step)
