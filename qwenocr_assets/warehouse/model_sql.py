"""One file of the dbt project compiled: its Jinja rendered, its SQL checked.

Files know `ref`, `source`, `config`, `this` and `is_incremental`, as in dbt.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from jinja2.sandbox import SandboxedEnvironment

from qwenocr_assets.errors import WarehouseError

_QUERIES = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
"""A PIVOT without its values listed is more than one statement to DuckDB."""

_GUARD = "{% if is_incremental() %} … {% endif %}"


_JINJA = SandboxedEnvironment(undefined=jinja2.StrictUndefined)


@dataclass(frozen=True, slots=True)
class Increment:
    """How an incremental model that is there already takes in what is new."""

    before: tuple[str, ...]
    """Statements to run first: they delete the rows that no longer hold (dbt's pre_hook)."""
    sql: str
    """Selects the rows to append."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a file says."""

    config: Mapping[str, Any]
    """What its config() line gives."""
    sql: str
    """As DuckDB runs it, building everything anew."""
    refs: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    increment: Increment


def compile_file(
    path: Path,
    relations: Mapping[str, str],
    sources: Collection[tuple[str, str]],
    this: str = "",
    options: Collection[str] = (),
) -> Compiled:
    """Compile a file.

    `relations` gives each model's place by its name, `sources` the tables there are, `this` the place of the model
    itself, `options` what config() may say. Raises `WarehouseError` naming the file for a name that is not known, or
    Jinja or SQL that cannot be read.
    """
    refs: dict[str, None] = {}  # in order, each once
    used: dict[tuple[str, str], None] = {}
    config: dict[str, Any] = {}

    def ref(model: str) -> str:
        if model not in relations:
            raise WarehouseError(f"{path}: ref('{model}') names no model.", RENAME)
        refs[model] = None
        return relations[model]

    def source(schema: str, table: str) -> str:
        if (schema, table) not in sources:
            raise WarehouseError(f"{path}: source('{schema}', '{table}') is in no sources.yml.", RENAME)
        used[schema, table] = None
        return f"{schema}.{table}"

    def configure(**given: Any) -> str:
        if unknown := given.keys() - set(options):
            raise WarehouseError(
                f"{path}: config() takes {', '.join(options)}, not {', '.join(unknown)}.", "Mend it."
            )
        config.update(given)
        return ""

    def render(text: str, incremental: bool) -> str:
        names = {"ref": ref, "source": source, "config": configure, "this": this}
        try:
            rendered = _template(text).render(names, is_incremental=lambda: incremental)
        except jinja2.TemplateSyntaxError as error:
            raise WarehouseError(
                f"{path}, line {error.lineno}: {error.message}.", "Mend the Jinja."
            ) from error
        except (jinja2.TemplateError, TypeError) as error:
            raise WarehouseError(
                f"{path}: {error}.", "Files know ref, source, config, this and is_incremental."
            ) from error
        return rendered.strip().removesuffix(";").rstrip()

    raw = path.read_text(encoding="utf-8")
    sql, incremental = render(raw, False), render(raw, True)
    for text in {sql, incremental}:
        _check_syntax(path, text)
    hooks = config.get("pre_hook") or []
    hooks = [hooks] if isinstance(hooks, str) else hooks
    if any(render(hook, False) for hook in hooks):
        raise WarehouseError(
            f"{path}: pre_hook runs when all is built anew, too.", f"Write {_GUARD} around it."
        )
    before = tuple(statement for hook in hooks if (statement := render(hook, True)))
    return Compiled(config, sql, tuple(refs), tuple(used), Increment(before, incremental))


@lru_cache(maxsize=1024)  # a process that goes on reads the same files again and again
def _template(text: str) -> jinja2.Template:
    return _JINJA.from_string(text)


RENAME = "Correct the name, or add the file."


def _check_syntax(path: Path, sql: str) -> None:
    try:  # by the parser that will read it: a tenth of the time that one in Python takes, on every start
        kinds = _kinds(sql)
    except duckdb.Error as error:
        raise WarehouseError(f"{path}: {error}", "Mend the SQL.") from error
    if len(kinds) != 1 or kinds[0] not in _QUERIES:
        raise WarehouseError(
            f"{path} is not one SELECT.", "A model or test is one SELECT, with WITH if need be."
        )


@lru_cache(maxsize=1024)
def _kinds(sql: str) -> tuple[duckdb.StatementType, ...]:
    return tuple(statement.type for statement in duckdb.extract_statements(sql))
