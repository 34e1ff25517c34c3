"""The client as a library: its public names, and what it needs to be installed."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qwenocr_assets import qwenocr
from qwenocr_assets.qwenocr import errors, public

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
CLIENT = ROOT / "qwenocr_assets" / "qwenocr"


def test_all_that_is_public_is_in_all() -> None:
    names = {n for n, v in vars(public).items() if not n.startswith("_") and not isinstance(v, ModuleType)}
    assert names == set(public.__all__)
    assert public.__all__ == sorted(public.__all__)


@pytest.mark.parametrize("name", public.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(qwenocr, name) is getattr(public, name)
    assert name in dir(qwenocr)


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ImportError):
        from qwenocr_assets.qwenocr import Clinet  # type: ignore[attr-defined]  # noqa: F401


def homes() -> dict[str, str]:
    """The module that each public name comes from."""
    tree = ast.parse(Path(public.__file__).read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


def mentioned(name: str, module: str) -> Iterator[str]:
    """The names in the annotations of a public name: of its fields, bases and public methods, or its own."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            yield from in_signature(node)
        elif isinstance(node, ast.ClassDef) and node.name == name:
            for base in node.bases:
                if not is_private(base):
                    yield from names_in(base)
            for inner in node.body:
                if isinstance(inner, ast.AnnAssign) and not is_private(inner.target):
                    yield from names_in(inner.annotation)
                elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and is_public(inner.name):
                    yield from in_signature(inner)
        elif isinstance(node, ast.Assign) and name in {t.id for t in node.targets if isinstance(t, ast.Name)}:
            yield from names_in(node.value)  # an alias


def in_signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    arguments = function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield from names_in(argument.annotation)
    yield from names_in(function.returns)


def names_in(annotation: ast.AST | None) -> Iterator[str]:
    for node in ast.walk(annotation) if annotation else ():
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value  # a name in quotes, or a literal


def is_private(target: ast.AST) -> bool:
    return isinstance(target, ast.Name) and not is_public(target.id)


def is_public(name: str) -> bool:
    return name == "__init__" or not name.startswith("_")


def is_ours(value: Any, module: str, name: str) -> bool:
    """Whether a name in a module is one of the project's: a class of its, or an alias that it defines."""
    if isinstance(value, type):
        return value.__module__.startswith("qwenocr_assets")
    source = inspect.getsource(importlib.import_module(module))
    return (
        re.search(rf"^{name} = |^from qwenocr_assets\S* import .*\b{name}\b", source, re.MULTILINE)
        is not None
    )


@pytest.mark.parametrize(("name", "module"), list(homes().items()))
def test_what_a_signature_mentions_is_public_too(name: str, module: str) -> None:
    there = vars(importlib.import_module(module))
    ours = {n for n in mentioned(name, module) if n in there and is_ours(there[n], module, n)}
    assert ours <= set(public.__all__)


def test_every_error_is_public_and_documented() -> None:
    names = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, errors.ServiceError)}
    assert names <= set(public.__all__)
    assert not [name for name in names - {"ServiceError"} if f"`{name}`" not in DOCUMENT]


DISTRIBUTIONS = {"PIL": "pillow", "httpx_aiohttp": "httpx-aiohttp", "json_repair": "json-repair"}
"""By the package that is imported, where its distribution is called otherwise."""


def test_the_client_needs_what_its_document_lists() -> None:
    files = [
        *CLIENT.rglob("*.py"),
        *(ROOT / "qwenocr_assets" / f"{m}.py" for m in ("cores", "errors", "geometry")),
    ]
    roots = {root for file in files for root in imported(file)} - sys.stdlib_module_names - {"qwenocr_assets"}
    section = DOCUMENT.split("## Installed alone")[1].split("```")[1]
    listed = {re.split(r"[<>=]", line)[0].lower(): line for line in section.split()}
    assert listed.keys() == {DISTRIBUTIONS.get(root, root) for root in roots}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(listed.values()) <= set(project["dependencies"]), "as pyproject.toml has them"


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


READS_A_PAGE = """
import asyncio, sys
import httpx
from qwenocr_assets.qwenocr import Client, Task

answer = {"output": {"choices": [{"finish_reason": "stop", "message": {"content": [{"text": "hello"}]}}]}}
service = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))

async def main():
    async with Client("singapore", key="sk-0123", transport=service) as client:
        return await client.read("data/samples/receipts/taxi-receipt.jpg", Task.TABLE_PARSING)

assert asyncio.run(main()).answer.text == "hello"
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_a_page_is_read_without_the_pipeline() -> None:
    """In a process of its own: whatever else the tests import is not there."""
    ran = subprocess.run(
        [sys.executable, "-c", READS_A_PAGE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stdout.split())
    assert not loaded & {"dagster", "duckdb", "pyarrow", "pydantic_settings", "sqlalchemy", "typer", "upath"}
