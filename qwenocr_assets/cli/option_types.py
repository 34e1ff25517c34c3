"""The types of options and arguments as people read them in the help: a NUMBER, not an `<int range> [x>=1]`."""

from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.models import OptionInfo

_WORDS: dict[Any, str] = {int: "NUMBER", float: "NUMBER", str: "TEXT", Path: "PATH"}


class _Command(TyperCommand):
    """A command that shows no types where a word says nothing: of its arguments and of `--help`."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


class _Group(TyperGroup):
    """The same of a group of commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


def _no_type(ctx: Any) -> None:  # noqa: ARG001  as Typer calls it
    return None


def _without_types(params: list[Any]) -> list[Any]:
    for param in params:
        if isinstance(param, TyperArgument):
            # `PATH... <list[Path]>`: Typer has no setting for the second
            vars(param)["display_type_rich"] = _no_type
        elif param.is_flag and param.metavar is None:
            param.metavar = ""
    return params


def with_readable_types(app: typer.Typer) -> None:
    """Give each option of the app and its groups a word for its type; those that have one keep it."""
    app.info.cls = _Group
    for group in app.registered_groups:
        if group.typer_instance is not None:
            with_readable_types(group.typer_instance)
    for command in app.registered_commands:
        if command.callback is None:
            continue
        command.cls = _Command
        for hint in get_type_hints(command.callback, include_extras=True).values():
            kind, *notes = get_args(hint) or (hint,)
            for note in notes:
                if isinstance(note, OptionInfo) and note.metavar is None:
                    note.metavar = _word(kind)


def _word(kind: Any) -> str | None:
    """Nothing for a flag, which takes no value."""
    if kind is bool:
        return ""
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is list:
        return f"{_WORDS[get_args(kind)[0]]}, may be repeated"
    return _WORDS.get(kind)
