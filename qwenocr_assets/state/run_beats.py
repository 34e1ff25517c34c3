"""Signs of life of runs, in the database that all processes share: so any machine can tell which runs are dead.

A run is dead when its process is known to have ended, which only its own machine can say, or when it was silent for
three leases. All times are the database's: no two machines' clocks are compared.
"""

import contextlib
import os
import socket
from collections.abc import Collection, Iterator

from sqlalchemy import delete, select

from qwenocr_assets.errors import StorageError
from qwenocr_assets.state.batch_hold import LEASE_SECONDS
from qwenocr_assets.state.database import database_time, open_database, upsert
from qwenocr_assets.state.heartbeat import beating
from qwenocr_assets.state.processes import has_ended, this_process
from qwenocr_assets.state.tables.leases import LEASES
from qwenocr_assets.state.tables.runs import RUN_BEATS

SILENT_SECONDS = 3 * LEASE_SECONDS
"""So long after its last sign of life a run is taken for dead, where nothing else tells."""
_BEAT_SECONDS = LEASE_SECONDS / 4
_FORGOTTEN_SECONDS = 7 * 86_400.0


@contextlib.contextmanager
def living(url: str, run_id: str) -> Iterator[None]:
    """A run that says it lives, in a thread of its own, as long as the context is open.

    Raises:
        ConfigurationError, StorageError: the database cannot be opened.
    """
    engine = open_database(url, durable=False)

    def beat() -> None:
        with engine.begin() as connection:
            row = {
                "process": this_process(),
                "host": f"process {os.getpid()} on {socket.gethostname()}",
                "beats_at": database_time(connection),
            }
            connection.execute(
                upsert(connection, RUN_BEATS)
                .values(run_id=run_id, **row)
                .on_conflict_do_update(index_elements=["run_id"], set_=row)
            )

    try:
        beat()
        try:
            with beating(beat, _BEAT_SECONDS, "run-beat"):
                yield
        finally:
            # a row that stays is of a process that has ended, of a run that Dagster knows to be over
            with contextlib.suppress(StorageError), engine.begin() as connection:
                connection.execute(delete(RUN_BEATS).where(RUN_BEATS.c.run_id == run_id))
    finally:
        engine.dispose()


def dead_runs(url: str, unfinished: Collection[str]) -> dict[str, str]:
    """Of runs that are said to be unfinished those that are dead, with why. What they held is free.

    A run that was never heard of counts as silent from the first look at it.

    Raises:
        ConfigurationError, StorageError: the database cannot be opened or asked.
    """
    if not unfinished:
        return {}
    engine = open_database(url, durable=False)
    try:
        with engine.begin() as connection:
            now = database_time(connection)
            for run_id in unfinished:
                unheard = {"run_id": run_id, "process": "", "host": "", "beats_at": now}
                connection.execute(upsert(connection, RUN_BEATS).values(unheard).on_conflict_do_nothing())
            beats = connection.execute(select(RUN_BEATS)).all()
            dead = {}
            for beat in beats:
                if beat.run_id not in unfinished:
                    continue
                if has_ended(beat.process):
                    dead[beat.run_id] = f"{beat.host} ended without finishing."
                elif now - beat.beats_at > SILENT_SECONDS:
                    who = beat.host or "The process that was to run it"
                    dead[beat.run_id] = f"{who} has given no sign of life for {now - beat.beats_at:.0f} s."
            processes = {beat.process for beat in beats if beat.run_id in dead} - {""}
            ran_out = (LEASES.c.expires_at <= now) & LEASES.c.process.in_(processes)
            connection.execute(delete(LEASES).where(ran_out))
            connection.execute(delete(RUN_BEATS).where(RUN_BEATS.c.run_id.in_(dead)))
            connection.execute(delete(RUN_BEATS).where(RUN_BEATS.c.beats_at < now - _FORGOTTEN_SECONDS))
    finally:
        engine.dispose()
    return dead
