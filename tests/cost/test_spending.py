"""What is left, who is told, and which batches may go on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.drift import PriceDrift, input_drift, price_drifts
from qwenocr_assets.cost.entries import Refused, Reserved
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.savings import saved_usd
from qwenocr_assets.cost.scopes import Kind, Scope, scopes_of
from qwenocr_assets.cost.spending import free_quota_use, new_alerts, spending
from qwenocr_assets.cost.unfunded import may_resume, remember, unfunded_batches
from qwenocr_assets.qwenocr.catalogue import FreeQuota, load_catalogue
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.statuses import LedgerState
from tests.cost.conftest import Clock, call

CATALOGUE = load_catalogue()
DAY = 24 * 3600.0


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with Ledger.open(sqlite_url(tmp_path / "ledger.db"), clock=clock) as opened:
        yield opened


def spend(ledger: Ledger, pico: int, caps: Caps = Caps(), **changes: Any) -> int:  # noqa: B008
    outcome = ledger.reserve(call(worst_pico=pico, **changes), caps, "lease")
    assert isinstance(outcome, Reserved)
    return outcome.entry_id


def test_spending_by_day_month_and_route(ledger: Ledger, clock: Clock) -> None:
    caps = Caps(day_pico=100 * 10**12, route_month_pico={"receipts": 10**12, "letters": 7 * 10**12})
    ledger.settle(spend(ledger, 5, route="invoices"), Tokens(10, 0))
    clock.seconds += DAY
    ledger.lose(spend(ledger, 3 * 10**12, route="receipts", request_key="k2"), "lost")
    spend(ledger, 10**12, route="invoices", request_key="k3")
    found = [
        (p.name, p.settled_usd, p.uncertain_usd, p.reserved_usd, p.remaining_usd)
        for p in spending(ledger, caps)
    ]
    bit = Decimal("0.0000007")
    assert found == [
        ("today, 2026-01-02", 0, 3, 1, 96),
        ("this month, 2026-01", bit, 3, 1, None),
        ("route invoices, 2026-01", bit, 0, 1, None),
        ("route letters, 2026-01", 0, 0, 0, 7),
        ("route receipts, 2026-01", 0, 3, 0, 0),
    ]


HALF, MOST, ALL = Decimal("0.5"), Decimal("0.8"), Decimal(1)


@pytest.mark.parametrize(
    ("spent", "told"),
    [
        pytest.param([40], [[]], id="below"),
        pytest.param([50], [[HALF]], id="exactly"),
        pytest.param([60, 1], [[HALF], []], id="once"),
        pytest.param([60, 30, 10], [[HALF], [MOST], [ALL]], id="one after the other"),
        pytest.param([90], [[MOST]], id="of several the highest"),
        pytest.param([90, 1], [[MOST], []], id="the lower ones are not told later"),
    ],
)
def test_thresholds_are_told_once(ledger: Ledger, spent: list[int], told: list[list[Decimal]]) -> None:
    caps = Caps(day_pico=100)
    found = []
    for number, pico in enumerate(spent):
        spend(ledger, pico, request_key=f"k{number}")
        found.append([alert.threshold for alert in new_alerts(ledger, caps, [HALF, MOST, ALL])])
    assert found == told


def test_the_next_day_tells_anew(ledger: Ledger, clock: Clock) -> None:
    caps = Caps(day_pico=2 * 10**12)
    for number in range(2):
        spend(ledger, 10**12, request_key=f"k{number}")
        [alert] = new_alerts(ledger, caps, [HALF])
        day = f"2026-01-0{number + 1}"
        assert str(alert) == f"50% of the budget for today, {day} is spent: $1.00 of $2.00."
        clock.seconds += DAY


@pytest.mark.parametrize(
    ("refused", "caps", "days", "resumes"),
    [
        pytest.param(["day"], Caps(day_pico=1_500), 0, False, id="no more money"),
        pytest.param(["day"], Caps(day_pico=2_000), 0, True, id="the cap is raised"),
        pytest.param(["day"], Caps(), 0, True, id="the cap is gone"),
        pytest.param(["day"], Caps(day_pico=1_500), 1, True, id="the next day"),
        pytest.param(["month"], Caps(month_pico=1_500), 1, False, id="the next day of a full month"),
        pytest.param(["month"], Caps(month_pico=1_500), 31, True, id="the next month"),
        pytest.param(["route"], Caps(route_month_pico={"invoices": 1_500}), 1, False, id="a full route"),
        pytest.param(["route"], Caps(route_month_pico={"invoices": 2_500}), 0, True, id="a larger route"),
        pytest.param(["run"], Caps(run_pico=1_500), 31, False, id="a new run is no new money"),
        pytest.param(["run"], Caps(run_pico=1_501), 0, True, id="a raised cap of a run"),
        pytest.param(["day", "month"], Caps(day_pico=1_500, month_pico=1_500), 1, False, id="all must agree"),
    ],
)
def test_a_batch_goes_on_when_there_is_money(
    ledger: Ledger, clock: Clock, refused: list[str], caps: Caps, days: int, resumes: bool
) -> None:
    spend(ledger, 1_000)
    scopes = scopes_of("run-1", "2026-01-01", "invoices", "singapore")
    remember(ledger, "b1", [Refused(getattr(scopes, kind), 1_500, 1_000, 1_000) for kind in refused])
    clock.seconds += days * DAY
    [(batch_id, waiting)] = unfunded_batches(ledger).items()
    assert (batch_id, len(waiting)) == ("b1", len(refused))
    assert may_resume(ledger, waiting, caps) is resumes


def test_money_that_is_given_back_resumes_too(ledger: Ledger) -> None:
    caps = Caps(day_pico=1_500)
    entry = spend(ledger, 1_000, caps)
    refused = ledger.reserve(call("k2"), caps, "lease")
    assert isinstance(refused, Refused)
    remember(ledger, "b1", [refused])
    ledger.lose(entry, "lost")
    [waiting] = unfunded_batches(ledger).values()
    assert not may_resume(ledger, waiting, caps)
    ledger.reconcile(entry, LedgerState.RELEASED, None, "not on the bill")
    assert may_resume(ledger, waiting, caps)


def test_a_batch_that_was_funded_waits_no_more(ledger: Ledger) -> None:
    remember(ledger, "b1", [Refused(Scope(Kind.DAY, "2026-01-01"), 1, 1, 1)])
    remember(ledger, "b1", [])
    assert unfunded_batches(ledger) == {}


def test_the_free_quota_is_counted_and_ends(ledger: Ledger, clock: Clock) -> None:
    quota = FreeQuota(1_000_000, 90)
    models = [replace(CATALOGUE.model("singapore"), free_quota=quota)]
    ledger.settle(spend(ledger, 10**12), Tokens(400_000, 30))
    clock.seconds += 100 * DAY
    ledger.settle(spend(ledger, 10**12, request_key="after its end"), Tokens(500_000, 500_000))
    found = {q.model: q for q in free_quota_use(ledger, models, date(2025, 12, 31))}
    use = found["qwen-vl-ocr-2025-11-20"]
    assert (use.tokens_left, use.ends_on) == (599_970, date(2026, 3, 31))
    newer = [replace(models[0], free_quota=replace(quota, launched_on=date(2026, 1, 2)))]
    (use,) = free_quota_use(ledger, newer, date(2025, 12, 31))
    assert (use.tokens_left, use.ends_on) == (1_000_000, date(2026, 4, 2))
    assert free_quota_use(ledger, CATALOGUE.models_in("virginia"), date(2026, 1, 1)) == []


def settled(
    estimated: int, reported: int, model: str | None = None, day: date = date(2026, 3, 1)
) -> dict[str, Any]:
    return {
        "state": "settled",
        "region": "singapore",
        "day": day,
        "model": "qwen-vl-ocr-2025-11-20",
        "reported_model": model,
        "estimated_input_tokens": estimated,
        "input_tokens": reported,
        "usd_per_million_input": Decimal("0.07"),
        "usd_per_million_output": Decimal("0.16"),
    }


@pytest.mark.parametrize(
    ("rows", "share", "within"),
    [
        pytest.param([], 0.0, True, id="nothing settled"),
        pytest.param([settled(1000, 1050), settled(1000, 1000)], 0.025, True, id="a little"),
        pytest.param([settled(1000, 1300), settled(1000, 700)], 0.0, True, id="over the whole batch"),
        pytest.param([settled(332, 427)], 427 / 332 - 1, False, id="more"),
        pytest.param([settled(1000, 800)], -0.2, False, id="less"),
        pytest.param([settled(1000, 1000), {"state": "uncertain"}], 0.0, True, id="only what is known"),
    ],
)
def test_drift_of_input_tokens(rows: list[dict[str, Any]], share: float, within: bool) -> None:
    drift = input_drift(rows)
    assert drift.share == pytest.approx(share)
    assert drift.is_within_limit is within


SNAPSHOT = "qwen-vl-ocr-2025-11-20"


@pytest.mark.parametrize(
    ("reported", "drift"),
    [
        pytest.param(SNAPSHOT, None, id="the same"),
        pytest.param("qwen-vl-ocr-1120", None, id="its other name"),
        pytest.param(None, None, id="not said"),
        pytest.param(
            "qwen-vl-ocr",
            PriceDrift("singapore", SNAPSHOT, "qwen-vl-ocr", 2, Decimal("0.72"), Decimal("0.72")),
            id="another price",
        ),
        pytest.param(
            "qwen9-ocr",
            PriceDrift("singapore", SNAPSHOT, "qwen9-ocr", 2, None, None),
            id="a model nobody knows",
        ),
    ],
)
def test_drift_of_prices(reported: str | None, drift: PriceDrift | None) -> None:
    rows = [settled(1, 1, reported), settled(1, 1, reported)]
    assert price_drifts(rows, CATALOGUE) == ([] if drift is None else [drift])


@pytest.mark.parametrize(("day", "drifts"), [(date(2026, 9, 27), 1), (date(2026, 9, 28), 0)])
def test_an_old_answer_is_held_against_the_prices_of_its_day(day: date, drifts: int) -> None:
    rows = [settled(1, 1, "qwen-vl-ocr", day)]  # the alias came down to the snapshot's price
    assert len(price_drifts(rows, CATALOGUE)) == drifts


def test_what_was_saved() -> None:
    used = {"input_tokens": 1_000_000, "output_tokens": 0}
    responses = [
        {"request_key": "k1", "reused_from": None, **used},
        {"request_key": "k1", "reused_from": None, **used},
        {"request_key": "k2", "reused_from": "b0", **used},
        {"request_key": "k3", "reused_from": "b0", "input_tokens": None, "output_tokens": None},
    ]
    assert saved_usd(responses, CATALOGUE.model("singapore")) == Decimal("0.14")
