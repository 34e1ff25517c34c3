"""Runs that are killed again and again, against a service on a bad day: nothing is lost, nothing is paid twice.

A few pages and kills by default; `QWENOCR_CHAOS=500,20` makes it 500 pages and 20 kills. With
`-o log_cli=true --log-cli-level=INFO` the test says at its end what came of them.
"""

import contextlib
import hashlib
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import orjson
import pytest
from PIL import Image, ImageDraw, ImageFont
from upath import UPath

from qwenocr_assets.asking.batch_answers import read_answers
from qwenocr_assets.emulator import Emulator, create_emulator, jittered, rough_service
from qwenocr_assets.emulator.traffic import CallRecord
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.qwenocr.prices import to_pico
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_REQUESTS, OCR_RESPONSES, ROW_TABLES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import Row, read_table
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

_log = logging.getLogger(__name__)

PAGES, KILLS = map(int, os.environ.get("QWENOCR_CHAOS", "6,1").split(","))
CONCURRENCY = 8
LATENCY_SECONDS = 0.3
PROGRAM = str(Path(sys.executable).with_name("qwenocr"))


class Reader:
    """Reads from each picture something of its own, always the same."""

    def read(self, image: bytes) -> ReadPage:
        digest = hashlib.sha256(image).hexdigest()
        texts = [f"Number {n}: {digest[:n]}" for n in range(1, 3 + int(digest[0], 16))]
        lines = tuple(
            Line(text, (20, 30 * n, 300, 30 * n, 300, 30 * n + 20, 20, 30 * n + 20), 0.99)
            for n, text in enumerate(texts)
        )
        cells = tuple(Cell(row, 0, 1, 1, text) for row, text in enumerate(texts))
        return ReadPage(700, 200, 0, 0.0, lines, lines, (Table(cells, (20.0, 0.0, 300.0, 200.0)),))


@pytest.fixture(params=[1], ids="seed {}".format)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def account(seed: int) -> Emulator:
    return create_emulator(
        create_app(Reader()),
        faults=rough_service(seed),
        latency=jittered(LATENCY_SECONDS, 0.3),
        keep_log=True,
    )


