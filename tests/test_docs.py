"""The documentation says what the program does: settings, commands, tables."""

import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from qwenocr_assets.cli.app import app
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def settings_table() -> str:
    """The table of docs/settings.md, as it has to be."""
    lines = ["| key in pipeline.toml | environment | default | what it does |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"QWENOCR_{name.upper()}"
        default = (
            "" if field.default is None or not isinstance(field.default, str | int | float) else field.default
        )
        key = "" if name.startswith("api_key") else f"`{name}`"
        lines.append(f"| {key} | `{variable}` | {default} | {field.description} |")
    return "\n".join(lines)


def test_every_setting_is_documented() -> None:
    assert settings_table() in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


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
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`{command}" in README


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
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
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
