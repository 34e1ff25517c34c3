"""Routes from the entries of pipeline.toml, with what is wrong with an entry said in words."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.intake.routes import Route


def load_routes(entries: Sequence[Mapping[str, Any]], folder: Path) -> tuple[Route, ...]:
    """The routes of pipeline.toml, in order; `folder` is where it lies (schema paths are relative to it).

    Raises:
        ConfigurationError: an entry that cannot work; the message names the route and what is wrong.
    """
    routes: list[Route] = []
    for number, entry in enumerate(entries, start=1):
        label = f"Route {entry.get('name') or number} of {folder / 'pipeline.toml'}"
        try:
            route = Route.model_validate(dict(entry), context={"folder": folder})
        except ValidationError as error:
            raise ConfigurationError(
                f"{label} cannot be used: {_problems(error, entry)}.", _next_step(error, folder)
            ) from error
        if route.name in {r.name for r in routes}:
            raise ConfigurationError(f"{label} has the name of another route.", "Give it a name of its own.")
        routes.append(route)
    return tuple(routes)


def _next_step(error: ValidationError, folder: Path) -> str:
    """For a schema's file that is not there, where such files are looked for; else the entry is to be corrected."""
    for problem in error.errors():
        if problem["loc"] == ("schema",) and "cannot be read" in problem["msg"]:
            return f"Put the file there, or write its path below {folder}, like data/schemas/invoice.json."
    return "Correct the entry."


def _problems(error: ValidationError, entry: Mapping[str, Any]) -> str:
    texts: list[str] = []
    for problem in error.errors():
        where = _where(problem["loc"], entry)
        if problem["type"] == "extra_forbidden":
            known = [field.alias or name for name, field in Route.model_fields.items()]
            near = get_close_matches(where, known, n=1)
            texts.append(f"{where} does not exist" + (f"; did you mean {near[0]}?" if near else ""))
        else:
            said = problem["msg"].removeprefix("Value error, ")
            texts.append(f"{where}: {said}" if where else said)
    return "; ".join(texts)


def _where(loc: tuple[int | str, ...], entry: Mapping[str, Any]) -> str:
    """Where in an entry something is; rules by their names."""
    match loc:
        case ("rules", int(index), *rest):
            rule: Any = next(iter(entry["rules"][index : index + 1]), None)
            called = rule.get("name") if isinstance(rule, Mapping) else None
            return ".".join([f"rule {called or index + 1}", *map(str, rest)])
    return ".".join(map(str, loc))
