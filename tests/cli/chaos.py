"""A story of runs that are killed, stopped and suspended amid a bad day of the service, and what came of it.

Before each run new pages come; after some a bit of a journal is flipped; beside some a second folder with copies of the
same pages is run. At the end the command runs once more, undisturbed.
"""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import duckdb
import orjson
from PIL import Image, ImageDraw, ImageFont
from upath import UPath

from qwenocr_assets.asking.batch_answers import read_answers
from qwenocr_assets.emulator import NAMED_FAULTS, Emulator, FaultScript, by_share, create_emulator, jittered
from qwenocr_assets.emulator.testing.serving import served
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

PROGRAM = str(Path(sys.executable).with_name("qwenocr"))
CONCURRENCY = 8
LATENCY_SECONDS = 0.3
TASKS = 3

EVENTS = ("kill", "kill all", "terminate", "interrupt", "interrupt twice", "suspend", "suspend and kill")
"""What becomes of a run amid its calls. "kill all" takes its decoders with it."""

SHARES = {
    "rate_quota": 0.08,
    "burst_rate": 0.02,
    "internal_error": 0.02,
    "bad_gateway": 0.01,
    "dropped": 0.03,
    "lost": 0.02,
    "truncated": 0.02,
    "torn": 0.02,
    "empty_body": 0.01,
    "not_json": 0.01,
    "code_without_output": 0.01,
    "gateway_timeout": 0.01,
}
"""A bad day: of all calls, those that are refused, dropped, cut off, or answered with what is no answer."""


class _Reader:
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


def bad_day(seed: int) -> FaultScript:
    """What meets each call."""
    return by_share(((NAMED_FAULTS[name], share) for name, share in SHARES.items()), seed=seed)


@dataclass(frozen=True, slots=True)
class Loss:
    """A moment at which answers may be lost: by the machine's clock, as the account's; and what was saved after it."""

    what: str
    before: float
    after: float
    saved: frozenset[str]
    """The request ids of the answers in the journals."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a story."""

    asked: int
    """Page × task, each once however many batches and folders have it."""
    unanswered: tuple[str, ...]
    """Request keys without an answer or a reason."""
    doubled_rows: Counter[str]
    """By table, rows that are there more than once."""
    calls: int
    paid: int
    paid_again: int
    without_need: tuple[CallRecord, ...]
    """Of those paid again: that had been answered, and saved at every loss before they were asked again."""
    uncounted_pico: int
    """Of the bill: what is in the ledger neither as settled nor as in doubt."""
    last_code: int
    losses: tuple[Loss, ...]
    ended_before: int
    """Runs that ended before their moment came."""
    bad_codes: tuple[tuple[str, int | None], ...]
    """Of runs that nobody killed: exit codes that no such run should have."""
    statuses: Counter[str]


