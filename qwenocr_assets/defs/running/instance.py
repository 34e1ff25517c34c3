"""The project's own Dagster instance: runs of the command line and of the UI are kept in one place."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.errors import InUse
from qwenocr_assets.settings import project_root
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path

_WAIT_SECONDS = 60.0
"""How long somebody else may make the same home: it takes a few seconds."""
_POLL_SECONDS = 0.1
_PARTITIONS = intake_batches.name or ""


_OWN_DATA = "data"
"""The data folder below the project whose home is `.dagster/` itself, as it was when there was one for all."""
_set_here: str | None = None
"""What this process set `DAGSTER_HOME` to."""


def dagster_home(data: DataFolder) -> Path:
    """The Dagster home of a data folder.

    `DAGSTER_HOME` wins when somebody set it. Otherwise it is `.dagster/` in the project for the project's own folder
    `data`, and a folder inside it for any other: what one data folder has is not listed beside what another has.
    """
    given = os.environ.get("DAGSTER_HOME")
    if given and given != _set_here:
        return Path(given).resolve()
    root = data.root
    base = project_root() / ".dagster"
    if is_local(root) and local_path(root).resolve() == (project_root() / _OWN_DATA).resolve():
        return base.resolve()
    address = str(local_path(root).resolve()) if is_local(root) else str(root)
    plain = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-") or "data"
    return (base / f"{plain}-{hashlib.sha256(address.encode()).hexdigest()[:8]}").resolve()


def ensure_dagster_home(data: DataFolder, wait_seconds: float = _WAIT_SECONDS) -> Path:
    """The Dagster home of a data folder, set in the environment, and made on first use with `deploy/dagster.yaml`.

    Of processes that start together one makes it, with its databases, which Dagster itself does not make side by side.
    A data folder whose runs are in the home that was one for all gets a copy of that.

    Raises:
        InUse: another process has been making it for `wait_seconds`.
    """
    global _set_here
    home = dagster_home(data)
    if os.environ.get("DAGSTER_HOME") != str(home):
        os.environ["DAGSTER_HOME"] = _set_here = str(home)
    home.mkdir(parents=True, exist_ok=True)
    made = home / ".made"
    if not made.exists():
        with _alone(home, wait_seconds):
            if not made.exists():
                _make(home, data)
                made.touch()
    return home


def _make(home: Path, data: DataFolder) -> None:
    before = project_root() / ".dagster"
    if home.parent == before.resolve() and (before / ".made").exists() and _has_runs_of(before, data):
        _copy(before, home)
    template = project_root() / "deploy" / "dagster.yaml"
    if not (home / "dagster.yaml").exists():
        if template.exists():
            shutil.copyfile(template, home / "dagster.yaml")
        else:  # outside a checkout: nothing may be told to anybody there either
            (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with dg.DagsterInstance.get() as instance:
        _forget_partitions_of_others(instance, data)


def _has_runs_of(home: Path, data: DataFolder) -> bool:
    """Whether a home lists batches of a data folder."""
    ours = set(data.batch_ids())
    if not ours:
        return False
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return not ours.isdisjoint(instance.get_dynamic_partitions(_PARTITIONS))


def _forget_partitions_of_others(instance: dg.DagsterInstance, data: DataFolder) -> None:
    """In a home that was copied, batches of other data folders are listed, which nobody could run there."""
    ours = set(data.batch_ids())
    for batch_id in instance.get_dynamic_partitions(_PARTITIONS):
        if batch_id not in ours:
            instance.delete_dynamic_partition(_PARTITIONS, batch_id)


def _copy(before: Path, home: Path) -> None:
    """All that a home has: its settings, and its databases as they are at a moment, whoever writes to them."""
    for source in [path for path in before.iterdir() if path.name in _OF_A_HOME]:
        for path in [source] if source.is_file() else source.rglob("*"):
            copy = home / path.relative_to(before)
            if path.is_dir():
                copy.mkdir(parents=True, exist_ok=True)
            elif path.suffix == ".db":
                copy.parent.mkdir(parents=True, exist_ok=True)
                with (
                    contextlib.closing(sqlite3.connect(path)) as from_,
                    contextlib.closing(sqlite3.connect(copy)) as to,
                ):
                    from_.backup(to)
            elif not path.name.endswith(("-wal", "-shm", "-journal")):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)


_OF_A_HOME = ("dagster.yaml", "history", "schedules", "storage", "logs")


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
