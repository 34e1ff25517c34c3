"""`dbt_like_sql/` is a dbt project: real dbt-duckdb builds the same tables from it, and the same tests pass.

dbt has a virtual environment of its own, made here: it wants versions of packages that the project's tools do not.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.build import build_models, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import Model, load_models
from qwenocr_assets.warehouse.publish import working_file

pytestmark = pytest.mark.slow

PACKAGES = ("dbt-core>=1.11,<1.12", "dbt-duckdb>=1.10,<2", f"duckdb=={duckdb.__version__}")
"""dbt 1.12 downloads its parser when it is first run."""

Put = Callable[..., Path]
Dbt = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def dbt_program(request: pytest.FixtureRequest) -> Path:
    """dbt in an environment that is kept between test runs."""
    folder = Path(request.config.cache.mkdir("dbt-" + duckdb.__version__))  # type: ignore[union-attr]
    program = folder / "venv" / "bin" / "dbt"
    if program.exists() or os.environ.get("QWENOCR_TEST_DBT"):
        return Path(os.environ.get("QWENOCR_TEST_DBT") or program)
    new = folder / "new"
    shutil.rmtree(new, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(folder / "venv")],
        [
            str(folder / "venv" / "bin" / "pip"),
            "install",
            "-q",
            "--no-compile",
            "--disable-pip-version-check",
            *PACKAGES,
        ],
    ):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            shutil.rmtree(folder / "venv", ignore_errors=True)
            pytest.skip(f"dbt cannot be installed here: {made.stderr.strip().splitlines()[-1]}")
    return program


@pytest.fixture
def dbt(dbt_program: Path, tmp_path: Path) -> Dbt:
    """Run dbt on a copy of the project and of a DuckDB file; returns each model's and test's status by name."""
    project = tmp_path / "project"
    shutil.copytree(MODELS, project)

    def run(file: Path, *arguments: str) -> dict[str, str]:
        ended = subprocess.run(
            [dbt_program, *arguments, "--project-dir", project, "--profiles-dir", project],
            env={**os.environ, "QWENOCR_DBT_DUCKDB": str(file), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        results = json.loads((project / "target" / "run_results.json").read_text())["results"]
        return {r["unique_id"].split(".")[2]: r["status"] for r in results}

    return run


def put_everything(put: Put, batch: str, document: str, lines: int) -> None:
    """A document with rows in every table."""
    page = {"page_id": f"{document}-p1"}
    put("documents", batch, {"document_id": document, "name": f"{document}.png"})
    put("pages", batch, page)
    for table in ("ocr_requests", "ocr_responses", "table_cells", "document_blocks", "formulas"):
        put(table, batch, page)
    put("text_lines", batch, *({**page, "line_index": n, "text": f"{batch} {n}"} for n in range(lines)))
    put(
        "key_values",
        batch,
        *(
            {**page, "path": f"items[{n}].name", "key": "name", "list_index": n, "value": f"{batch} {n}"}
            for n in range(lines)
        ),
    )


def content(file: Path, models: dict[str, Model]) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(file)) as con:
        return {
            name: con.execute(f"SELECT * FROM {model.relation} ORDER BY ALL").fetchall()
            for name, model in models.items()
        }


def test_dbt_builds_the_same_tables_and_passes_the_same_tests(
    data: DataFolder, put: Put, dbt: Dbt, tmp_path: Path
) -> None:
    models, ours, theirs = load_models(MODELS), working_file(data), tmp_path / "theirs.duckdb"
    put_everything(put, "b1", "d1", 3)
    put_everything(put, "b2", "d2", 2)

    def build_ours() -> dict[str, int]:
        load_changes(data, ours)
        if not theirs.exists():  # the core tables alone, as dbt finds them
            shutil.copyfile(ours, theirs)
        with open_writer(ours) as con:
            build_models(con, models)
            results = {m: run_tests(con, model) for m, model in models.items()}
        assert [t for tests in results.values() for t in tests if not t.passed] == []
        return {m: len(tests) for m, tests in results.items()}

    tests = build_ours()
    statuses = dbt(theirs, "build")
    assert set(statuses.values()) == {"success", "pass"}
    assert {name for name, status in statuses.items() if status == "success"} == set(models)
    assert sum(status == "pass" for status in statuses.values()) == sum(tests.values())
    assert content(theirs, models) == content(ours, models)

    # what is new, changed and gone goes through dbt's own incremental build in the same way
    put_everything(put, "b3", "d3", 4)
    put_everything(put, "b2", "d2", 1)
    for table in ("documents", "pages", "text_lines", "key_values"):
        data.table_file(table, "b1").unlink()
    build_ours()
    with duckdb.connect(str(theirs)) as con:
        con.execute(f"ATTACH '{ours}' AS ours (READ_ONLY)")
        for schema, table in con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE database_name = 'ours' AND (schema_name = 'core' OR table_name = 'load_log')"
        ).fetchall():
            con.execute(f"DELETE FROM {schema}.{table}")
            con.execute(f"INSERT INTO {schema}.{table} FROM ours.{schema}.{table}")
    assert set(dbt(theirs, "run").values()) == {"success"}
    assert content(theirs, models) == content(ours, models)
