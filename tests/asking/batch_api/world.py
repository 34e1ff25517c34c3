"""An account in Beijing on a real port, a ledger, and page images to ask about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import SecretStr

from qwenocr_assets.asking.batch_answers import Judge, Question
from qwenocr_assets.asking.batch_api.collecting import Collected, Collector
from qwenocr_assets.asking.batch_api.jobs import Job, Jobs, JobState
from qwenocr_assets.asking.batch_api.pictures import line_of
from qwenocr_assets.asking.batch_api.planning import Rules
from qwenocr_assets.asking.batch_api.polling import poll
from qwenocr_assets.asking.batch_api.submitting import Submitter
from qwenocr_assets.asking.page_images import Page
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.cost.batch_funds import LedgerFunds
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Call
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope, day_of
from qwenocr_assets.emulator import Emulator
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from qwenocr_assets.qwenocr.batch_api.limits import FileLimits
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.prices import Price, Tokens, to_usd
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.requests import Mode, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.storage.data_folder import DataFolder
from tests.waiting import wait_until

MODEL = load_catalogue().model("beijing", "qwen-vl-ocr")
BATCH = "20260101-aaaa"


class OneReader:
    """Reads the same line from every picture."""

    def read(self, image: bytes) -> ReadPage:
        line = Line("Total: 12.50", (10, 10, 90, 10, 90, 20, 10, 20), 0.99)
        return ReadPage(100, 100, 0, 0.0, (line,), (line,), ())


@dataclass
class World:
    """Everything between a page image and its record."""

    data: DataFolder
    ledger: Ledger
    emulator: Emulator
    region: Region
    clock: list[float]
    rules: Rules = field(default_factory=Rules)
    caps: Caps = field(default_factory=Caps)
    judge: Judge = lambda *_: None
    records: dict[tuple[str, str], AnswerRecord] = field(default_factory=dict)
    saves: int = 0

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.ledger)
        self.funds = LedgerFunds(self.ledger, self.caps, {})

    def picture(self) -> ImageBytes:
        """A page image."""
        question = self.question(0)
        return ImageBytes((self.data.root / question.page.uri).read_bytes(), "image/png")

    def question(self, number: int, size: tuple[int, int] = (100, 100)) -> Question:
        """A page image and what is asked of it."""
        uri = f"pages/{number}.png"
        path = Path((self.data.root / uri).path)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size, 255).save(path)
        return Question(f"{number:032x}", Task.TEXT_RECOGNITION, Page(uri, "image/png"), RequestOptions())

    def plan(
        self,
        questions: list[Question],
        batch_id: str = BATCH,
        *,
        price: Price = MODEL.price(Mode.BATCH),  # noqa: B008  frozen
        catalogue_version: str = "v",
    ) -> Any:
        worst = price.cost(Tokens(1000, 100))
        calls = {
            q.request_key: Call(
                q.request_key,
                batch_id,
                "run",
                "beijing",
                "beijing",
                MODEL.name,
                q.task.value,
                "r",
                catalogue_version,
                price,
                10,
                10,
                worst,
            )
            for q in questions
        }
        self.funds = LedgerFunds(self.ledger, self.caps, calls)
        lines = [(q.request_key, q.task) for q in questions]
        return self.jobs.plan(
            batch_id, lines, region="beijing", model=MODEL.name, window="24h", funds=self.funds
        )

    @contextmanager
    def service(self) -> Iterator[BatchService]:
        with BatchService(self.region, SecretStr("sk-secret-123"), pause=lambda _: None) as service:
            yield service

    def submit(self, questions: list[Question]) -> list[Job]:
        limits = FileLimits(line_bytes=200_000)
        asked = {q.request_key: q for q in questions}
        with self.service() as service:
            submitter = Submitter(
                self.jobs,
                service,
                self.funds,
                lambda q: line_of(self.data, q, MODEL.name, self.rules, limits),
                Path(self.data.root.path) / "batch_api",
            )
            open_jobs = self.jobs.all(JobState.PLANNED, JobState.UPLOADED, JobState.CREATING)
            return [submitter.submit(job, asked) for job in open_jobs]

    def wait(self) -> None:
        """Poll until every running job has ended."""
        with self.service() as service:

            def ended() -> bool:
                poll(self.jobs, service, region="beijing", all_now=True)
                return not self.jobs.all(JobState.RUNNING)

            wait_until(ended, "the end of the jobs")

    def collect(self, batch_id: str = BATCH) -> Collected:
        def save(records: list[AnswerRecord]) -> None:
            self.saves += 1
            self.records.update({(batch_id, r.request_key): r for r in records})

        with self.service() as service:
            return Collector(
                self.jobs,
                service,
                self.funds,
                "v",
                self.judge,
                save,
                lambda _: self.rules,
            ).collect(batch_id)

    @property
    def billed_usd(self) -> Decimal:
        return self.emulator.bill.total.usd

    def sums(self) -> tuple[Decimal, Decimal, Decimal]:
        """Reserved, settled and uncertain, in US dollars."""
        scope = Scope(Kind.DAY, day_of(self.clock[0]))
        found = self.ledger.sums([scope])[scope]
        return to_usd(found.reserved_pico), to_usd(found.settled_pico), to_usd(found.uncertain_pico)
