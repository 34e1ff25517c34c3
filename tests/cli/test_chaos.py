"""Runs that are killed again and again, against a service on a bad day: nothing is lost, nothing is paid twice.

A few pages and kills by default; `QWENOCR_CHAOS=500,20` makes it 500 pages and 20 kills.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from PIL import Image, ImageDraw, ImageFont
from upath import UPath

from qwenocr_assets.schemas import OCR_REQUESTS, OCR_RESPONSES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table
from tests.cli.test_engine import free_port

pytestmark = pytest.mark.slow

PAGES, KILLS = map(int, os.environ.get("QWENOCR_CHAOS", "6,2").split(","))
CONCURRENCY = 4
UNSAVED_AT_A_KILL = 2 * CONCURRENCY
"""In flight, or come since the last save: saving happens every 0.25 s, and an answer takes at least 0.27 s."""
PROGRAM = str(Path(sys.executable).with_name("qwenocr"))
ROUGH = {
    "rate_quota": 0.08,
    "burst_rate": 0.02,
    "internal_error": 0.02,
    "serving_error": 0.01,
    "bad_gateway": 0.01,
    "gateway_timeout": 0.01,
    "dropped": 0.03,
    "lost": 0.02,
    "truncated": 0.02,
}


@dataclass(frozen=True)
class Service:
    """An emulated account in its own process."""

    url: str

    def get(self, what: str) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.url}/emulator/{what}", trust_env=False, timeout=30).json()
        return answer

    def paid(self) -> int:
        return int(self.get("bill")["calls"])


@pytest.fixture(params=[1], ids="seed {}".format)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def service(tmp_path: Path, seed: int) -> Iterator[Service]:
    faults = "".join(f'[[fault]]\nname = "{name}"\nshare = {share}\n' for name, share in ROUGH.items())
    (tmp_path / "faults.toml").write_text(f"seed = {seed}\n{faults}")
    port = free_port()
    options = ["--faults", str(tmp_path / "faults.toml"), "--latency", "0.3", "--jitter", "0.1"]
    server = subprocess.Popen(
        [PROGRAM, "engine", "serve", "--port", str(port), "--region", "singapore", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    service = Service(f"http://127.0.0.1:{port}")
    deadline = time.monotonic() + 30
    while True:
        try:
            service.get("bill")
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the emulated account did not come up"
            time.sleep(0.1)
    yield service
    server.send_signal(signal.SIGINT)
    server.wait(30)


def test_killed_runs_lose_nothing_and_pay_nothing_twice(project: Path, service: Service, seed: int) -> None:
    chance = random.Random(seed)
    (project / "in").mkdir()
    for number in range(PAGES):
        picture = Image.new("L", (700, 200), 255)
        ImageDraw.Draw(picture).text((40, 60), f"Page {number}", fill=0, font=ImageFont.load_default(40))
        picture.save(project / "in" / f"{number}.png")

    killed = 0
    for _ in range(KILLS):
        run = _start(project, service)
        paid_at_the_kill = service.paid() + chance.randint(1, max(1, PAGES * 3 // (KILLS + 1)))
        while run.poll() is None and service.paid() < paid_at_the_kill:
            time.sleep(0.02)
        time.sleep(chance.random() * 0.4)
        killed += run.poll() is None
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert killed, "every run ended before it could be killed"
    assert _start(project, service).wait(600) == 0

    data = DataFolder(UPath(project / "data"))
    asked = [r for batch in data.batch_ids() for r in read_table(data, OCR_REQUESTS, batch)]
    answers = [r for batch in data.batch_ids() for r in read_table(data, OCR_RESPONSES, batch)]
    assert len(asked) == PAGES * 3
    assert Counter((r["page_id"], r["task"]) for r in asked) == Counter(
        (r["page_id"], r["task"]) for r in answers
    )
    assert not [r for r in answers if r["status"] != "ok" and not r["reason"]]

    with duckdb.connect(str(data.warehouse), read_only=True) as warehouse:
        rows = warehouse.execute(
            "select count(*), count(distinct (page_id, line_index)) from core.text_lines"
        ).fetchone()
    assert rows is not None
    assert rows[0] == rows[1] > 0

    bill = service.get("bill")
    needed = len({r["request_key"] for r in asked})
    lost = bill["lost_calls"]
    assert bill["calls"] <= needed + lost + killed * UNSAVED_AT_A_KILL

    [ledger] = (project / "data").rglob("*ledger*.db")
    with sqlite3.connect(ledger) as database:
        entries = database.execute("select state, settled_pico, reserved_pico from cost_entries").fetchall()
    settled = sum(pico for state, pico, _ in entries if state == "settled")
    open_ = sum(pico for state, _, pico in entries if state in ("uncertain", "reserved"))
    billed = int(Decimal(bill["usd"]) * 10**12)
    assert settled <= billed <= settled + open_
    in_doubt = sum(state in ("uncertain", "reserved") for state, _, _ in entries)
    assert sum(state == "settled" for state, _, _ in entries) + in_doubt >= bill["calls"]


def _start(project: Path, service: Service) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [PROGRAM, "run", "in"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "QWENOCR_PROJECT": str(project),
            "QWENOCR_REGION": "singapore",
            "QWENOCR_BASE_URL": f"{service.url}/api/v1",
            "DASHSCOPE_API_KEY_SINGAPORE": "sk-test",
            "QWENOCR_CONCURRENCY": str(CONCURRENCY),
        },
        cwd=project,
    )
