"""The terminal that commands write to."""

import typer
from rich.console import Console
from rich.markup import escape

from qwenocr_assets.errors import ExitCode

console = Console()


def print_error(to: Console, message: str) -> None:
    """Say what went wrong; brackets in it are text, not markup."""
    to.print(f"[bold red]Error:[/] {escape(message)}")


def exit_with(code: ExitCode) -> None:
    """End the command with this exit code."""
    if code:
        raise typer.Exit(code)
