"""Who may do what in a DuckLake: claims on batches, and turns, as advisory locks in its catalogue's Postgres.

DuckLake knows no keys: two transactions that load a batch for the first time would both commit, and its rows be there
twice. So whoever loads a batch has claimed it, in the same Postgres that holds the catalogue: what ends one ends the
other. A claim ends with the connection, however that ends. A lake with another catalogue has one writer and needs none.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from qwenocr_assets.errors import ConfigurationError, WarehouseError
from qwenocr_assets.warehouse.places.lake import EXTRA, POSTGRES, Lake

_KEY = "hashtextextended(%s || batch, 0)"
"""The number of an advisory lock."""


_LOADS = "qwenocr loads "
_FILES = "qwenocr moves files"
_COMMITS = "qwenocr commits"


class Claims:
    """Batches that this process alone loads. Open one with `claims`."""

    def __init__(self, dsn: str | None) -> None:
        self._connection: Any = None if dsn is None else _connect(dsn)
        self._taken: list[str] = []

    def take(self, batches: Sequence[str], *, wait: bool = False) -> list[str]:
        """Claim batches; returns those that nobody else is loading, or all, once nobody does any more."""
        if self._connection is None:
            return list(batches)
        how = "pg_advisory_lock(key) IS NOT NULL" if wait else "pg_try_advisory_lock(key)"
        # in one order: nobody waits in a circle
        found = self._run(
            f"SELECT batch, {how} FROM (SELECT batch, {_KEY} AS key "  # noqa: S608  constants
            "FROM unnest(%s::text[]) WITH ORDINALITY AS b (batch, place) ORDER BY place OFFSET 0) AS k",
            _LOADS,
            sorted(batches),
        )
        taken = [batch for batch, is_taken in found if is_taken]
        self._taken += taken
        return taken

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Commit in here: one process at a time, and only while the claims hold, which end with their connection.

        Raises:
            WarehouseError: the database has gone away.
        """
        with self._locked(_COMMITS, shared=False):
            yield

    @contextmanager
    def turn_at_the_end(self) -> Iterator[Callable[[], None]]:
        """The same from when what is given is called."""
        with ExitStack() as stack:
            yield lambda: stack.enter_context(self._locked(_COMMITS, shared=False))

    @contextmanager
    def files(self) -> Iterator[None]:
        """Table files are read in here: they stay where they are meanwhile."""
        with self._locked(_FILES, shared=True):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody loads while this is open: table files may be moved, and the lake's own put together."""
        with self._locked(_FILES, shared=False):
            yield

    @contextmanager
    def _locked(self, name: str, *, shared: bool) -> Iterator[None]:
        if self._connection is None:
            yield
            return
        kind = "_shared" if shared else ""
        self._run(f"SELECT pg_advisory_lock{kind}(hashtextextended(%s, 0))", name)
        try:
            yield
        finally:
            with suppress(WarehouseError):
                self._run(f"SELECT pg_advisory_unlock{kind}(hashtextextended(%s, 0))", name)

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        import psycopg2

        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
        except psycopg2.Error as error:
            raise _unreached(error) from None

    def give_back(self) -> None:
        """Let others load them."""
        if self._connection is not None and self._taken:
            unlock = f"SELECT pg_advisory_unlock({_KEY}) FROM unnest(%s::text[]) AS batch"  # noqa: S608  a constant
            with suppress(WarehouseError):  # they have ended with the connection
                self._run(unlock, _LOADS, self._taken)
        self._taken = []

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


@contextmanager
def claims(lake: Lake) -> Iterator[Claims]:
    """Claims on a lake's batches, given back at the end."""
    opened = Claims(lake.catalogue.removeprefix(POSTGRES) if lake.takes_many_writers else None)
    try:
        yield opened
    finally:
        opened.close()


def _connect(dsn: str) -> Any:
    try:
        import psycopg2
    except ModuleNotFoundError as error:
        raise ConfigurationError("The driver for Postgres is not installed.", EXTRA) from error
    try:
        connection = psycopg2.connect(dsn)
    except psycopg2.Error as error:
        raise _unreached(error) from None
    connection.autocommit = True
    return connection


def _unreached(error: Exception) -> WarehouseError:
    return WarehouseError(
        f"The database of the DuckLake's catalogue cannot be reached ({type(error).__name__}).",
        "Check the setting warehouse and that the database runs.",
    )
