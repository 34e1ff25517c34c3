"""The documentation says what the program does: settings, commands, tables."""

import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
import yaml
from dagster import validate_run_config

from docs.generate import WRITERS
from qwenocr_assets.cli.app import app
from qwenocr_assets.defs.ocr.answers import OcrConfig
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.schemas import TABLES
from tests.test_floors import MAY_IMPORT, TOP

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: path.name)
def test_what_is_generated_is_up_to_date(path: Path) -> None:
    if path.name == "NOTICE" and sys.version_info[:2] != (3, 11):
        pytest.skip("packages for other versions of Python may word their licences otherwise")
    assert path.read_text(encoding="utf-8") == WRITERS[path](), "run `make docs`, or python -m docs.generate"


def test_the_rooms_of_the_architecture_are_those_of_the_floors() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("<!-- generated: rooms -->")[2].partition("<!-- end -->")[0]
    assert set(re.findall(r"^\| \d+ \| `(\w+)` \|", table, re.MULTILINE)) == MAY_IMPORT.keys()
    package = ROOT / "qwenocr_assets"
    rooms = {
        path.stem for path in (*package.glob("*.py"), *(f.parent for f in package.glob("*/__init__.py")))
    }
    assert rooms - {"__init__"} == MAY_IMPORT.keys() | TOP


def test_places_that_documents_name_exist() -> None:
    for document in [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]:
        for place in re.findall(r"`([\w./]+/[\w./]*)`", document.read_text(encoding="utf-8")):
            assert (ROOT / place).exists() or (ROOT / "qwenocr_assets" / place).exists(), place


def test_every_key_of_a_route_is_documented() -> None:
    section = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").split("## Routes")[1]
    keys = [field.alias or name for name, field in Route.model_fields.items()]
    assert not [key for key in keys if f"`{key}`" not in section]


def commands(group: typer.Typer, prefix: str = "qwenocr") -> list[str]:
    root = typer.main.get_command(group)
    found = []
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found += [f"{prefix} {name} {sub}" for sub in inner] if inner else [f"{prefix} {name}"]
    return found


@pytest.mark.parametrize("command", commands(app))
def test_every_command_is_on_its_page_and_in_the_readme(command: str) -> None:
    assert f"`{command}" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    words = command.split()[1:]
    group = README.partition("## Commands")[2].partition("```sh")[0]
    assert f"`{' '.join(words)}`" in group or f"`{words[0]} …`" in group


def test_the_launchpads_lines_are_those_that_the_job_takes() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    lines = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    config = OcrConfig(**lines["ops"]["ocr_answers"]["config"])
    assert config.only_statuses == ["failed", "unfunded"]
    assert set(lines["ops"]["ocr_answers"]["config"]) <= set(OcrConfig.model_fields)
    from qwenocr_assets.definitions import defs

    assert validate_run_config(defs.resolve_job_def("redrive_batch"), lines)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_in_the_data_dictionary(table: str) -> None:
    assert re.search(rf"^#+ .*{table}", (ROOT / "docs" / "data-dictionary.md").read_text(), re.MULTILINE)


EXAMPLES = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "client.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize(
    ("example", "prints"),
    list(zip(EXAMPLES, ["32.40元", "'Ticket Price'", ""], strict=True)),
    ids=["one page", "many pages", "shared limits"],
)
def test_the_examples_of_the_client_run(
    example: str,
    prints: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/client.md", "exec"), {"__name__": "__main__"})
    assert prints in capsys.readouterr().out


def test_links_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_makefile_has_the_readmes_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([a-z]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_workspace_names_the_definitions() -> None:
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    assert workspace["load_from"][0]["python_module"]["module_name"] == "qwenocr_assets.definitions"


def test_the_readmes_commands_parse() -> None:
    for line in re.findall(r"^(?:qwenocr|make|pip|QWENOCR_\S+) .*$", README, re.MULTILINE):
        shlex.split(line)
