"""The sign of life of a process that has money set aside."""

import contextlib
import os
import socket
import uuid
from collections.abc import Iterator

from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.errors import StorageError
from qwenocr_assets.state.heartbeat import beating
from qwenocr_assets.state.processes import this_process

LEASE_SECONDS = 120.0
"""So long after its last sign of life a process is taken for dead, and what it had reserved becomes uncertain."""

_BEATS_PER_LEASE = 4


@contextlib.contextmanager
def living_lease(ledger: Ledger, seconds: float = LEASE_SECONDS) -> Iterator[str]:
    """The id of a lease that is renewed as long as the context is open.

    First, what dead processes left behind is made uncertain; so is at the end what this one still has reserved. A
    process that was only paused, and taken for dead, loses nothing: its answers settle uncertain entries too.

    Raises:
        StorageError: the ledger cannot be written, or is not the one any more that it was.
    """
    ledger.expire()
    lease_id = uuid.uuid4().hex
    host, pid, process = socket.gethostname(), os.getpid(), this_process()
    ledger.renew(lease_id, host, pid, seconds, process)

    def renew() -> None:
        ledger.renew(lease_id, host, pid, seconds, process)

    try:
        with beating(renew, seconds / _BEATS_PER_LEASE, "ledger-lease"):
            yield lease_id
    except BaseException:
        with contextlib.suppress(StorageError):  # the next process does it, once this lease has run out
            ledger.expire(ended=lease_id)
        raise
    ledger.expire(ended=lease_id)
