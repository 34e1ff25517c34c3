"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable

LIMIT_SECONDS = 300.0
"""No goal, only the end of a test that would hang: a busy machine may take its time."""


def wait_until(holds: Callable[[], object], what: str, limit_seconds: float = LIMIT_SECONDS) -> None:
    """Return when `holds` does."""
    deadline = time.monotonic() + limit_seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {limit_seconds:g} s in vain for {what}"
        time.sleep(0.01)
