"""The result schemas of the routes: what key information extraction is asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.qwenocr.checks import schema_problem
from qwenocr_assets.warehouse.texts.names import part_of_name


@dataclass(frozen=True, slots=True)
class ResultSchema:
    """A result schema of the routes, under the name its views begin with."""

    name: str
    keys: Mapping[str, Any]
    routes: tuple[str, ...]
    origin: str
    """Where a person changes it: the file, or the route it stands in."""


def result_schemas(routes: Iterable[Mapping[str, Any]], folder: Path) -> tuple[ResultSchema, ...]:
    """The result schemas of `[[routes]]` entries, each once; `folder` is where pipeline.toml lies.

    A schema is named after its file, one written into its route after the route.

    Raises:
        WarehouseError: a schema cannot be read or sent, or two of different content have one name.
    """
    found: dict[str, ResultSchema] = {}
    for route in routes:
        schema, name = route.get("schema"), str(route.get("name"))
        if schema is None:
            continue
        origin = schema if isinstance(schema, str) else f"route {name} of pipeline.toml"
        if isinstance(schema, str):
            name, schema = Path(schema).stem, _read(folder / schema)
        if problem := schema_problem(schema):
            raise WarehouseError(f"The result schema {origin} {problem}.", "Correct it.")
        name = part_of_name(name, "schema")
        other = found.get(name)
        if other is not None and other.keys != schema:
            raise WarehouseError(
                f"The result schemas {other.origin} and {origin} would both make the view {name}_fields.",
                "Rename one of the two.",
            )
        routes_of = (*(other.routes if other else ()), str(route.get("name")))
        found[name] = ResultSchema(name, schema, routes_of, origin)
    return tuple(found.values())


def _read(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise WarehouseError(f"{path} is no result schema ({error}).", "Correct it, or the route.") from error
