"""The terminal that commands write to."""

import typer
from rich.console import Console

console = Console()


def exit_unless(success: bool) -> None:
    """End the command with exit code 1 if not everything went well."""
    if not success:
        raise typer.Exit(1)
