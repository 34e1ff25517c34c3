"""The lineage of the models' columns, kept between processes.

Each process that declares the assets needs it, and reading it from the SQL takes over a second: as long as all other
declaring together. It follows from the models alone, so it is kept in the user's cache under their hash.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import write_atomically
from qwenocr_assets.warehouse.build import planned_schemas
from qwenocr_assets.warehouse.ddl import OPS_TABLES
from qwenocr_assets.warehouse.lineage.columns import Origins, column_lineages
from qwenocr_assets.warehouse.models import Model

_KEPT = 20
"""So many files, of the newest states of models."""
_LINEAGE = TypeAdapter(dict[str, Origins])


def lineage_of(models: Mapping[str, Model], folder: Path | None = None) -> dict[str, Origins]:
    """By relation: for each column of a model, the columns its values are made of (`column_lineages`).

    `folder` is where it is kept, the user's cache by default; where nothing can be read or written, it is made anew.
    Raises `WarehouseError` as `planned_schemas` does.
    """
    file = (folder or _cache()) / f"lineage-{_key(models)}.json"
    with suppress(OSError, ValidationError):
        return _LINEAGE.validate_json(file.read_bytes())
    lineage = column_lineages(models.values(), planned_schemas(models))
    with suppress(OSError, StorageError):
        write_atomically(UPath(file), _LINEAGE.dump_json(lineage))
        for old in sorted(file.parent.glob("lineage-*.json"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            old.unlink()
    return lineage


def _cache() -> Path:
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "qwenocr"
    try:
        return Path.home() / ".cache" / "qwenocr"
    except RuntimeError:  # an account of a container may have no home
        return Path(os.devnull)


def _key(models: Mapping[str, Model]) -> str:
    """Of all that the lineage follows from: the models, the tables they read, and what reads their SQL."""
    said = [(m.relation, m.sql, m.increment, sorted(m.own_columns)) for m in models.values()]
    libraries = (version("sqlglot"), version("duckdb"))
    return sha256(repr((libraries, list(TABLES.values()), OPS_TABLES, said)).encode()).hexdigest()
