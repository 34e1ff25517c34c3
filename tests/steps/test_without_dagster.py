"""docs/without-dagster.md: the pipeline as plain functions, as printed there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
[EXAMPLE] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "without-dagster.md").read_text(), re.DOTALL)


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.splitlines()) < 30


@pytest.mark.slow
def test_the_example_runs_as_printed_and_imports_no_dagster(tmp_path: Path) -> None:
    script = EXAMPLE.replace("/tmp/invoices", str(tmp_path / "data")) + (
        "\nimport sys\nassert not [name for name in sys.modules if name.split('.')[0].startswith('dagster')]\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "6 requests, at most $0" in ran.stdout
    assert "6 sent" in ran.stdout
    assert "62 rows" in ran.stdout
