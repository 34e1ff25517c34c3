"""The ledger on SQLite and Postgres: what each step does to the sums, and what a cap refuses."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Refused, Reserved, Sums
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope, scopes_of
from qwenocr_assets.errors import ConfigurationError, StorageError
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.state.database import open_database
from qwenocr_assets.statuses import LedgerState
from tests.cost.conftest import Clock, call

FREE = Caps()
MONTH = Scope(Kind.MONTH, "2026-01")


def reserved(ledger: Ledger, caps: Caps = FREE, *, lease: str = "lease", **changes: object) -> int:
    outcome = ledger.reserve(call(**changes), caps, lease)  # type: ignore[arg-type]
    assert isinstance(outcome, Reserved)
    return outcome.entry_id


Step = Callable[[Ledger, int], object]


def settle(ledger: Ledger, entry: int) -> int:
    return ledger.settle(entry, Tokens(1, 0))


def lose(ledger: Ledger, entry: int) -> None:
    ledger.lose(entry, "read timeout")


def reconcile_as_settled(ledger: Ledger, entry: int) -> bool:
    return ledger.reconcile(entry, LedgerState.SETTLED, None, "on the bill")


def reconcile_with_amount(ledger: Ledger, entry: int) -> bool:
    return ledger.reconcile(entry, LedgerState.SETTLED, 7, "on the bill")


def reconcile_as_released(ledger: Ledger, entry: int) -> bool:
    return ledger.reconcile(entry, LedgerState.RELEASED, None, "not on the bill")


@pytest.mark.parametrize(
    ("steps", "state", "sums"),
    [
        pytest.param([], LedgerState.RESERVED, Sums(reserved_pico=1_000), id="reserved"),
        pytest.param(
            [settle], LedgerState.SETTLED, Sums(settled_pico=70_000), id="answered, at the real price"
        ),
        pytest.param([Ledger.release], LedgerState.RELEASED, Sums(), id="not billed"),
        pytest.param([lose], LedgerState.UNCERTAIN, Sums(uncertain_pico=1_000), id="answer lost"),
        pytest.param([settle, settle], LedgerState.SETTLED, Sums(settled_pico=70_000), id="told twice"),
        pytest.param(
            [settle, Ledger.release], LedgerState.SETTLED, Sums(settled_pico=70_000), id="paid stays paid"
        ),
        pytest.param([settle, lose], LedgerState.SETTLED, Sums(settled_pico=70_000), id="known stays known"),
        pytest.param([Ledger.release, lose], LedgerState.RELEASED, Sums(), id="free stays free"),
        pytest.param([lose, Ledger.release], LedgerState.RELEASED, Sums(), id="lost, then known to be free"),
        pytest.param([lose, settle], LedgerState.SETTLED, Sums(settled_pico=70_000), id="a late answer"),
        pytest.param(
            [lose, reconcile_as_settled],
            LedgerState.SETTLED,
            Sums(settled_pico=1_000),
            id="found on the bill",
        ),
        pytest.param(
            [lose, reconcile_with_amount],
            LedgerState.SETTLED,
            Sums(settled_pico=7),
            id="found with its amount",
        ),
        pytest.param([lose, reconcile_as_released], LedgerState.RELEASED, Sums(), id="not on the bill"),
        pytest.param(
            [lose, reconcile_as_released, settle],
            LedgerState.SETTLED,
            Sums(settled_pico=70_000),
            id="the answer knows best",
        ),
        pytest.param(
            [reconcile_as_released], LedgerState.RESERVED, Sums(reserved_pico=1_000), id="only uncertain ones"
        ),
    ],
)
def test_what_becomes_of_a_call(ledger: Ledger, steps: list[Step], state: LedgerState, sums: Sums) -> None:
    entry = reserved(ledger)
    for step in steps:
        step(ledger, entry)
    assert [e["state"] for e in ledger.entries()] == [state]
    scopes = scopes_of("run-1", "2026-01-01", "invoices", "singapore")
    assert ledger.sums(scopes) == dict.fromkeys(scopes, sums)


@pytest.mark.parametrize(
    ("caps", "refused_by"),
    [
        pytest.param(Caps(), None, id="no caps"),
        pytest.param(Caps(day_pico=3_000), None, id="exactly at the cap"),
        pytest.param(Caps(run_pico=2_999), "run:run-1", id="run"),
        pytest.param(Caps(day_pico=2_999), "day:2026-01-01", id="day"),
        pytest.param(Caps(month_pico=2_999), str(MONTH), id="month"),
        pytest.param(Caps(route_month_pico={"invoices": 2_999}), "route:invoices:2026-01", id="route"),
        pytest.param(Caps(route_month_pico={"receipts": 1}), None, id="another route's cap"),
        pytest.param(
            Caps(account_month_pico={"singapore": 2_999}), "account:singapore:2026-01", id="account"
        ),
        pytest.param(Caps(account_month_pico={"b": 1}), None, id="another account's cap"),
        pytest.param(Caps(day_pico=0), "day:2026-01-01", id="no money at all"),
    ],
)
def test_a_cap_counts_all_that_may_have_been_spent(
    ledger: Ledger, caps: Caps, refused_by: str | None
) -> None:
    reserved(ledger)
    lose(ledger, reserved(ledger, request_key="k2"))
    before = ledger.sums([MONTH])
    outcome = ledger.reserve(call("k3"), caps, "lease")
    if refused_by is None:
        assert isinstance(outcome, Reserved)
    else:
        scope = Scope.parse(refused_by)
        assert outcome == Refused(scope, caps.cap(scope) or 0, 2_000, 1_000, 1_000)
        assert ledger.sums([MONTH]) == before
        assert len(ledger.entries()) == 2


def test_what_is_given_back_can_be_spent_again(ledger: Ledger) -> None:
    caps = Caps(day_pico=1_000)
    first = reserved(ledger, caps)
    assert isinstance(ledger.reserve(call("k2"), caps, "lease"), Refused)
    ledger.release(first)
    reserved(ledger, caps, request_key="k2")


def test_the_period_turns(ledger: Ledger, clock: Clock) -> None:
    caps = Caps(day_pico=1_000, month_pico=2_000)
    reserved(ledger, caps)
    clock.seconds += 12 * 3600
    reserved(ledger, caps, request_key="the next day")
    clock.seconds += 24 * 3600
    refused = ledger.reserve(call("within the month"), caps, "lease")
    assert isinstance(refused, Refused)
    assert refused.scope == MONTH
    clock.seconds += 31 * 24 * 3600
    reserved(ledger, caps, request_key="the next month")


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        pytest.param(1, LedgerState.RESERVED, id="lives"),
        pytest.param(3, LedgerState.UNCERTAIN, id="no sign of life"),
    ],
)
def test_what_a_dead_process_had_reserved_is_uncertain(
    ledger: Ledger, clock: Clock, minutes: int, state: LedgerState
) -> None:
    ledger.renew("lease", "host", 1, 120)
    reserved(ledger)
    clock.seconds += minutes * 60
    ledger.renew("another", "host", 2, 120)
    reserved(ledger, lease="another", request_key="k2")
    ledger.expire()
    assert [e["state"] for e in ledger.entries()] == [state, LedgerState.RESERVED]


def test_a_paused_process_settles_what_was_taken_for_lost(ledger: Ledger, clock: Clock) -> None:
    ledger.renew("lease", "host", 1, 120)
    entry = reserved(ledger)
    clock.seconds += 3600
    assert [e["entry_id"] for e in ledger.expire()] == [entry]
    assert ledger.expire() == []
    ledger.settle(entry, Tokens(10, 10))
    assert ledger.sums([MONTH]) == {MONTH: Sums(settled_pico=2_300_000)}


def test_an_entry_says_everything(ledger: Ledger, clock: Clock) -> None:
    entry = reserved(ledger)
    clock.seconds += 4
    ledger.settle(entry, Tokens(310, 40), "qwen-vl-ocr-2025-11-20")
    assert [dict(e) for e in ledger.entries(batch_id="b1")] == [
        {
            "entry_id": entry,
            "state": "settled",
            "request_key": "k1",
            "batch_id": "b1",
            "run_id": "run-1",
            "lease_id": "lease",
            "region": "singapore",
            "model": "qwen-vl-ocr-2025-11-20",
            "task": "advanced_recognition",
            "route": "invoices",
            "catalogue_version": "2026-02-04",
            "input_price_pico": 70_000,
            "output_price_pico": 160_000,
            "estimated_input_tokens": 300,
            "expected_pico": 500,
            "reserved_pico": 1_000,
            "settled_pico": 310 * 70_000 + 40 * 160_000,
            "input_tokens": 310,
            "output_tokens": 40,
            "reported_model": "qwen-vl-ocr-2025-11-20",
            "day": "2026-01-01",
            "reserved_at": clock.seconds - 4,
            "closed_at": clock.seconds,
            "reason": None,
            "account": "singapore",
        }
    ]


def test_caps_are_given_in_dollars() -> None:
    caps = Caps.of_usd(run=Decimal("0.5"), month=Decimal(20), routes={"invoices": Decimal("0.000001")})
    assert caps == Caps(run_pico=5 * 10**11, month_pico=20 * 10**12, route_month_pico={"invoices": 10**6})


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        pytest.param(
            "mysql://root@host/db", ConfigurationError, "mysql database is not supported", id="kind"
        ),
        pytest.param("nonsense", ConfigurationError, "cannot be read", id="no URL"),
        pytest.param(
            "postgresql://me:s3cret@127.0.0.1:1/db", StorageError, "cannot be opened", id="no server there"
        ),
        pytest.param("sqlite:////proc/none/ledger.db", StorageError, "cannot be opened", id="no place"),
    ],
)
def test_a_database_that_cannot_be_opened(url: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        open_database(url)
    assert "s3cret" not in str(raised.value)
