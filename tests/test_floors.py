"""The house's floors: who may import whom."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "qwenocr_assets"

GROUND = {"settings", "schemas", "errors", "storage"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "schemas": set(),
    "storage": {"errors", "schemas"},
    "settings": {"errors", "storage"},
    "qwenocr": GROUND,
    "imaging": {*GROUND, "intake"},
    "intake": {*GROUND, "qwenocr"},
    "cost": {*GROUND, "intake", "qwenocr"},
    "tables": {*GROUND, "qwenocr"},
    "quality": {*GROUND, "intake", "qwenocr"},
    "scoring": {*GROUND, "tables"},
    "warehouse": GROUND,
    "review": {*GROUND, "qwenocr", "tables", "warehouse"},
    "report": {*GROUND, "imaging", "tables", "warehouse"},
    "engine": {"errors", "qwenocr"},
}
"""Each floor's rooms and the rooms below them; `defs`, `cli` and `definitions` stand on top of all."""

TOP = {"defs", "cli", "definitions"}


def imports(path: Path) -> set[str]:
    """The modules a file imports, at any depth of it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "qwenocr_assets" and len(parts) > 1 else None


FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(PACKAGE)) for p in FILES])
def test_no_import_runs_upwards(path: Path) -> None:
    here = room_of(path)
    if here in TOP or here == "__init__":
        return
    used = {r for module in imports(path) if (r := room(module)) and r != here}
    assert used <= MAY_IMPORT[here], f"{here} may not import {sorted(used - MAY_IMPORT[here])}"


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(PACKAGE)) for p in FILES])
def test_only_the_top_floor_knows_dagster(path: Path) -> None:
    if room_of(path) in TOP:
        return
    assert not {m for m in imports(path) if m.split(".")[0].startswith("dagster")}


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(PACKAGE)) for p in FILES])
def test_the_engine_is_reached_only_through_its_app(path: Path) -> None:
    if room_of(path) == "engine":
        return
    inner = {m for m in imports(path) if m.startswith("qwenocr_assets.engine")}
    assert {m for m in inner if not m.startswith("qwenocr_assets.engine.app")} <= {"qwenocr_assets.engine"}


def test_no_two_rooms_import_each_other() -> None:
    assert not {(a, b) for a, below in MAY_IMPORT.items() for b in below if a in MAY_IMPORT[b]}
