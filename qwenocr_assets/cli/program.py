"""How the program starts and ends: a command, one clear message when it fails, its exit code."""

import atexit
import gc
import os
import sys
from contextlib import suppress

from rich.markup import escape

from qwenocr_assets.cli import terminal
from qwenocr_assets.cli.app import app
from qwenocr_assets.errors import DiskFull, ExitCode, QwenocrError, Stopped
from qwenocr_assets.storage.disk import NEXT_STEP, is_full


def main() -> None:
    """Run the command that the arguments name, and end with its exit code."""
    # starting makes objects by the hundred thousand, and hardly any garbage to look for among them
    gc.set_threshold(50_000, 20, 20)
    status = int(ExitCode.UNEXPECTED)  # of an exception that nobody catches

    def leave() -> None:
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    # Taking all that was imported apart again costs a second. What registers first comes last: all else has ended.
    atexit.register(leave)
    try:
        _run()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


def _run() -> None:
    """Our own errors end in one clear message, not in a traceback."""
    try:
        app()
    except Stopped as stopped:
        terminal.console.print(
            f"[bold]{escape(stopped.message)}[/]\n[bold]Next:[/] {escape(stopped.next_step)}"
        )
        sys.exit(stopped.exit_code)
    except QwenocrError as error:
        _print_failure(error)
        sys.exit(error.exit_code)
    except Exception as error:
        if not is_full(error):
            raise
        full = DiskFull("There is no space left on the disk.", NEXT_STEP)
        _print_failure(full)
        sys.exit(full.exit_code)


def _print_failure(error: QwenocrError) -> None:
    errors = terminal.Terminal(stderr=True)
    terminal.print_error(errors, error.message)
    if error.next_step:
        errors.print(f"[bold]Next:[/]  {escape(error.next_step)}")
