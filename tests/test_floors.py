"""The house's floors: who may import whom."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from qwenocr_assets.steps.finished import MAKES_ROWS

PACKAGE = Path(__file__).parents[1] / "qwenocr_assets"

GROUND = {
    "settings",
    "schemas",
    "rows",
    "statuses",
    "errors",
    "geometry",
    "outgoing",
    "own_text",
    "raised",
    "state",
    "storage",
}
ROOMS = {
    "asking",
    "cost",
    "imaging",
    "intake",
    "quality",
    "qwenocr",
    "review",
    "scoring",
    "tables",
    "warehouse",
}
MAY_IMPORT: dict[str, set[str]] = {
    "cores": set(),
    "errors": {"outgoing"},
    "geometry": set(),
    "outgoing": set(),
    "raised": set(),
    "statuses": set(),
    "rows": {"statuses"},
    "schemas": {"rows", "statuses"},
    "state": {"errors"},
    "workers": {"errors"},
    "storage": {"errors", "schemas"},
    "settings": {"errors", "storage", "qwenocr"},
    "own_text": {"geometry"},
    "qwenocr": {"cores", "errors", "geometry"},
    "asking": {*GROUND, "qwenocr"},
    "imaging": {*GROUND, "cores", "intake", "workers"},
    "intake": {*GROUND, "qwenocr"},
    "cost": {*GROUND, "asking", "intake", "qwenocr"},
    "tables": {*GROUND, "asking", "qwenocr"},
    "quality": {*GROUND, "asking", "intake", "qwenocr", "workers"},
    "scoring": {*GROUND, "qwenocr", "tables"},
    "warehouse": {*GROUND, "qwenocr"},
    "review": {*GROUND, "qwenocr", "tables", "warehouse"},
    "report": {*GROUND, "imaging", "tables", "warehouse"},
    "engine": {"cores", "errors", "geometry", "own_text", "qwenocr", "raised"},
    "emulator": {"engine", "errors", "qwenocr"},
    "environment": {*GROUND, *ROOMS, "cores", "workers"},
    "deployment": {"errors", "settings"},
    "steps": {*GROUND, *ROOMS, "cores", "environment"},
    "app": {*GROUND, *ROOMS, "environment", "report", "steps"},
}
"""Each floor's rooms and the rooms below them; `defs`, `cli` and `definitions` stand on top of all."""

TOP = {"defs", "cli", "definitions"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """The modules a file imports, at any depth of it."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "qwenocr_assets" and len(parts) > 1 else None


FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def files(here: str) -> list[Path]:
    return [path for path in FILES if room_of(path) == here]


def in_rooms(*left_out: str) -> pytest.MarkDecorator:
    """Once for each room, but for these."""
    rooms = sorted({room_of(path) for path in FILES} - {*left_out, "__init__"})
    return pytest.mark.parametrize("here", rooms)


@in_rooms(*TOP)
def test_no_import_runs_upwards(here: str) -> None:
    for path in files(here):
        used = {r for module in imports(path) if (r := room(module)) and r != here}
        assert used <= MAY_IMPORT[here], f"{path} may not import {sorted(used - MAY_IMPORT[here])}"


@in_rooms(*TOP)
def test_only_the_top_floor_knows_dagster(here: str) -> None:
    for path in files(here):
        assert not {m for m in imports(path) if m.split(".")[0].startswith("dagster")}, path


@in_rooms("engine")
def test_the_engine_is_reached_only_through_its_app(here: str) -> None:
    face = "qwenocr_assets.engine.wire" if here == "emulator" else "qwenocr_assets.engine.app"
    for path in files(here):
        inner = {m for m in imports(path) if m.startswith("qwenocr_assets.engine.")}
        assert not {m for m in inner if not m.startswith(face)}, path


ENGINE_MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "geometry": set(),
    "page": {"errors"},
    "reading": {"errors", "page"},
    "understanding": {"errors", "page"},
    "wire": {"errors", "page"},
}
"""The engine's own floors; `answers` and `app` stand on top of them."""


def test_no_import_runs_upwards_in_the_engine() -> None:
    for path in files("engine"):
        modules = {m.split(".")[2] for m in imports(path) if m.startswith("qwenocr_assets.engine.")}
        here = path.relative_to(PACKAGE / "engine").parts[0].removesuffix(".py")
        if here in ENGINE_MAY_IMPORT:
            assert modules - {here} <= ENGINE_MAY_IMPORT[here], path


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent.relative_to(PACKAGE) for path in FILES if path.name != "__init__.py")
    assert not [folder for folder, count in counts.items() if count > 20]


def test_no_two_rooms_import_each_other() -> None:
    assert not {(a, b) for a, below in MAY_IMPORT.items() for b in below if a in MAY_IMPORT[b]}


@in_rooms("storage")
def test_table_files_are_listed_in_one_place(here: str) -> None:
    """Which of a batch's files counts is said in `storage/scan.py`: who lists them elsewhere gets old rows too."""
    for path in files(here):
        nodes = list(ast.walk(tree(path)))
        texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        assert not [text for text in texts if "*.parquet" in text], path
        assert not [n for n in nodes if isinstance(n, ast.Attribute) and n.attr == "table_folder"], path


@in_rooms("state")
def test_tables_of_the_database_are_made_in_one_place(here: str) -> None:
    """What `state/migrations.py` does not know of cannot be changed later without breaking files that are there."""
    for path in files(here):
        names = {n.attr for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)}
        names |= {m.rsplit(".", 1)[-1] for m in imports(path) if m.startswith("sqlalchemy")}
        assert not names & {"create_all", "MetaData", "create_engine"}, path


def test_dagster_gets_its_settings_in_one_module() -> None:
    for path in files("defs"):
        text = path.read_text(encoding="utf-8")
        loaders = [name for name in ("load_settings", "Environment.load", "load_routes") if name in text]
        assert not loaders or path.name == "resources.py", path


def test_what_makes_rows_is_what_the_steps_stand_on() -> None:
    """A batch runs again when code has changed that its rows depend on, and only then."""
    makes_no_rows = {
        "cores",
        "state",
        "review",
        "warehouse",
    }  # how fast, who may write, and what is made of rows
    below = MAY_IMPORT["environment"] | MAY_IMPORT["steps"]
    assert below - makes_no_rows | {"steps"} == MAKES_ROWS


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(PACKAGE)) for p in FILES])
def test_statuses_of_rows_are_compared_with_their_names(path: Path) -> None:
    """A misspelt `row["status"] == "redy"` is false for ever; `PageStatus.REDY` fails the type check."""
    compared = [
        n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Compare)
    ]
    assert not [
        ast.unparse(n)
        for n in compared
        if isinstance(n.left, ast.Subscript)
        and isinstance(n.left.slice, ast.Constant)
        and n.left.slice.value in ("status", "state", "outcome")
        and any(isinstance(c, ast.Constant) for n_ in n.comparators for c in ast.walk(n_))
    ]
