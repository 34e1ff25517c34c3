"""One worker of `bench.batch`: plans, submits, polls and collects until everything is answered. It may be killed."""

import sys
import time
from dataclasses import replace
from pathlib import Path

from upath import UPath

from qwenocr_assets.asking.batch_answers import Question
from qwenocr_assets.asking.batch_api.collecting import Collector
from qwenocr_assets.asking.batch_api.jobs import Jobs, JobState
from qwenocr_assets.asking.batch_api.pictures import line_of
from qwenocr_assets.asking.batch_api.planning import Rules, split
from qwenocr_assets.asking.batch_api.polling import poll
from qwenocr_assets.asking.batch_api.submitting import Submitter
from qwenocr_assets.asking.page_images import Page
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.cost.batch_funds import LedgerFunds
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Call
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.qwenocr.batch_api.limits import FileLimits
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.errors import Retryable
from qwenocr_assets.qwenocr.requests import Mode, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.journal import Journal

BATCH = "archive"
TASK = Task.TEXT_RECOGNITION
SETTLE_SECONDS = 1.0


def work(folder: Path, url: str, requests: int, files: int) -> None:
    """Until every request has an answer."""
    data, model = DataFolder(UPath(folder)), load_catalogue().model("beijing", "qwen-vl-ocr")
    page, price = Page("page.png", "image/png"), model.price(Mode.BATCH)
    limits = FileLimits(lines=-(-requests // files))
    asked = {f"{n:032x}": Question(f"{n:032x}", TASK, page, RequestOptions()) for n in range(requests)}
    path = data.journal(TASK, BATCH)
    Journal(path).mend()
    answered = {str(record["request_key"]) for record in Journal(path).read()}

    def save(records: list[AnswerRecord]) -> None:
        Journal(path).append(record.to_json() for record in records)
        answered.update(record.request_key for record in records)

    with (
        Ledger.open(sqlite_url(folder / "ledger.db")) as ledger,
        BatchService(replace(load_catalogue().region("beijing"), host=url)) as service,
    ):
        calls = {
            key: Call(
                key,
                BATCH,
                "run",
                "beijing",
                "beijing",
                model.name,
                TASK,
                "r",
                "v",
                price,
                10,
                10,
                4_000 * price.input_pico,
            )
            for key in asked
        }
        jobs, funds = Jobs(ledger), LedgerFunds(ledger, Caps(), calls)
        submitter = Submitter(
            jobs,
            service,
            funds,
            lambda q: line_of(data, q, model.name, Rules(), limits),
            folder / "batch_api",
            settle_seconds=SETTLE_SECONDS,
        )
        collector = Collector(jobs, service, funds, "v", lambda *_: None, save, lambda _: Rules())
        while True:
            waiting = jobs.waiting_keys(BATCH)
            if len(answered) == requests and not waiting:
                return
            open_ones = [q for key, q in asked.items() if key not in answered and key not in waiting]
            for file in split(((q, 1) for q in open_ones), limits):
                lines = [(q.request_key, q.task) for q in file]
                jobs.plan(BATCH, lines, region="beijing", model=model.name, window="24h", funds=funds)
            for job in jobs.all(JobState.PLANNED, JobState.UPLOADED, JobState.CREATING):
                submitter.submit(job, asked)
            poll(jobs, service, region="beijing", all_now=True)
            try:
                collector.collect(BATCH)
            except Retryable as error:
                print(error, file=sys.stderr)
            time.sleep(0.05)


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
