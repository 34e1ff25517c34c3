"""The command line as a person types it: the installed program, in a project of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from qwenocr_assets.cli import main, terminal

REPOSITORY = Path(__file__).parents[2]

Qwenocr = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without routes of its own, with this repository's SQL models."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("dbt_like_sql", "deploy", "workspace.yaml"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


@pytest.fixture
def qwenocr(project: Path) -> Qwenocr:
    """Run `qwenocr` with these arguments and environment."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("qwenocr")), *arguments],
            env={**os.environ, "QWENOCR_PROJECT": str(project), "COLUMNS": "200", **environment},
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def command(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `qwenocr` in this process with these arguments and environment."""
    monkeypatch.chdir(project)

    def run(*arguments: str, **environment: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in {
                "QWENOCR_PROJECT": str(project),
                "COLUMNS": "200",
                **environment,
            }.items():
                patch.setenv(name, value)
            patch.setattr(
                terminal, "console", terminal.Terminal()
            )  # the one made on import is as wide as the terminal was
            patch.setattr("sys.argv", ["qwenocr", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return run
