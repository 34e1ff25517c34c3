"""SQL models: plain `.sql` with Jinja's `ref()`, `source()` and `config()`, and `schema.yml` beside it.

The folder is a dbt project; this reads the part of dbt's syntax that it uses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import jinja2
import sqlglot
from jinja2.sandbox import SandboxedEnvironment
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.dbt_files import Project, read_project
from qwenocr_assets.warehouse.model_tests import ModelTest, read_tests

_MATERIALIZED = ("view", "table")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Model:
    """One SQL model: a file of `models/`, compiled."""

    name: str
    path: Path
    schema: str
    """Schema of the warehouse it is built in: staging or marts."""
    materialized: str
    """view or table."""
    sql_raw: str
    """As written, with Jinja."""
    sql: str
    """As DuckDB runs it."""
    refs: tuple[str, ...]
    """Models it reads."""
    sources: tuple[tuple[str, str], ...]
    """Tables it reads that are not models: schema and name."""
    description: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Descriptions by column. A model that reads a single source passes that table's descriptions on."""
    own_columns: frozenset[str] = frozenset()
    """Columns that its own entry in `schema.yml` names."""
    tests: tuple[ModelTest, ...] = ()

    @property
    def relation(self) -> str:
        """Its place in the warehouse, like marts.page_text."""
        return f"{self.schema}.{self.name}"


def load_models(folder: Path) -> dict[str, Model]:
    """Read and compile every model of a dbt project, in the order they can be built.

    Raises `WarehouseError` naming the file for an unknown `ref` or `source`, a cycle, or SQL, Jinja or YAML
    that cannot be read.
    """
    project = read_project(folder)
    files = _model_files(project)
    relations = {name: f"{_schema(project, path)}.{name}" for name, path in files.items()}
    models = {name: _compile(project, name, path, relations) for name, path in files.items()}
    for name, (file, _) in project.models.items():
        if name not in models:
            raise WarehouseError(f"{file} describes the model {name}, and there is no {name}.sql.", _RENAME)
    return {name: _describe(project, models[name], relations) for name in _build_order(models)}


_RENAME = "Correct the name, or add the file."


def _model_files(project: Project) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(p for f in project.model_folders for p in f.rglob("*.sql")):
        if not _NAME.fullmatch(path.stem):
            raise WarehouseError(
                f"{path}: a model's name is made of lower-case letters, digits and _.", "Rename the file."
            )
        if path.stem in files:
            raise WarehouseError(f"{path} and {files[path.stem]} have the same name.", "Rename one of them.")
        files[path.stem] = path
    if not files:
        raise WarehouseError(f"There are no models in {project.folder}.", "Point at the folder dbt_like_sql.")
    return files


def _schema(project: Project, path: Path) -> str:
    schema = project.config_for(path).schema
    if not schema:
        raise WarehouseError(
            f"dbt_project.yml gives no schema for {path}.", "Set +schema for its folder below `models:`."
        )
    return schema


def _compile(project: Project, name: str, path: Path, relations: Mapping[str, str]) -> Model:
    refs: dict[str, None] = {}  # in order, each once
    sources: dict[tuple[str, str], None] = {}
    settings = {"materialized": project.config_for(path).materialized}

    def ref(model: str) -> str:
        if model not in relations:
            raise WarehouseError(f"{path}: ref('{model}') names no model.", _RENAME)
        refs[model] = None
        return relations[model]

    def source(schema: str, table: str) -> str:
        if (schema, table) not in project.source_tables:
            raise WarehouseError(f"{path}: source('{schema}', '{table}') is in no sources.yml.", _RENAME)
        sources[schema, table] = None
        return f"{schema}.{table}"

    def config(**given: str) -> str:
        if unknown := given.keys() - settings.keys():
            raise WarehouseError(
                f"{path}: config() takes materialized, not {', '.join(unknown)}.", "Mend it."
            )
        settings.update(given)
        return ""

    raw = path.read_text(encoding="utf-8")
    try:
        template = SandboxedEnvironment(undefined=jinja2.StrictUndefined).from_string(raw)
        sql = template.render(ref=ref, source=source, config=config)
    except jinja2.TemplateSyntaxError as error:
        raise WarehouseError(f"{path}, line {error.lineno}: {error.message}.", "Mend the Jinja.") from error
    except (jinja2.TemplateError, TypeError) as error:
        raise WarehouseError(f"{path}: {error}.", "Models know ref, source and config.") from error
    if settings["materialized"] not in _MATERIALIZED:
        raise WarehouseError(
            f"{path}: materialized is {settings['materialized']!r}.", f"Use {' or '.join(_MATERIALIZED)}."
        )
    _check_syntax(path, sql)
    schema = relations[name].partition(".")[0]
    return Model(name, path, schema, settings["materialized"], raw, _tidy(sql), tuple(refs), tuple(sources))


def _check_syntax(path: Path, sql: str) -> None:
    try:
        statements = sqlglot.parse(sql, dialect="duckdb")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        where = f", line {first['line']}" if first.get("line") else ""
        raise WarehouseError(
            f"{path}{where}: {first.get('description') or error} near {first.get('highlight')!r}.",
            "Mend the SQL.",
        ) from error
    except TokenError as error:
        raise WarehouseError(f"{path}: {error}.", "Mend the SQL.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise WarehouseError(f"{path} is not one SELECT.", "A model is one SELECT, with WITH if need be.")


def _tidy(sql: str) -> str:
    return sql.strip().removesuffix(";").rstrip()


def _build_order(models: Mapping[str, Model]) -> list[str]:
    try:
        return list(TopologicalSorter({m.name: m.refs for m in models.values()}).static_order())
    except CycleError as error:
        names: list[str] = error.args[1]
        files = ", ".join(str(models[n].path) for n in names[:-1])
        raise WarehouseError(
            f"Models refer to each other in a circle: {' → '.join(names)} ({files}).", "Break the circle."
        ) from error


def _describe(project: Project, model: Model, relations: Mapping[str, str]) -> Model:
    """The model with what `schema.yml` says about it."""
    passed_on = {}
    if len(model.sources) == 1:
        passed_on = {c.name: c.description for c in project.source_tables[model.sources[0]].columns}
    if model.name not in project.models:
        return replace(model, columns=passed_on)
    file, entry = project.models[model.name]

    def relation_of(name: str) -> str:
        if name not in relations:
            raise ValueError(f"ref('{name}') names no model")
        return relations[name]

    own = {c.name: c.description for c in entry.columns}
    return replace(
        model,
        description=entry.description.strip(),
        columns={**passed_on, **{n: d for n, d in own.items() if d or n not in passed_on}},
        own_columns=frozenset(own),
        tests=read_tests(entry, model.relation, relation_of, file),
    )
