"""The errors a person may meet, each with what to do next.

QwenocrError
├── UsageError            what a command was told cannot be: a name or value that does not exist
├── ConfigurationError    settings or pipeline.toml say something that cannot work
│   └── MissingApiKey     a cloud region is chosen and no key for it is set
├── StorageError          the data folder cannot be read or written
│   ├── InUse             another run has what this one needs: an intake batch, the warehouse
│   ├── BatchTaken        another run has taken the batch over, since this one gave no sign of life
│   ├── Overtaken         another run has written a shared file since this one looked at it
│   ├── UnusableDatabase  a database cannot be read or written, or is not the one any more that it was
│   │   └── DamagedDatabase   its file is damaged
│   └── DiskFull          no space is left
├── AboveReserve          an answer cost more than was set aside for it
├── Stopped               a person or the system asked the run to end
├── RejectedInput         a document or page that cannot be processed; the rest of the batch goes on
├── WarehouseError        the warehouse cannot be loaded or published
│   └── QueryError        what was asked of it cannot be: SQL that DuckDB refuses, a table that does not exist
└── ServiceError          what Qwen-OCR answered instead of a result (tree in `qwenocr/errors.py`)

Each kind has the exit code that the program ends with (`docs/exit-codes.md`).
"""

import re
from enum import IntEnum
from typing import ClassVar

from qwenocr_assets.outgoing import visible

_ENDS = ("", *".!?…:;,。！？")
"""What a message may end with before the next step begins."""


class ExitCode(IntEnum):
    """What the program ends with, so that scripts know what to do next."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    NOTHING_READABLE = 4
    PARTLY_FAILED = 5
    OUT_OF_MONEY = 6
    STORAGE = 7
    TRY_AGAIN = 75
    """As EX_TEMPFAIL of sysexits.h, which schedulers and mailers know."""
    INTERRUPTED = 130
    """As shells say it of what Ctrl-C ended."""


class QwenocrError(Exception):
    """Base of every error this project raises on purpose.

    `message` says what is wrong and where, `next_step` what the reader should do about it; names and values in them
    steer no terminal that they come to.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.message = visible(message)
        self.next_step = visible(next_step)

    def __str__(self) -> str:
        # a service's own words may end without a full stop
        message = self.message.rstrip()
        stop = "" if not self.next_step or message[-1:] in _ENDS else "."
        return f"{message}{stop} {self.next_step}".strip()


class UsageError(QwenocrError):
    """What a command was told cannot be: a name or value that does not exist, or an option that is missing."""

    exit_code = ExitCode.USAGE


class ConfigurationError(QwenocrError):
    """Settings or pipeline.toml say something that cannot work."""

    exit_code = ExitCode.CONFIGURATION


class MissingApiKey(ConfigurationError):
    """A cloud region is chosen and no API key for it is set."""


class StorageError(QwenocrError):
    """The data folder cannot be read or written."""

    exit_code = ExitCode.STORAGE


class InUse(StorageError):
    """Another run has what this one needs, an intake batch or the warehouse, and did not end while this one waited."""

    exit_code = ExitCode.TRY_AGAIN


class BatchTaken(StorageError):
    """Another run has taken the batch over, since this one gave no sign of life. It must not write any more."""

    exit_code = ExitCode.TRY_AGAIN


class Overtaken(StorageError):
    """Another run has written a shared file since this one looked at it; what this one had was not written."""

    exit_code = ExitCode.TRY_AGAIN


class UnusableDatabase(StorageError):
    """A database cannot be opened, read or written, is locked, or is not the one any more that it was."""


class DamagedDatabase(UnusableDatabase):
    """A database file is damaged, or is none."""


class DiskFull(StorageError):
    """No space is left where something was to be written."""


class AboveReserve(QwenocrError):
    """An answer cost more than the most that was taken for possible, so that caps do not bound what follows."""

    exit_code = ExitCode.OUT_OF_MONEY


class Stopped(QwenocrError):
    """A person or the system asked the run to end, and it has."""

    exit_code = ExitCode.INTERRUPTED


class RejectedInput(QwenocrError):
    """A document or page that cannot be processed. It becomes a row that says why; the batch goes on."""

    exit_code = ExitCode.NOTHING_READABLE


class WarehouseError(QwenocrError):
    """The warehouse cannot be loaded or published."""

    exit_code = ExitCode.STORAGE


class QueryError(WarehouseError):
    """What was asked of the warehouse cannot be: SQL that DuckDB refuses, a table or format that does not exist."""

    exit_code = ExitCode.USAGE


def exit_code_of(error_class: str) -> ExitCode:
    """The exit code of an error by its class's name, as logs and events keep it; that of any other error otherwise."""
    waiting: list[type[QwenocrError]] = [QwenocrError]
    while waiting:
        kind = waiting.pop()
        if kind.__name__ == error_class:
            return kind.exit_code
        waiting += kind.__subclasses__()
    return ExitCode.UNEXPECTED


_CODE = re.compile(r"^[\w.]+ \(HTTP \d{3}\): ")


def without_code(reason: str) -> str:
    """A stored reason for people: the service's code before it is for SQL."""
    return _CODE.sub("", reason)
