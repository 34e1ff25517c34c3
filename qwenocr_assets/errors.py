"""The errors a person may meet, each with what to do next.

QwenocrError
├── ConfigurationError    settings or pipeline.toml say something that cannot work
│   └── MissingApiKey     a cloud region is chosen and no key for it is set
├── StorageError          the data folder cannot be read or written
│   ├── BatchInUse        another run works on the same intake batch
│   ├── BatchTaken        another run has taken the batch over, since this one gave no sign of life
│   ├── DamagedDatabase   a database file cannot be read
│   └── DiskFull          no space is left
├── Stopped               a person or the system asked the run to end
├── RejectedInput         a document or page that cannot be processed; the rest of the batch goes on
├── WarehouseError        the warehouse cannot be loaded or published
└── ServiceError          what Qwen-OCR answered instead of a result (tree in `qwenocr/errors.py`)
"""


class QwenocrError(Exception):
    """Base of every error this project raises on purpose.

    `message` says what is wrong and where, `next_step` what the reader should do about it.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class ConfigurationError(QwenocrError):
    """Settings or pipeline.toml say something that cannot work."""


class MissingApiKey(ConfigurationError):
    """A cloud region is chosen and no API key for it is set."""


class StorageError(QwenocrError):
    """The data folder cannot be read or written."""


class BatchInUse(StorageError):
    """Another run works on the same intake batch, and did not end while this one waited."""


class BatchTaken(StorageError):
    """Another run has taken the batch over, since this one gave no sign of life. It must not write any more."""


class DamagedDatabase(StorageError):
    """A database file is damaged, or is none."""


class DiskFull(StorageError):
    """No space is left where something was to be written."""


class Stopped(QwenocrError):
    """A person or the system asked the run to end, and it has."""


class RejectedInput(QwenocrError):
    """A document or page that cannot be processed. It becomes a row that says why; the batch goes on."""


class WarehouseError(QwenocrError):
    """The warehouse cannot be loaded or published."""
