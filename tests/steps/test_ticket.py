"""One train ticket in Beijing: what is cheapest, and that the bill is the ledger, never above what was set aside."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path

import pytest

from qwenocr_assets.asking.batch_api.jobs import Jobs, JobState
from qwenocr_assets.asking.batch_api.polling import poll
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.ledger_rows import ledger_row
from qwenocr_assets.emulator import EmulatorTransport, create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.errors import AboveReserve
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.settings import load_settings
from qwenocr_assets.steps.pipeline import run
from qwenocr_assets.steps.quote import quote
from tests.waiting import wait_until

TICKET = Path(__file__).parents[2] / "data" / "samples" / "tickets" / "train-ticket.png"
SNAPSHOT = "qwen-vl-ocr-2025-11-20"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project without routes: a document gets its three tasks."""
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DASHSCOPE_API_KEY_BEIJING", "sk-test")


def test_the_quote_names_the_cheapest_first(tmp_path: Path) -> None:
    quoted = quote(Environment.load(region="beijing", data=str(tmp_path / "data")), [TICKET])
    assert quoted.catalogue_version == load_catalogue().version
    assert len(quoted.requests) == 3
    first, *others = quoted.offers
    assert (first.region, first.model, first.batch) == ("beijing", "qwen-vl-ocr", True)
    assert first.expected_usd == Decimal("0.000138344")
    mine = next(o for o in others if (o.region, o.model, o.batch) == ("beijing", SNAPSHOT, False))
    assert mine.expected_usd == quoted.totals.all.expected_usd == Decimal("0.000276688")
    at_once = [o for o in quoted.offers if not o.batch]
    assert at_once[0] == mine
    dear = {o.model: o.expected_usd / mine.expected_usd for o in at_once if o.region == "beijing"}
    assert 2.9 < dear["qwen3.5-ocr"] < 3.1
    assert dear["qwen-vl-ocr-2025-08-28"] > 10
    assert (quoted.standing, quoted.told, quoted.warning) == (None, [], None)


def test_the_newer_model_is_dearer_and_can_more(tmp_path: Path) -> None:
    environment = Environment.load(region="beijing", model="qwen3.5-ocr", data=str(tmp_path / "data"))
    assert quote(environment, [TICKET]).warning == (
        f"qwen3.5-ocr in beijing costs 3.0 times as much as {SNAPSHOT} for the same requests: set model = "
        f'"{SNAPSHOT}" in pipeline.toml. That one takes no whole PDFs, sees one message only, gives 8,192 output '
        "tokens at most and not 16,384, and takes 1,200 requests a minute and not 6,000."
    )


@pytest.mark.parametrize("model", [SNAPSHOT, "qwen-vl-ocr", "qwen3.5-ocr"])
def test_the_bill_is_the_ledger_and_no_more_than_was_set_aside(tmp_path: Path, model: str) -> None:
    app = CannedAnswers(image_tokens=714, text_tokens=91, output_tokens=800)
    emulator = create_emulator(app, region="beijing")
    settings = load_settings(region="beijing", model=model, data=str(tmp_path / "data"), stream="never")
    environment = Environment(settings, lambda _: EmulatorTransport(emulator))
    quoted = quote(environment, [TICKET])
    [outcome] = run(environment, [TICKET])
    with Ledger.open(environment.database_url) as ledger:
        rows = [ledger_row(entry, None) for entry in ledger.entries(batch_id=outcome.batch_id)]
    assert len(rows) == emulator.bill.total.calls == 3
    assert sum(row["cost_usd"] for row in rows) == emulator.bill.total.usd
    assert all(row["cost_usd"] <= row["reserved_usd"] for row in rows)
    assert sum(row["reserved_usd"] for row in rows) == quoted.totals.all.worst_usd
    assert {row["catalogue_version"] for row in rows} == {load_catalogue().version}


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize("output_tokens", [800, 9_000])
def test_in_batches_the_bill_is_half_and_an_answer_above_its_reserve_is_the_last(
    tmp_path: Path, served: Callable[..., AbstractContextManager[str]], output_tokens: int
) -> None:
    route = {"name": "all", "tasks": ["text_recognition", "table_parsing"], "mode": "batch"}
    app = CannedAnswers(image_tokens=714, text_tokens=91, output_tokens=output_tokens)
    emulator = create_emulator(app, region="beijing")
    with served(emulator) as address:
        environment = Environment.load(
            region="beijing",
            model="qwen-vl-ocr",
            base_url=address,
            data=str(tmp_path / "data"),
            routes=[route],
        )
        run(environment, [TICKET])
        with (
            Ledger.open(environment.database_url) as ledger,
            QwenOcr(environment).batch_service() as batches,
        ):
            jobs = Jobs(ledger)
            wait_until(
                lambda: poll(jobs, batches, region="beijing", all_now=True) and jobs.all(JobState.ENDED),
                "the end of the batch",
            )
        if output_tokens > 8_192:
            with pytest.raises(AboveReserve, match="more than the"):
                run(environment, [TICKET])
        else:
            run(environment, [TICKET])
    with Ledger.open(environment.database_url) as ledger:
        rows = [ledger_row(entry, None) for entry in ledger.entries()]
    price = environment.model.price().cost_usd(Tokens(805, output_tokens))
    assert [row["cost_usd"] for row in rows] == [price / 2] * 2
    assert sum(row["cost_usd"] for row in rows) == emulator.bill.total.usd
