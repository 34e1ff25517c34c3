"""`qwenocr batch` says what is there, and what is wrong."""

from pathlib import Path

import pytest
from rich.console import Console

from qwenocr_assets.asking.batch_api.jobs import Jobs
from qwenocr_assets.cli.commands import batch
from qwenocr_assets.cost.batch_funds import LedgerFunds
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.errors import UsageError
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.settings import load_settings
from tests.cost.conftest import call


@pytest.fixture
def job_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("QWENOCR_DATA", str(tmp_path))
    with Ledger.open(load_settings().ledger_url) as ledger:
        planned = Jobs(ledger).plan(
            "b1",
            [("k1", Task.MULTI_LAN), ("k2", Task.MULTI_LAN)],
            region="beijing",
            model="qwen-vl-ocr",
            window="24h",
            funds=LedgerFunds(ledger, Caps(), {key: call(key) for key in ("k1", "k2")}),
        )
    assert planned.job_id
    return planned.job_id


def test_jobs_are_listed_and_shown(job_id: str) -> None:
    console = Console(record=True, width=200, force_terminal=True)
    batch.print_jobs(console)
    batch.show_job(console, job_id[:6])
    text = console.export_text()
    assert text.count(job_id) == 2
    assert "2 waiting" in text
    assert "qwen-vl-ocr" in text


def test_only_a_running_job_can_be_cancelled(job_id: str) -> None:
    with pytest.raises(UsageError, match="planned, not running"):
        batch.cancel_job(Console(), job_id)


def test_an_unknown_job_is_named(job_id: str) -> None:
    with pytest.raises(UsageError, match="zzz"):
        batch.show_job(Console(), f"zzz{job_id}")
