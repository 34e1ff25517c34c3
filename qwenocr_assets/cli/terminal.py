"""The terminal that commands write to: the one place where text leaves for it."""

import sys
from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.markup import escape
from rich.segment import Segment

from qwenocr_assets.errors import ExitCode
from qwenocr_assets.outgoing import visible


class _AsText:
    """A renderable whose text cannot steer the terminal; what Rich itself sends to steer it stays."""

    def __init__(self, renderable: Any) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


class _OnlyText(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_AsText(renderable) for renderable in renderables]


class Terminal(Console):
    """A console for text of others: names, values and messages are shown, never obeyed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.push_render_hook(_OnlyText())


console: Console = Terminal()


def print_error(to: Console, message: str) -> None:
    """Say what went wrong; brackets in it are text, not markup."""
    to.print(f"[bold red]Error:[/] {escape(message)}")


def write_rows(lines: Iterable[str]) -> None:
    """Write data to standard output: for a program as they are, for eyes as text."""
    eyes = sys.stdout.isatty()
    for line in lines:
        sys.stdout.write(visible(line) if eyes else line)


def exit_with(code: ExitCode) -> None:
    """End the command with this exit code."""
    if code:
        raise typer.Exit(code)
