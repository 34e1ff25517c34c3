"""The database that processes share, while others are in it."""

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from qwenocr_assets.errors import StorageError
from qwenocr_assets.state import database, sqlite
from qwenocr_assets.state.database import open_database, sqlite_url
from tests.waiting import LIMIT_SECONDS


def test_a_new_database_is_waited_for_while_another_writes(tmp_path):
    """Until it keeps a write-ahead log, SQLite refuses the second of two writers at once, whatever its time limit."""
    path = tmp_path / "a.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (x)")
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as thread:
        opening = thread.submit(open_database, sqlite_url(path))
        wait([opening], timeout=0.3)
        other.execute("COMMIT")
        engine = opening.result(20)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    engine.dispose()
    other.close()


@pytest.mark.parametrize("lets_go", [True, False], ids=["lets go in time", "keeps it"])
def test_a_locked_database_is_waited_for_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, lets_go: bool
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", LIMIT_SECONDS if lets_go else 0.3)
    monkeypatch.setattr(database, "SILENT_SECONDS", 0.1)
    path = tmp_path / "a.db"
    engine = open_database(sqlite_url(path))
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")

        class LetGo(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if lets_go:
                    other.execute("COMMIT")

        monkeypatch.setattr(sqlite._log, "handlers", [LetGo()])
        ends = nullcontext() if lets_go else pytest.raises(StorageError, match="locked by another program")
        with ends, engine.begin() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM cost_entries").scalar_one() == 0
    assert "is locked by another program. Waiting for it" in caplog.text
    engine.dispose()
