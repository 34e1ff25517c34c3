"""`qwenocr ui`: Dagster's UI and daemon as a program of their own, quiet, with the addresses that one wants first."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import httpx

from qwenocr_assets.app.addresses import PAGE_URL
from qwenocr_assets.defs.running.instance import ensure_dagster_home
from qwenocr_assets.errors import ExitCode
from qwenocr_assets.settings import project_root
from qwenocr_assets.storage.data_folder import DataFolder

_START_SECONDS = 180.0
_POLL_SECONDS = 0.5
_QUIET = "ignore::DeprecationWarning,ignore:Function `dev_command` is superseded"
"""Dagster's own affairs, which nobody here can do anything about."""


def serve_ui(
    tell: Callable[[str], None], data: DataFolder, *, host: str, port: int, newest: str | None
) -> ExitCode:
    """Serve it until Ctrl-C, and say where it is once it answers."""
    ensure_dagster_home(data)
    tell("Dagster is starting (about 20 seconds) …")
    # a script's background job ignores it, and so would Dagster's processes, which it ends by this signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(  # noqa: S603  our own interpreter and arguments
        command(host, port),
        cwd=project_root(),
        env={**os.environ, "PYTHONWARNINGS": _QUIET},
    )
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        if _answers(process, f"http://{host}:{port}/server_info"):
            for line in addresses(f"http://{host}:{port}", newest):
                tell(line)
        process.wait()
    except KeyboardInterrupt:  # the terminal has told Dagster as well: it ends its own processes
        process.wait()
        return ExitCode.DONE
    return ExitCode.DONE if process.returncode in (0, -signal.SIGTERM) else ExitCode.UNEXPECTED


def command(host: str, port: int) -> list[str]:
    """Dagster's own command; sensors that skip and ticks that do nothing are not told."""
    return [
        *(sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", host, "-p", str(port)),
        *("--log-level", "warning", "--code-server-log-level", "error"),
    ]


def addresses(address: str, newest: str | None) -> list[str]:
    """What to open: the lineage, the newest intake, what failed; the UI itself last."""
    return [
        f"Lineage        {address}/asset-groups",
        *(
            [f"Newest intake  {address}/assets/documents?view=partitions&partition={newest}"]
            if newest
            else []
        ),
        f"Failures       {address}/runs?q[0]=status:FAILURE",
        f"Correct        {PAGE_URL} (qwenocr app, in another terminal)",
        f"Open {address}, stop with Ctrl-C",
    ]


def _answers(process: subprocess.Popen[bytes], address: str) -> bool:
    """Wait until the UI answers; False where the program ended before, or takes too long."""
    give_up_at = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            if httpx.get(address, timeout=5).is_success:
                return True
        except httpx.TransportError:
            time.sleep(_POLL_SECONDS)
    return False
