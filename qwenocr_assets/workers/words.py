"""How a job may take its worker down, and what errors say, in words that are the same in every run."""

import re
from collections.abc import Mapping
from enum import StrEnum

_OBJECT = re.compile(r"\s*<[^<>]*\bat 0x[0-9a-fA-F]+>")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


class Fault(StrEnum):
    """What went wrong with a job that was not simply refused."""

    SLOW = "slow"
    LARGE = "large"
    CRASHED = "crashed"
    FAILED = "failed"


Words = Mapping[Fault, tuple[str, str]]
"""What is said of each fault, and what to do; `{}` stands for the seconds, the MiB, the signal, the error."""


def plain_words(error: BaseException) -> str:
    """An error's text without objects and addresses of this process, and without a full stop; never empty."""
    said = _ADDRESS.sub("…", _OBJECT.sub("", str(error))).strip().rstrip(".")
    return said or type(error).__name__
