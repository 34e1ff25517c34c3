"""The client as a library: its names, and the example of its documentation as printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qwenocr_assets.qwenocr import api, errors

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_is_there(name: str) -> None:
    assert hasattr(api, name)


def test_every_error_is_exported_and_documented() -> None:
    names = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, errors.ServiceError)}
    assert names <= set(api.__all__)
    assert not [name for name in names - {"ServiceError"} if f"`{name}`" not in DOCUMENT]


@pytest.mark.slow
def test_the_example_runs_as_printed() -> None:
    example = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)[0]
    ran = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "'Ticket Price'" in ran.stdout
    assert "1 attempt" in ran.stdout
