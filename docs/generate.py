"""Writes every text of the project that is generated: `make docs`. With `--check` it only says what is out of date.

A text is a whole file, or the part of one between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from docs.flow import flow_svg
from docs.paper import paper_table
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.settings import AccountSettings, Settings
from qwenocr_assets.warehouse import dictionary
from qwenocr_assets.warehouse.models import load_models
from tests.test_floors import MAY_IMPORT

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "qwenocr_assets"


def settings_table() -> str:
    """Every setting with its default and what it does."""
    lines = ["| key in pipeline.toml | environment | default | what it does |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"QWENOCR_{name.upper()}"
        default = (
            "" if field.default is None or not isinstance(field.default, str | int | float) else field.default
        )
        key = "" if name.startswith("api_key") else f"`{name}`"
        lines.append(f"| {key} | `{variable}` | {default} | {field.description} |")
    return "\n".join(lines)


def accounts_table() -> str:
    """What an entry of `[[accounts]]` may say."""
    lines = ["| key | what it does |", "| --- | --- |"]
    lines += [f"| `{name}` | {field.description} |" for name, field in AccountSettings.model_fields.items()]
    return "\n".join(lines)


def rooms_table() -> str:
    """The rooms floor by floor, the highest first, each with its modules' purpose and what it may import."""
    lines = ["| floor | room | what is in it | may import |", "| --- | --- | --- | --- |"]
    floors = _floors()
    for room in sorted(MAY_IMPORT, key=lambda room: (-floors[room], room)):
        below = ", ".join(f"`{other}`" for other in sorted(MAY_IMPORT[room])) or "nothing of ours"
        lines.append(f"| {floors[room]} | `{room}` | {_purpose(room)} | {below} |")
    return "\n".join(lines)


def _floors() -> dict[str, int]:
    """A room stands one floor above the highest room that it may import; what imports nothing is on floor 0."""
    floors: dict[str, int] = {}
    while missing := [room for room in MAY_IMPORT if room not in floors]:
        ready = [room for room in missing if MAY_IMPORT[room] <= floors.keys()]
        assert ready, f"these rooms import each other: {missing}"
        floors |= {room: 1 + max((floors[b] for b in MAY_IMPORT[room]), default=-1) for room in ready}
    return floors


def _purpose(room: str) -> str:
    """The first sentence of a room's docstring."""
    path = PACKAGE / room / "__init__.py"
    text = (path if path.exists() else PACKAGE / f"{room}.py").read_text(encoding="utf-8")
    first = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0]
    return " ".join(first.split()).replace("|", "\\|")


def notice() -> str:
    """The packages that are installed with the program, and their licences."""
    wanted = set(
        re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE)
    )
    found = {_name(d): licence(d) for d in distributions() if _name(d) in wanted}
    lines = [
        "qwenocr-assets",
        "",
        "Apache-2.0, see LICENSE. It imports the packages below, which are installed beside it and not changed. The",
        "wheel of rapidocr brings the weights of PP-OCR (Apache-2.0). Packages under the LGPL and the MPL are used as",
        "libraries only, and can be replaced by other versions of them.",
        "",
        *(f"{name}: {found[name]}" for name in sorted(found)),
    ]
    return "\n".join(lines) + "\n"


def licence(package: Distribution) -> str:
    """What a package says of its licence: the expression, else its classifiers, else the first line of its text."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return expression
    classifiers = [c for c in about.get_all("Classifier") or () if c.startswith("License :: ")]
    named = [c.rpartition(" :: ")[2] for c in classifiers if not c.endswith("OSI Approved")]
    return " and ".join(named) or (about.get("License") or "not said").strip().splitlines()[0]


def _name(package: Distribution) -> str:
    return re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()


def _parts(path: str, **parts: Callable[[], str]) -> tuple[Path, Callable[[], str]]:
    """The whole of a file with parts of it written anew, by their names."""

    def whole() -> str:
        text = (ROOT / path).read_text(encoding="utf-8")
        for name, write in parts.items():
            before, begin, rest = text.partition(f"<!-- generated: {name} -->\n")
            _, end, after = rest.partition("<!-- end -->")
            assert begin, f"{path} has no part {name}"
            assert end, f"{path}: the part {name} has no end"
            text = f"{before}{begin}\n{write()}\n\n{end}{after}"
        return text

    return ROOT / path, whole


WRITERS: dict[Path, Callable[[], str]] = dict(
    [
        _parts("docs/settings.md", settings=settings_table, accounts=accounts_table),
        _parts("docs/architecture.md", rooms=rooms_table),
        _parts("docs/deploy.md", paper=paper_table),
        (ROOT / "docs" / "flow.svg", flow_svg),
        (ROOT / "NOTICE", notice),
        (dictionary.ROWS, dictionary.row_types),
        (dictionary.SOURCES, dictionary.dbt_sources),
        (dictionary.TASKS, dictionary.tasks_model),
        (
            dictionary.DICTIONARY,
            lambda: dictionary.data_dictionary(
                load_models(dictionary.MODELS, Environment.load().result_schemas)
            ),
        ),
    ]
)
"""Every generated file and what it should hold."""


def outdated() -> Iterator[Path]:
    """The files that do not hold what they should."""
    for path, write in WRITERS.items():
        if not path.exists() or path.read_text(encoding="utf-8") != write():
            yield path


def main() -> None:
    checks = sys.argv[1:] == ["--check"]
    for path in outdated():
        if not checks:
            path.write_text(WRITERS[path](), encoding="utf-8")
        sys.stdout.write(f"{'out of date' if checks else 'written'}: {path.relative_to(ROOT)}\n")
    if checks and any(True for _ in outdated()):
        sys.exit("Run `make docs`.")


if __name__ == "__main__":
    main()
