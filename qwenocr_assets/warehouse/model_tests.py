"""Data tests as SQL that selects what fails: dbt's four generic ones, and files of their own."""
# Names put into SQL come from the project's own schema.yml.
# ruff: noqa: S608

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.dbt_files import ModelEntry
from qwenocr_assets.warehouse.ddl import literal
from qwenocr_assets.warehouse.model_sql import Compiled


@dataclass(frozen=True, slots=True)
class ModelTest:
    """A data test of a model."""

    name: str
    """Like `not_null_page_text_page_id`; unique in the model."""
    column: str
    """A column, or for a test of the whole model an SQL expression over its columns; empty for a file."""
    sql: str
    """Selects one row per failure."""
    severity: str
    """error or warn."""
    refs: tuple[str, ...] = ()
    """Other models the test reads."""


def singular_test(path: Path, compiled: Compiled) -> ModelTest:
    """The test that a file of its own is; raises `WarehouseError` naming it for another severity than dbt's."""
    try:
        return ModelTest(path.stem, "", compiled.sql, _severity(compiled.config), compiled.refs)
    except ValueError as error:
        raise WarehouseError(f"{path}: {error}.", "Mend its config() line.") from error


def read_tests(
    entry: ModelEntry, relation: str, relation_of: Callable[[str], str], file: Path
) -> tuple[ModelTest, ...]:
    """The tests that a model's entry in `schema.yml` asks for.

    `relation` is the model in SQL, `relation_of` gives another model's by its name (and raises for none).
    Raises `WarehouseError` naming the file for a test that is not one of dbt's four or lacks an argument.
    """
    asked: list[tuple[str, str | None, str | dict[str, Any]]] = [
        *((f"{entry.name}.{c.name}", c.name, t) for c in entry.columns for t in c.data_tests),
        *((entry.name, None, t) for t in entry.data_tests),
    ]
    tests: dict[str, ModelTest] = {}
    for where, column, item in asked:
        try:
            test = _read_test(entry.name, column, item, relation, relation_of)
        except (KeyError, TypeError, ValueError) as error:
            raise WarehouseError(
                f"{file}: a test of {where} cannot be understood: {error}.",
                "Tests are not_null, unique, accepted_values (values) and relationships (to, field), with "
                "config severity error or warn.",
            ) from error
        if test.name in tests:
            raise WarehouseError(f"{file}: {where} asks for the test {test.name} twice.", "Remove one.")
        tests[test.name] = test
    return tuple(tests.values())


def _read_test(
    model: str,
    column: str | None,
    item: str | dict[str, Any],
    relation: str,
    relation_of: Callable[[str], str],
) -> ModelTest:
    kind, given = (item, {}) if isinstance(item, str) else next(iter(item.items()))
    arguments: dict[str, Any] = dict(given or {})
    severity = _severity(arguments.pop("config", None) or {})
    arguments |= arguments.pop("arguments", None) or {}  # dbt before 1.10 had them one level up
    column = column or str(_take(arguments, kind, "column_name"))
    refs: tuple[str, ...] = ()
    match kind:
        case "not_null":
            sql = f"SELECT {column} FROM {relation} WHERE {column} IS NULL"
        case "unique":
            sql = (
                f"SELECT {column} AS value, count(*) AS rows FROM {relation} WHERE {column} IS NOT NULL "
                f"GROUP BY {column} HAVING count(*) > 1"
            )
        case "accepted_values":
            values = ", ".join(literal(str(v)) for v in _take(arguments, kind, "values"))
            sql = (
                f"SELECT {column} AS value, count(*) AS rows FROM {relation} "
                f"WHERE CAST({column} AS VARCHAR) NOT IN ({values}) GROUP BY {column}"
            )
        case "relationships":
            parent = _ref(str(_take(arguments, kind, "to")))
            field = _take(arguments, kind, "field")
            sql = (
                f"SELECT {column} FROM {relation} WHERE {column} IS NOT NULL "
                f"AND {column} NOT IN (SELECT {field} FROM {relation_of(parent)} WHERE {field} IS NOT NULL)"
            )
            refs = (parent,)
        case _:
            raise ValueError(f"there is no test {kind}")
    if arguments:
        raise ValueError(f"{kind} takes no {', '.join(arguments)}")
    name = re.sub(r"\W+", "_", f"{kind}_{model}_{column}").strip("_")
    return ModelTest(name, column, sql, severity, refs)


def _take(arguments: dict[str, Any], kind: str, name: str) -> Any:
    if name not in arguments:
        raise ValueError(f"{kind} needs {name}")
    return arguments.pop(name)


def _severity(config: Mapping[str, Any]) -> str:
    severity = str(config.get("severity", "error")).lower()
    if severity not in ("error", "warn") or config.keys() - {"severity"}:
        raise ValueError(f"config {dict(config)} is not a severity of error or warn")
    return severity


def _ref(text: str) -> str:
    match = re.fullmatch(r"""ref\(\s*['"](\w+)['"]\s*\)""", text.strip())
    if not match:
        raise ValueError(f"{text!r} is not of the form ref('model')")
    return match[1]
