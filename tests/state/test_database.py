"""The database that processes share, while others are in it."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait

from qwenocr_assets.state.database import open_database, sqlite_url


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