@pytest.fixture
def base_url(account: Emulator, served: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    with served(account) as url:
        yield f"{url}/api/v1"


@dataclass(frozen=True)
class Kill:
    """A run that was killed, by the machine's clock, as the account's; and the answers that were saved by then."""

    before: float
    after: float
    saved: frozenset[str]
    """Their request ids."""


@dataclass(frozen=True)
class Kills:
    """What became of the runs that were to be killed."""

    done: list[Kill]
    survived: int
    """Runs that ended before their moment came."""


def test_killed_runs_lose_nothing_and_pay_nothing_twice(
    project: Path, account: Emulator, base_url: str, seed: int
) -> None:
    _write_pages(project / "in")
    kills = _run_and_kill(project, account, base_url, random.Random(seed))
    assert kills.done, "every run ended before it could be killed"
    assert _start(project, base_url).wait() == 0
    calls = account.traffic.log or []

    data = DataFolder(UPath(project / "data"))
    asked = [r for batch in data.batch_ids() for r in read_table(data, OCR_REQUESTS, batch)]
    answers = [r for batch in data.batch_ids() for r in read_table(data, OCR_RESPONSES, batch)]
    _each_is_answered_or_has_a_reason(asked, answers)
    _no_row_is_there_twice(data.warehouse)
    again = _paid_again(calls, kills)
    in_doubt = _ledger_equals_bill(project / "data" / "ledger.db", calls)
    _log.info(
        f"{len(asked)} page × task, {len(kills.done)} kills ({kills.survived} runs ended before theirs), "
        f"{len(calls)} calls of which {account.bill.total.calls} were paid, {again} of them again; "
        f"answers: {dict(Counter(r['status'] for r in answers))}; ${account.bill.total.usd}, "
        f"{in_doubt} entries of the ledger in doubt"
    )


def _each_is_answered_or_has_a_reason(asked: Sequence[Row], answers: Sequence[Row]) -> None:
    assert len(asked) == PAGES * 3
    assert Counter((r["page_id"], r["task"]) for r in asked) == Counter(
        (r["page_id"], r["task"]) for r in answers
    )
    assert not [r for r in answers if r["status"] != "ok" and not r["reason"]]


def _no_row_is_there_twice(path: UPath) -> None:
    with duckdb.connect(str(path), read_only=True) as warehouse:
        for table in (OCR_RESPONSES, *ROW_TABLES):
            key = ", ".join(name for name in table.primary_key if name != "batch_id")
            counted = warehouse.execute(
                f"SELECT count(*), count(DISTINCT ({key})) FROM core.{table.name}"
            ).fetchone()
            assert counted is not None
            assert counted[0] == counted[1], table.name
        lines = warehouse.execute("SELECT count(*) FROM core.text_lines").fetchone()
        assert lines is not None
        assert lines[0] >= PAGES


def _paid_again(calls: list[CallRecord], kills: Kills) -> int:
    """How many calls were paid for a request that had been paid before: each only after an answer that was lost.

    An answer is lost when it did not arrive, and when it was not saved yet at a kill.
    """
    paid: dict[str, list[CallRecord]] = defaultdict(list)
    for call in calls:
        if call.billed_usd is not None:
            paid[call.identity].append(call)
    for attempts in paid.values():
        for call, again in pairwise(attempts):
            arrived = call.outcome == "200"
            killed = [
                kill
                for kill in kills.done
                if call.at_seconds <= kill.after and kill.before <= again.at_seconds
                if call.request_id not in kill.saved
            ]
            assert killed or not arrived, f"paid again without need: {call}"
    return sum(len(attempts) - 1 for attempts in paid.values())


def _ledger_equals_bill(ledger: Path, calls: list[CallRecord]) -> int:
    """Whether each settled entry is a call of the bill at its price, and each other call an entry in doubt."""
    with closing(sqlite3.connect(ledger)) as database:
        entries = database.execute(
            "SELECT state, input_tokens, output_tokens, settled_pico, reserved_pico FROM cost_entries"
        ).fetchall()
    billed = Counter(
        (c.input_tokens, c.output_tokens, to_pico(c.billed_usd)) for c in calls if c.billed_usd is not None
    )
    settled = Counter((into, out, pico) for state, into, out, pico, _ in entries if state == "settled")
    in_doubt = [reserved for state, *_, reserved in entries if state in ("uncertain", "reserved")]
    assert settled <= billed
    unsettled = billed - settled
    assert unsettled.total() <= len(in_doubt)
    assert sum(pico * count for (_, _, pico), count in unsettled.items()) <= sum(in_doubt)
    return len(in_doubt)


def _write_pages(folder: Path) -> None:
    folder.mkdir()
    for number in range(PAGES):
        picture = Image.new("L", (700, 200), 255)
        ImageDraw.Draw(picture).text((40, 60), f"Page {number}", fill=0, font=ImageFont.load_default(40))
        picture.save(folder / f"{number}.png")


def _run_and_kill(project: Path, account: Emulator, base_url: str, chance: random.Random) -> Kills:
    """Start the command again and again, and kill it: mostly amid its calls, now and then at any moment at all."""
    done: list[Kill] = []
    survived = 0
    for _ in range(KILLS):
        run = _start(project, base_url)
        if chance.random() < 0.25:
            _wait(run, chance.uniform(0, 15))
        else:
            more = chance.randint(1, max(1, PAGES * 3 // (KILLS + 1)))
            _wait_for_calls(run, account, account.bill.total.calls + more)
            time.sleep(chance.random() * LATENCY_SECONDS)
        before = time.monotonic()
        if run.poll() is not None:
            survived += 1
            continue
        run.send_signal(signal.SIGKILL)
        run.wait()
        done.append(Kill(before, time.monotonic(), _saved(project)))
    return Kills(done, survived)


def _saved(project: Path) -> frozenset[str]:
    """The request ids of the answers that are in the journals."""
    data = DataFolder(UPath(project / "data"))
    records = read_answers(data.journal(task, batch) for task in Task for batch in data.batch_ids())
    return frozenset(
        orjson.loads(r.raw)["request_id"] for r in records.values() if r.status == AnswerStatus.OK and r.raw
    )


def _wait(run: subprocess.Popen[bytes], seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(seconds)


def _wait_for_calls(run: subprocess.Popen[bytes], account: Emulator, calls: int) -> None:
    wait_until(lambda: run.poll() is not None or account.bill.total.calls >= calls, f"{calls} calls")


def _start(project: Path, base_url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [PROGRAM, "run", "in"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "QWENOCR_PROJECT": str(project),
            "QWENOCR_REGION": "singapore",
            "QWENOCR_BASE_URL": base_url,
            "DASHSCOPE_API_KEY_SINGAPORE": "sk-test",
            "QWENOCR_CONCURRENCY": str(CONCURRENCY),
            "NO_PROXY": "127.0.0.1",
        },
        cwd=project,
    )
