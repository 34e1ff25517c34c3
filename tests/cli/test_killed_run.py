"""A run that is killed is simply started again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.cli.conftest import Qwenocr

pytestmark = pytest.mark.slow


def test_the_next_run_goes_on_where_a_killed_one_stopped(qwenocr: Qwenocr, project: Path) -> None:
    (project / "in").mkdir()
    for number in range(3):
        picture = Image.new("L", (900, 300), 255)
        ImageDraw.Draw(picture).text((40, 60), f"Page {number}", fill=0, font=ImageFont.load_default(40))
        picture.save(project / "in" / f"{number}.png")

    first = subprocess.Popen(
        [str(Path(sys.executable).with_name("qwenocr")), "run", "in"],
        env={**os.environ, "QWENOCR_PROJECT": str(project), "QWENOCR_CONCURRENCY": "1"},
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    requests = project / "data" / "tables" / "ocr_requests"
    deadline = time.monotonic() + 60
    while not list(requests.glob("*.parquet")):  # from here on it asks the engine
        assert first.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()

    again = qwenocr("run", "in")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "9 ok" in again.stdout
    rows = qwenocr(
        "sql", "select count(*) as lines, count(distinct (page_id, line_index)) from core.text_lines"
    )
    assert "3     │ 3" in rows.stdout, rows.stdout
