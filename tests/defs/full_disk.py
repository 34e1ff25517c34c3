"""A disk that gets full at a chosen write: the system's calls and SQLite's statements fail as they would there."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

_WRITING = ("INSERT", "UPDATE", "DELETE", "CREATE")


class FullDisk:
    """Counts what needs space. From write `full_at` on there is none, until it is set back to None."""

    def __init__(self, ledger_url: str) -> None:
        self.full_at: int | None = None
        self.writes = 0
        self._ledger_url = ledger_url

    @property
    def is_full(self) -> bool:
        return self.full_at is not None and self.writes >= self.full_at

    def has_room(self) -> bool:
        self.writes += 1
        return not self.is_full

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put it in the place of the system's calls."""
        real_write, real_open = os.write, os.open

        def write(file: int, data: Any) -> int:
            if self.has_room():
                return real_write(file, data)
            if self.writes == self.full_at and len(data) > 1:
                return real_write(file, memoryview(data)[: len(data) // 2])  # a part still fits
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def open_(path: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
            if flags & os.O_CREAT and not os.path.exists(path):  # noqa: PTH110  a path of any kind
                self._need_room()
            return real_open(path, flags, mode, **options)

        monkeypatch.setattr(os, "write", write)
        monkeypatch.setattr(os, "open", open_)
        for name in ("fsync", "mkdir"):
            monkeypatch.setattr(os, name, self._needing_room(getattr(os, name)))

    @contextmanager
    def under_the_ledger(self) -> Iterator[None]:
        """The same for the statements of the ledger's database."""

        def execute(_: Any, statement: str, __: Any, context: Any) -> None:
            writes = self._is_ledger(context.engine) and statement.lstrip().upper().startswith(_WRITING)
            if writes and not self.has_room():
                raise sqlite3.OperationalError("database or disk is full")

        def commit(connection: Any) -> None:
            if self._is_ledger(connection.engine) and not self.has_room():
                cause = sqlite3.OperationalError("database or disk is full")
                raise OperationalError("COMMIT", {}, cause)

        event.listen(Engine, "do_execute", execute)
        event.listen(Engine, "commit", commit)
        try:
            yield
        finally:
            event.remove(Engine, "do_execute", execute)
            event.remove(Engine, "commit", commit)

    def _is_ledger(self, engine: Engine) -> bool:
        return str(engine.url) == self._ledger_url

    def _needing_room(self, real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self._need_room()
            return real(*arguments, **options)

        return call

    def _need_room(self) -> None:
        if not self.has_room():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
