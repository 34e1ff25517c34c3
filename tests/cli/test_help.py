"""The help of every command: words for types, and none where they say nothing."""

import re

import pytest
from typer.testing import CliRunner

from qwenocr_assets.cli.app import app

COMMANDS = [
    "", "run", "quote", "routes", "retry", "batch submit", "batch list", "sql", "tables", "search", "score", "draw",
    "report", "review export", "review import", "ledger", "ledger reconcile", "models", "deploy render", "engine serve",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_no_type_of_python_is_shown(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "-h"], env={"COLUMNS": "100", "TERM": "dumb"})
    assert shown.exit_code == 0, shown.output
    assert re.findall(r"<[a-z][^>]*>|list\[", shown.output) == []
    assert max(map(len, shown.output.splitlines())) <= 100
