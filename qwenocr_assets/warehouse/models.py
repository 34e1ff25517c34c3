"""SQL models: plain `.sql` with Jinja's `ref()`, `source()` and `config()`, `schema.yml` beside it, tests as files.

The folder is a dbt project; this reads the part of dbt's syntax that it uses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.dbt_files import Project, read_project
from qwenocr_assets.warehouse.model_sql import RENAME, Increment, compile_file
from qwenocr_assets.warehouse.model_tests import ModelTest, read_tests, singular_test
from qwenocr_assets.warehouse.result_schemas import ResultSchema
from qwenocr_assets.warehouse.texts.names import is_sql_name
from qwenocr_assets.warehouse.wide_views import wide_views

_MATERIALIZED = ("view", "table", "incremental")
_OPTIONS = ("materialized", "incremental_strategy", "pre_hook")


@dataclass(frozen=True, slots=True)
class Model:
    """One SQL model: a file of `models/`, compiled."""

    name: str
    path: Path
    schema: str
    """Schema of the warehouse it is built in: staging or marts."""
    materialized: str
    """view, table or incremental."""
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
    """Descriptions by column. A model that reads a single source passes that table's descriptions on, and a history
    passes its own on to the model of the current rows."""
    own_columns: frozenset[str] = frozenset()
    """Columns that its own entry in `schema.yml` names."""
    tests: tuple[ModelTest, ...] = ()
    increment: Increment | None = None
    """Of an incremental model: how it takes in what is new."""

    @property
    def relation(self) -> str:
        """Its place in the warehouse, like marts.page_text."""
        return f"{self.schema}.{self.name}"

    @property
    def kind(self) -> str:
        """What DuckDB calls it: VIEW or TABLE."""
        return "VIEW" if self.materialized == "view" else "TABLE"


def load_models(folder: Path, schemas: Iterable[ResultSchema] = ()) -> dict[str, Model]:
    """Read and compile every model of a dbt project, in the order they can be built.

    To these come the wide views of the routes' result schemas, which stand in no file of the project.

    Raises `WarehouseError` naming the file for an unknown `ref` or `source`, a cycle, or SQL, Jinja or YAML
    that cannot be read.
    """
    with TemporaryDirectory(prefix="qwenocr-models-") as generated:
        marts = Path(generated) / "marts"
        marts.mkdir()
        views = wide_views(schemas)
        for path in sorted(folder.rglob("*.sql")):
            if path.stem in views.origins:
                raise WarehouseError(
                    f"The result schema {views.origins[path.stem]} would make the view {path.stem}, "
                    f"and there is {path}.",
                    "Rename the schema's file, or its route where it stands in one.",
                )
        for name, sql in views.sql.items():
            (marts / f"{name}.sql").write_text(sql, encoding="utf-8")
        (marts / "schema.yml").write_text(views.properties, encoding="utf-8")
        return _load(read_project(folder, Path(generated)))


def _load(project: Project) -> dict[str, Model]:
    files = _model_files(project)
    relations = {name: f"{_schema(project, path)}.{name}" for name, path in files.items()}
    compiled = {name: _compile(project, name, path, relations) for name, path in files.items()}
    for name, (file, _) in project.models.items():
        if name not in compiled:
            raise WarehouseError(f"{file} describes the model {name}, and there is no {name}.sql.", RENAME)
    models: dict[str, Model] = {}
    for name in _build_order(compiled):
        models[name] = _describe(project, compiled[name], relations, models.get(f"{name}_history"))
    for name, tests in _singular_tests(project, models, relations).items():
        models[name] = replace(models[name], tests=(*models[name].tests, *tests))
    return models


def _model_files(project: Project) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(p for f in project.model_folders for p in f.rglob("*.sql")):
        if not is_sql_name(path.stem):
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
    compiled = compile_file(path, relations, project.source_tables, relations[name], _OPTIONS)
    materialized = compiled.config.get("materialized", project.config_for(path).materialized)
    if materialized not in _MATERIALIZED:
        raise WarehouseError(
            f"{path}: materialized is {materialized!r}.", f"Use {' or '.join(_MATERIALIZED)}."
        )
    incremental = materialized == "incremental"
    if incremental and compiled.config.get("incremental_strategy") != "append":
        raise WarehouseError(
            f"{path}: an incremental model needs incremental_strategy='append'.",
            "Let its pre_hook delete the rows that no longer hold.",
        )
    return Model(
        name,
        path,
        relations[name].partition(".")[0],
        materialized,
        path.read_text(encoding="utf-8"),
        compiled.sql,
        compiled.refs,
        compiled.sources,
        increment=compiled.increment if incremental else None,
    )


def _singular_tests(
    project: Project, models: Mapping[str, Model], relations: Mapping[str, str]
) -> dict[str, list[ModelTest]]:
    """The tests that are files, by the model they belong to: of those they read the one that is built last."""
    tests: dict[str, list[ModelTest]] = {}
    for path in sorted(p for f in project.test_folders for p in f.rglob("*.sql")):
        compiled = compile_file(path, relations, project.source_tables, options=("severity",))
        if not compiled.refs:
            raise WarehouseError(f"{path} reads no model.", "Name the model it tests with ref().")
        owner = max(compiled.refs, key=list(models).index)
        tests.setdefault(owner, []).append(singular_test(path, compiled))
    return tests


def _build_order(models: Mapping[str, Model]) -> list[str]:
    try:
        return list(TopologicalSorter({m.name: m.refs for m in models.values()}).static_order())
    except CycleError as error:
        names: list[str] = error.args[1]
        files = ", ".join(str(models[n].path) for n in names[:-1])
        raise WarehouseError(
            f"Models refer to each other in a circle: {' → '.join(names)} ({files}).", "Break the circle."
        ) from error


def _describe(project: Project, model: Model, relations: Mapping[str, str], history: Model | None) -> Model:
    """The model with what `schema.yml` says about it; `history` is the model of all its versions, built before it."""
    passed_on: dict[str, str] = {}
    if history and history.name in model.refs:
        passed_on = dict(history.columns)
    elif len(model.sources) == 1:
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
