"""The terminal that commands write to."""

import typer
from rich.console import Console
from rich.markup import escape

console = Console()


def print_error(to: Console, message: str) -> None:
    """Say what went wrong; brackets in it are text, not markup."""
    to.print(f"[bold red]Error:[/] {escape(message)}")


def exit_unless(success: bool) -> None:
    """End the command with exit code 1 if not everything went well."""
    if not success:
        raise typer.Exit(1)
