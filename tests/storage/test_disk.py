"""A full disk: known by whatever says so, and no half of a write stays."""

import errno
import os
import sqlite3
from pathlib import Path

import duckdb
import pytest
from sqlalchemy.exc import OperationalError

from qwenocr_assets.errors import ConfigurationError, DiskFull
from qwenocr_assets.storage.disk import append_durably, is_full, writing_to


def said_by_sqlite(name: str, text: str = "disk I/O error") -> sqlite3.Error:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    return error


def caused_by(cause: BaseException) -> Exception:
    error = RuntimeError("a step failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "full"),
    [
        pytest.param(OSError(errno.ENOSPC, "x"), True, id="the system"),
        pytest.param(OSError(errno.EDQUOT, "x"), True, id="a quota"),
        pytest.param(OSError(errno.EACCES, "x"), False, id="no permission"),
        pytest.param(sqlite3.OperationalError("database or disk is full"), True, id="SQLite"),
        pytest.param(said_by_sqlite("SQLITE_IOERR_SHMSIZE"), True, id="SQLite's index of its log"),
        pytest.param(said_by_sqlite("SQLITE_IOERR_READ"), False, id="a broken disk"),
        pytest.param(
            OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")),
            True,
            id="SQLAlchemy",
        ),
        pytest.param(duckdb.IOException("Could not write: No space left on device"), True, id="DuckDB"),
        pytest.param(caused_by(OSError(errno.ENOSPC, "x")), True, id="behind another error"),
        pytest.param(caused_by(ValueError("x")), False, id="another error behind another"),
    ],
)
def test_a_full_disk_is_known(error: Exception, full: bool) -> None:
    assert is_full(error) is full
    with pytest.raises(DiskFull if full else type(error)), writing_to("here"):
        raise error


def test_an_error_of_ours_stays_what_it_is() -> None:
    with pytest.raises(ConfigurationError), writing_to("here"):
        raise ConfigurationError("x") from OSError(errno.ENOSPC, "x")


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_failed_append_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "file"
    append_durably(path, b"whole")
    real, calls = os.write, 0

    def write(file: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            return real(file, bytes(data)[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, write if call == "write" else fsync)
        with pytest.raises(OSError, match="No space left"):
            append_durably(path, b"torn and lost")
    assert path.read_bytes() == b"whole"
    append_durably(path, b", and more")
    assert path.read_bytes() == b"whole, and more"
