"""Processes by name that outlive the command which started them, and are ended by another without a trace.

Each is noted in a folder with the moment it started, so that a number that is used again is never taken for it.
"""

import contextlib
import functools
import json
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from qwenocr_assets.errors import StorageError

_GRACE_SECONDS = 10.0
_LOG_LINES = 15
_POLL_SECONDS = 0.05


@functools.cache
def machines_allowed() -> bool:
    """Whether a process may get process numbers and a host name of its own here."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*_as_machine("a"), "true"], capture_output=True, check=False)
    return tried.returncode == 0


def on_machine(name: str, command: Sequence[str]) -> list[str]:
    """The command as if on another machine: own process numbers and host name, where that is allowed."""
    return [*_as_machine(name), *command] if machines_allowed() else list(command)


def _as_machine(name: str) -> list[str]:
    alone = ["unshare", "--pid", "--uts", "--fork", "--mount-proc", "--kill-child"]
    return [*alone, "sh", "-c", f'hostname {name}; exec "$@"', "sh"]


class Processes:
    """The processes of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._notes, self._logs = folder / "processes", folder / "logs"
        self._notes.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(exist_ok=True)
        self._own: dict[str, subprocess.Popen[bytes]] = {}
        """Those started by this process, which has to ask about their end."""

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        user: str | None = None,
    ) -> None:
        """Start a process under a name; what it says goes into a log of that name."""
        with (self._logs / f"{name}.log").open("ab") as log:
            started = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=folder,
                user=user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._own[name] = started
        began = psutil.Process(started.pid).create_time()
        note = {"pid": started.pid, "began": began}
        (self._notes / f"{name}.json").write_text(json.dumps(note))

    def wait_for(self, name: str, is_ready: Callable[[], bool], seconds: float = 120.0) -> None:
        """Return when a process is ready.

        Raises:
            StorageError: it ended, or was not ready in time; with the end of its log.
        """
        give_up_at = time.monotonic() + seconds
        while not is_ready():
            ended = self._process(name) is None
            if ended or time.monotonic() > give_up_at:
                how = "ended" if ended else f"was not ready after {seconds:g} s"
                raise StorageError(f"{name} {how}.\n{self.log_end(name)}", f"See {self.log(name)}.")
            time.sleep(_POLL_SECONDS)

    def kill(self, *names: str) -> None:
        """End processes with all that they started, with SIGKILL."""
        trees = [one for name in names for one in self._tree(name)]
        for process in trees:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        _left_of(trees)
        self._forget(*names)

    def end(self, *names: str) -> None:
        """Ask processes and all that they started to end; what is left after ten seconds is killed."""
        asked: list[psutil.Process] = []
        for name in names:
            for process in self._tree(name):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGINT)
                asked.append(process)
        for process in _left_of(asked):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        _left_of(asked)
        self._forget(*names)

    def living(self) -> list[str]:
        """The names of those that live."""
        return [name for name in self.names() if self._process(name)]

    def names(self) -> list[str]:
        """The names of all that were started and not ended, the newest last."""
        notes = {note.stem: json.loads(note.read_text())["began"] for note in self._notes.glob("*.json")}
        return sorted(notes, key=notes.__getitem__)

    def log(self, name: str) -> Path:
        """Where a process says what it says."""
        return self._logs / f"{name}.log"

    def log_end(self, name: str) -> str:
        """The last lines of what it said."""
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def _forget(self, *names: str) -> None:
        for name in names:
            (self._notes / f"{name}.json").unlink(missing_ok=True)
            if own := self._own.pop(name, None):
                own.wait(_GRACE_SECONDS)

    def _note(self, name: str) -> dict[str, float]:
        note: dict[str, float] = json.loads((self._notes / f"{name}.json").read_text())
        return note

    def _process(self, name: str) -> psutil.Process | None:
        """The process of a name; None when it has ended."""
        try:
            note = self._note(name)
            process = psutil.Process(int(note["pid"]))
            same = process.create_time() == note["began"]
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None
        return process if same and _runs(process) else None

    def _tree(self, name: str) -> list[psutil.Process]:
        process = self._process(name)
        if process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return [process, *process.children(recursive=True)]
        return [process]


def _runs(process: psutil.Process) -> bool:
    """Whether it has not ended; one that nobody has asked about its end yet has."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _left_of(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that still run after ten seconds; returns as soon as there are none."""
    give_up_at = time.monotonic() + _GRACE_SECONDS
    while (left := [process for process in processes if _runs(process)]) and time.monotonic() < give_up_at:
        time.sleep(_POLL_SECONDS)
    return left


@contextlib.contextmanager
def in_a_folder_of_their_own(prefix: str) -> Iterator[Processes]:
    """Processes in a new temporary folder; at the end they end, the newest first, and it is removed."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)  # a server that refuses to be root comes through as another user
    processes = Processes(folder)
    try:
        yield processes
    finally:
        processes.end(*reversed(processes.names()))
        shutil.rmtree(folder, ignore_errors=True)
