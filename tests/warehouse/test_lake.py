"""The warehouse as a DuckLake. Its extensions are of DuckDB 1.5: `tests/lake` runs in an environment with that."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

VERSION = "1.5.5"
PACKAGES = [
    f"duckdb=={VERSION}",
    *(f"duckdb-extension-{name}=={VERSION}" for name in ("ducklake", "httpfs", "postgres-scanner")),
]


@pytest.fixture(scope="module")
def python(request: pytest.FixtureRequest) -> Path:
    """Python with the lake's DuckDB before everything else that is installed here; kept between test runs."""
    if chosen := os.environ.get("QWENOCR_TEST_LAKE"):
        return Path(chosen)
    folder = Path(request.config.cache.mkdir(f"lake-{VERSION}")) / "venv"  # type: ignore[union-attr]
    python = folder / "bin" / "python"
    if (folder / "made").exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", *PACKAGES],
    ):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"DuckLake cannot be installed here: {made.stderr.strip().splitlines()[-1]}")
    inside = next((folder / "lib").glob("python*/site-packages"))
    (inside / "all_else.pth").write_text("\n".join(p for p in sys.path if p.endswith("site-packages")) + "\n")
    (folder / "made").touch()
    return python


def test_a_lake_loads_builds_and_reads_as_a_file_does(python: Path, postgres: str, s3_server: str) -> None:
    """`tests/lake`, in that environment, on the servers that run already."""
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", str(root / "tests/lake/lake_cases.py")],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": str(root),
            "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
            "TESTS_POSTGRES": postgres,
            "TESTS_BUCKET": s3_server,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(ended.stdout)
    assert ended.returncode == 0, ended.stderr[-2000:]
