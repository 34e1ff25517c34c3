"""Reading a dbt project's YAML: `dbt_project.yml`, and the descriptions and tests beside the models.

What dbt would read and this project does not is refused by name, so that nothing is ignored in silence.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from qwenocr_assets.errors import WarehouseError


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnEntry(_Entry):
    """A column as `schema.yml` describes it."""

    name: str
    description: str = ""
    data_tests: list[str | dict[str, Any]] = Field(
        default=[], validation_alias=AliasChoices("data_tests", "tests")
    )


class ModelEntry(_Entry):
    """A model as `schema.yml` describes it."""

    name: str
    description: str = ""
    columns: list[ColumnEntry] = []
    data_tests: list[str | dict[str, Any]] = Field(
        default=[], validation_alias=AliasChoices("data_tests", "tests")
    )


class SourceTableEntry(_Entry):
    """A table that models read but do not build."""

    name: str
    description: str = ""
    columns: list[ColumnEntry] = []


class SourceEntry(_Entry):
    """A schema of such tables."""

    name: str
    description: str = ""
    tables: list[SourceTableEntry] = []


class _PropertiesFile(_Entry):
    version: int = 2
    models: list[ModelEntry] = []
    sources: list[SourceEntry] = []


class _ProjectFile(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    model_paths: list[str] = Field(default=["models"], alias="model-paths")
    test_paths: list[str] = Field(default=["tests"], alias="test-paths")
    models: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class FolderConfig:
    """What `dbt_project.yml` says about the models of a folder."""

    schema: str | None
    materialized: str


@dataclass(frozen=True, slots=True)
class Project:
    """A dbt project's own settings and everything its YAML files describe."""

    folder: Path
    model_folders: tuple[Path, ...]
    test_folders: tuple[Path, ...]
    model_settings: dict[str, Any]
    models: dict[str, tuple[Path, ModelEntry]]
    """By name, with the file that describes it."""
    source_tables: dict[tuple[str, str], SourceTableEntry]
    """By schema and table."""

    def config_for(self, model_file: Path) -> FolderConfig:
        """The nearest `+schema` and `+materialized` on the way from the project down to the model's folder."""
        base = next(f for f in self.model_folders if model_file.is_relative_to(f))
        level: dict[str, Any] = self.model_settings
        schema, materialized = level.get("+schema"), level.get("+materialized", "view")
        for part in model_file.relative_to(base).parent.parts:
            level = level.get(part) or {}
            schema, materialized = level.get("+schema", schema), level.get("+materialized", materialized)
        return FolderConfig(schema, materialized)


def read_project(folder: Path, *more: Path) -> Project:
    """Read a dbt project's YAML, and that of more folders laid out like its `models/`.

    Raises `WarehouseError` naming the file when one is missing, is no YAML or says what cannot be read.
    """
    file = _read(folder / "dbt_project.yml", _ProjectFile)
    model_folders = (*(folder / path for path in file.model_paths), *more)
    test_folders = tuple(folder / path for path in file.test_paths)
    models: dict[str, tuple[Path, ModelEntry]] = {}
    source_tables: dict[tuple[str, str], SourceTableEntry] = {}
    for path in sorted(p for f in model_folders for p in f.rglob("*.y*ml")):
        properties = _read(path, _PropertiesFile)
        for model in properties.models:
            if model.name in models:
                raise WarehouseError(
                    f"{path} describes the model {model.name}, which {models[model.name][0]} describes too.",
                    "Keep one of the two entries.",
                )
            models[model.name] = (path, model)
        for source in properties.sources:
            source_tables |= {(source.name, table.name): table for table in source.tables}
    settings = file.models.get(file.name) or {}
    return Project(folder, model_folders, test_folders, settings, models, source_tables)


_File = TypeVar("_File", bound=BaseModel)

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: seven times as fast, on every start."""


def _read(path: Path, kind: type[_File]) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
        return kind.model_validate(yaml.load(text, _LOADER) or {})  # noqa: S506  both are safe ones
    except OSError as error:
        raise WarehouseError(
            f"{path} cannot be read ({error.strerror or error}).", "The folder of models needs this file."
        ) from error
    except yaml.YAMLError as error:
        raise WarehouseError(f"{path} is not valid YAML: {error}", "Mend the file.") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg'].lower()}" for e in error.errors()
        )
        raise WarehouseError(f"{path} cannot be understood ({problems}).", "Mend the file.") from error
