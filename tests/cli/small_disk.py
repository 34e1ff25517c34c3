"""Runs on a disk of 128 MB that has only so much space left: `unshare -rm python -m tests.cli.small_disk FOLDER MB…`.

The disk is mounted in a namespace of its own and goes away with the process. Writes a line of JSON for each run: first
with so many megabytes free, one after the other, at last with all of them; then how many lines the warehouse has.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb

from tests.cli.slow_account import PROGRAM, write_pages

REPOSITORY = Path(__file__).parents[2]


def main(folder: Path, megabytes: list[float]) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "small", str(folder)], check=True)
    for name in ("dbt_like_sql", "deploy"):
        (folder / name).symlink_to(REPOSITORY / name)
    write_pages(folder / "in", 1)
    os.chdir(folder)
    for free in (*megabytes, None):
        ballast = folder / "ballast"
        if free is not None:
            space = os.statvfs(folder)
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, int(space.f_bavail * space.f_frsize - free * 2**20))
        run = _run("run", "in")
        ballast.unlink(missing_ok=True)
        _say(free, run)
    with duckdb.connect(str(folder / "data" / "warehouse.duckdb"), read_only=True) as warehouse:
        lines = warehouse.execute("SELECT count(*) FROM core.text_lines").fetchone()
    sys.stdout.write(json.dumps(lines) + "\n")


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROGRAM, *arguments],
        env={**os.environ, "QWENOCR_PROJECT": os.getcwd(), "TMPDIR": os.getcwd()},  # noqa: PTH109
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _say(free: float | None, run: "subprocess.CompletedProcess[str]") -> None:
    sys.stdout.write(json.dumps({"free_mb": free, "code": run.returncode, "said": run.stdout}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [float(text) for text in sys.argv[2:]])
