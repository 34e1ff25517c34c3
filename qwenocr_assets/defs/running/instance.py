"""The project's own Dagster instance: runs of the command line and of the UI are kept in one place."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from qwenocr_assets.errors import InUse
from qwenocr_assets.settings import project_root

_WAIT_SECONDS = 60.0
"""How long somebody else may make the same home: it takes a few seconds."""
_POLL_SECONDS = 0.1


def ensure_dagster_home(wait_seconds: float = _WAIT_SECONDS) -> Path:
    """The Dagster home, made on first use with the project's `deploy/dagster.yaml`, and set in the environment.

    `DAGSTER_HOME` wins when it is set; otherwise it is `.dagster/` in the project. Of processes that start together
    one makes it, with its databases, which Dagster itself does not make side by side.

    Raises:
        InUse: another process has been making it for `wait_seconds`.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or project_root() / ".dagster").resolve()
    os.environ["DAGSTER_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    made = home / ".made"
    if not made.exists():
        with _alone(home, wait_seconds):
            if not made.exists():
                _make(home)
                made.touch()
    return home


def _make(home: Path) -> None:
    template = project_root() / "deploy" / "dagster.yaml"
    if not (home / "dagster.yaml").exists() and template.exists():
        shutil.copyfile(template, home / "dagster.yaml")
    with dg.DagsterInstance.get():
        pass


@contextlib.contextmanager
def _alone(home: Path, wait_seconds: float) -> Iterator[None]:
    """Nobody else is in here for the same home. The system ends it however the process ends."""
    give_up_at = time.monotonic() + wait_seconds
    with (home / ".making").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= give_up_at:
                    raise InUse(
                        f"Another process has been making Dagster's home {home} for {wait_seconds:g} s.",
                        "Let it go on or end it, then run the same command.",
                    ) from None
            time.sleep(_POLL_SECONDS)
        yield