@dataclass
class Story:
    """A project, its account, and the runs so far."""

    project: Path
    pages: int
    events: Sequence[str]
    seed: int
    losses: list[Loss] = field(default_factory=list)
    ended_before: int = 0
    bad_codes: list[tuple[str, int | None]] = field(default_factory=list)
    drawn: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.data = DataFolder(UPath(self.project / "data"))
        self.account: Emulator = create_emulator(
            create_app(_Reader()),
            faults=bad_day(self.seed),
            latency=jittered(LATENCY_SECONDS, 0.3),
            keep_log=True,
        )

    def tell(self) -> Outcome:
        """Live through it."""
        with served(self.account) as url:
            self._url = f"{url}/api/v1"
            for number, event in enumerate(self.events, 1):
                self._add_pages(self.pages * number // len(self.events))
                self._live_through(event)
            last_code = self._start("in").wait()
            if (self.project / "other").exists():
                last_code = max(last_code, self._start("other").wait())
        return self._outcome(last_code)

    def _add_pages(self, until: int) -> None:
        for number in range(self.drawn, until):
            picture = Image.new("L", (700, 200), 255)
            ImageDraw.Draw(picture).text((40, 60), f"Page {number}", fill=0, font=ImageFont.load_default(40))
            (self.project / "in").mkdir(exist_ok=True)
            picture.save(self.project / "in" / f"{number}.png")
        self.drawn = max(self.drawn, until)

    def _copy_some(self) -> None:
        """The second folder: copies of the newest pages."""
        other = self.project / "other"
        other.mkdir(exist_ok=True)
        for page in sorted((self.project / "in").iterdir(), key=lambda p: int(p.stem))[-6:]:
            (other / f"copy of {page.name}").write_bytes(page.read_bytes())

    def _live_through(self, event: str) -> None:
        if event == "flip":
            self._flip_a_bit()
            return
        before = self.account.bill.total.calls
        run = self._start("in")
        share = max(2, self.pages * TASKS // max(1, len(self.events)))
        goal = before + self.chance.randint(1, share)
        wait_until(lambda: run.poll() is not None or self.account.bill.total.calls >= goal, f"{goal} calls")
        time.sleep(self.chance.random() * LATENCY_SECONDS)
        if run.poll() is not None:
            self.ended_before += 1
            return
        with self._losing(event):
            self._disturb(run, event)

    def _disturb(self, run: subprocess.Popen[bytes], event: str) -> None:
        match event:
            case "kill":
                run.kill()
            case "kill all":
                os.killpg(run.pid, signal.SIGKILL)
            case "terminate":
                run.terminate()
            case "interrupt":
                run.send_signal(signal.SIGINT)
            case "interrupt twice":
                run.send_signal(signal.SIGINT)
                time.sleep(0.3)
                run.send_signal(signal.SIGINT)
            case "suspend" | "suspend and kill":
                run.send_signal(signal.SIGSTOP)
                self._copy_some()
                other = self._start("other")
                time.sleep(self.chance.uniform(1, 8))
                run.send_signal(signal.SIGCONT if event == "suspend" else signal.SIGKILL)
                self._note("the second folder", other.wait())
            case _:
                raise ValueError(event)
        code = run.wait()
        if event == "suspend":
            self._note(event, code)
        # children of a killed run end by themselves; the next run must not need that

    def _note(self, what: str, code: int | None) -> None:
        if code not in (0, 5):
            self.bad_codes.append((what, code))

    def _flip_a_bit(self) -> None:
        journals = sorted((self.project / "data" / "responses").glob("*/*.jsonl.zst"))
        journals = [path for path in journals if path.stat().st_size]
        if not journals:
            return
        with self._losing("flip"), self.chance.choice(journals).open("r+b") as file:
            place = self.chance.randrange(file.seek(0, os.SEEK_END))
            file.seek(place)
            [byte] = file.read(1)
            file.seek(place)
            file.write(bytes([byte ^ 1 << self.chance.randrange(8)]))

    @contextmanager
    def _losing(self, what: str) -> Iterator[None]:
        before = time.monotonic()
        yield
        self.losses.append(Loss(what, before, time.monotonic(), self._saved()))

    def _saved(self) -> frozenset[str]:
        records = read_answers(
            self.data.journal(task, batch) for task in Task for batch in self.data.batch_ids()
        )
        return frozenset(
            orjson.loads(r.raw)["request_id"]
            for r in records.values()
            if r.status in (AnswerStatus.OK, AnswerStatus.PARTIAL) and r.raw
        )

    def _start(self, folder: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [PROGRAM, "run", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "QWENOCR_PROJECT": str(self.project),
                "QWENOCR_REGION": "singapore",
                "QWENOCR_BASE_URL": self._url,
                "DASHSCOPE_API_KEY_SINGAPORE": "sk-test",
                "QWENOCR_CONCURRENCY": str(CONCURRENCY),
                "NO_PROXY": "127.0.0.1",
            },
            cwd=self.project,
            start_new_session=True,
        )

    def _outcome(self, last_code: int) -> Outcome:
        asked: set[str] = set()
        answers: list[Row] = []
        for batch in self.data.batch_ids():
            requests = read_table(self.data, OCR_REQUESTS, batch)
            asked |= {r["request_key"] for r in requests}
            answers += read_table(self.data, OCR_RESPONSES, batch)
        told = {r["request_key"] for r in answers if r["status"] == AnswerStatus.OK or r["reason"]}
        calls = self.account.traffic.log or []
        again, without_need = _paid_again(calls, self.losses)
        return Outcome(
            asked=len(asked),
            unanswered=tuple(sorted(asked - told)),
            doubled_rows=_doubled(self.data.warehouse),
            calls=len(calls),
            paid=self.account.bill.total.calls,
            paid_again=again,
            without_need=without_need,
            uncounted_pico=_uncounted(self.project / "data" / "ledger.db", calls),
            last_code=last_code,
            losses=tuple(self.losses),
            ended_before=self.ended_before,
            bad_codes=tuple(self.bad_codes),
            statuses=Counter(r["status"] for r in answers),
        )


def _paid_again(calls: Sequence[CallRecord], losses: Sequence[Loss]) -> tuple[int, tuple[CallRecord, ...]]:
    """How many calls were paid for a request that had been paid before; and which of them without need.

    There is need when the answer before did not arrive, or was in no journal after a loss that came in between.
    """
    paid: dict[str, list[CallRecord]] = defaultdict(list)
    for call in calls:
        if call.billed_usd is not None:
            paid[call.identity].append(call)
    needless = [
        call
        for attempts in paid.values()
        for call, again in pairwise(attempts)
        if call.outcome == "200"
        and not any(
            call.at_seconds <= loss.after
            and loss.before <= again.at_seconds
            and call.request_id not in loss.saved
            for loss in losses
        )
    ]
    return sum(len(attempts) - 1 for attempts in paid.values()), tuple(needless)


def _doubled(path: UPath) -> Counter[str]:
    found: Counter[str] = Counter()
    with duckdb.connect(str(path), read_only=True) as warehouse:
        for table in (OCR_RESPONSES, *ROW_TABLES):
            counted = warehouse.execute(
                f"SELECT count(*) - count(DISTINCT ({', '.join(table.primary_key)})) FROM core.{table.name}"
            ).fetchone()
            if counted is not None and counted[0]:
                found[table.name] = counted[0]
    return found


def _uncounted(ledger: Path, calls: Sequence[CallRecord]) -> int:
    """What the account has billed over what the ledger holds as settled or in doubt."""
    with closing(sqlite3.connect(ledger)) as database:
        [[counted]] = database.execute(
            "SELECT sum(CASE state WHEN 'settled' THEN settled_pico WHEN 'released' THEN 0 ELSE reserved_pico END) "
            "FROM cost_entries"
        ).fetchall()
    billed = sum(to_pico(call.billed_usd) for call in calls if call.billed_usd is not None)
    return max(0, billed - (counted or 0))
