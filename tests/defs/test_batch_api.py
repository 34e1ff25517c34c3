"""A pipeline with routes in batch mode and in real time ends in the same tables, and says which way rows came."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from qwenocr_assets.asking.batch_api.jobs import Jobs, JobState
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.defs.ocr.batch_jobs import watch
from qwenocr_assets.defs.running.launch import run_collect
from qwenocr_assets.emulator import BatchFault, batches_in_order, create_emulator
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.schemas import OCR_RESPONSES, TEXT_LINES
from qwenocr_assets.settings import load_settings, project_root
from qwenocr_assets.storage.table_files import read_table
from tests.waiting import wait_until


@pytest.mark.slow
@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize(
    ("rest", "modes"),
    [("resubmit", {"batch": 6, "real_time": 2}), ("real_time", {"batch": 3, "real_time": 5})],
)
def test_a_mixed_pipeline_ends_in_the_same_tables(
    pipeline: Any,
    served: Callable[..., AbstractContextManager[str]],
    monkeypatch: pytest.MonkeyPatch,
    rest: str,
    modes: dict[str, int],
) -> None:
    toml = project_root() / "pipeline.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(
        text.replace(
            'name = "invoices"',
            f'name = "invoices"\nmode = "batch"\nbatch_rest = "{rest}"\nbatch_window = "14d"',
        ),
        encoding="utf-8",
    )
    script = batches_in_order([BatchFault(expires_after=0.5)])
    emulator = create_emulator(create_app(pipeline.reader), region="beijing", batch_faults=script)
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-none-needed")
    monkeypatch.setenv("QWENOCR_REGION", "beijing")
    monkeypatch.setenv("QWENOCR_MODEL", "qwen-vl-ocr")
    with served(emulator) as url:
        monkeypatch.setenv("QWENOCR_BASE_URL", url)
        pipeline.settings = settings = load_settings()
        environment = pipeline.environment
        for name in ("invoices/a.png", "invoices/b.png", "letters/c.png"):
            pipeline.draw(name, name)
        batch_id, outcome = pipeline.run()
        assert outcome.success, outcome.error

        def responses() -> list[dict[str, Any]]:
            return read_table(settings.data_folder, OCR_RESPONSES, batch_id)

        assert Counter(r["status"] for r in responses()) == {"ok": 2, "missing": 6}
        with Ledger.open(environment.database_url) as ledger:
            assert {job.completion_window for job in Jobs(ledger).all()} == {"14d"}
        for _ in range(2):
            _wait(environment)
            due = watch(environment, QwenOcr(environment))
            if isinstance(due, dg.SkipReason):
                break
            assert [run.partition_key for run in due.run_requests or ()] == [batch_id]
            collected = run_collect(pipeline.definitions, pipeline.instance, batch_id, pipeline.resources)
            assert collected.success, collected.error

    assert Counter(r["status"] for r in responses()) == {"ok": 8}
    assert Counter(r["mode"] for r in responses()) == modes
    pages_with_lines = {row["page_id"] for row in read_table(settings.data_folder, TEXT_LINES, batch_id)}
    assert len(pages_with_lines) == 3
    assert sum((r["cost_usd"] for r in responses()), Decimal(0)) == emulator.bill.total.usd
    assert emulator.bill.total.calls == 8


def _wait(environment: Environment) -> None:
    """Until the service has ended every job, and each may be asked for."""
    from qwenocr_assets.asking.batch_api.polling import poll

    with (
        Ledger.open(environment.database_url) as ledger,
        QwenOcr(environment).batch_service() as service,
    ):
        jobs = Jobs(ledger)

        def ended() -> bool:
            poll(jobs, service, region=environment.region.name, all_now=True)
            return not jobs.all(JobState.RUNNING)

        wait_until(ended, "the end of the jobs")
