"""Which account a batch takes: the one with most room, and then the same."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.environment.accounts import (
    REFUSED_SECONDS,
    Standing,
    best,
    note_refusal,
    note_served,
    take_account,
)
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.settings import AccountSettings
from qwenocr_assets.state.batch_hold import hold_batch
from tests.cost.conftest import call

CATALOGUE = load_catalogue()
REGION, MODEL = CATALOGUE.region("singapore"), CATALOGUE.model("singapore")


def account(name: str, calls: int | None = 600) -> Account:
    entry = AccountSettings(name=name, region="singapore", api_key_variable=f"KEY_{name.upper()}")
    return Account(name, REGION, replace(MODEL, requests_per_minute=calls), entry)


A, B = account("a"), account("b")


@pytest.fixture
def ledger(ledger_url: str) -> Any:
    with Ledger.open(ledger_url) as opened:
        yield opened


def take(ledger: Ledger, batch: str, *accounts: Account, caps: Caps = Caps(), needed: int = 0) -> str:  # noqa: B008
    return take_account(ledger, batch, accounts or (A, B), caps, needed).name


@pytest.mark.parametrize(
    ("limits", "taken"),
    [
        ((600, 600), "abab"),
        (
            (1200, 600),
            "aaba",
        ),  # 1,200; then 600 each, and the first; then 400 against 600; then 400 against 300
        ((600, 1200), "bab"),
        ((None, 600), "abab"),
    ],
)
def test_batches_at_work_share_the_accounts_by_their_limits(
    ledger: Ledger, ledger_url: str, limits: tuple[int | None, int | None], taken: str
) -> None:
    accounts = account("a", limits[0]), account("b", limits[1])
    found = ""
    with ExitStack() as held:
        for number in range(len(taken)):
            held.enter_context(hold_batch(ledger_url, f"batch {number}"))
            found += take(ledger, f"batch {number}", *accounts)
    assert found == taken
    assert take(ledger, "later", *accounts) == max(accounts, key=lambda a: a.requests_per_minute or 600).name


def test_a_batch_keeps_its_account_whoever_goes_on_with_it(ledger: Ledger, ledger_url: str) -> None:
    with hold_batch(ledger_url, "other"):
        assert take(ledger, "other") == "a"
        assert take(ledger, "mine") == "b"
    with Ledger.open(ledger_url) as of_another_machine:
        assert take(of_another_machine, "mine") == "b"
    assert take(ledger, "mine", account("c"), A) == "c", "it is not listed any more"


def test_an_account_that_was_refused_is_left_alone_for_an_hour(tmp_path: Path, clock: Any) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/l.db", clock=clock) as ledger:
        assert take(ledger, "mine") == "a"
        note_refusal(ledger, "mine", A, "the key is not valid")
        assert take(ledger, "mine") == "b"
        assert take(ledger, "next") == "b"
        note_refusal(ledger, "mine", B, "arrears")
        assert take(ledger, "mine") == "a", "both were refused"
        note_served(ledger, B)
        assert take(ledger, "mine") == "b"
        clock.seconds += REFUSED_SECONDS + 1
        assert take(ledger, "a new one") == "a"
        assert take(ledger, "mine") == "b"


def test_an_account_without_money_for_the_dearest_call_is_not_taken(ledger: Ledger) -> None:
    caps = Caps(account_month_pico={"a": 1_000, "b": None})
    assert take(ledger, "one", caps=caps, needed=1_000) == "a"
    ledger.reserve(call(worst_pico=1, account="a"), caps, "lease")
    assert take(ledger, "one", caps=caps, needed=999) == "a"
    assert take(ledger, "one", caps=caps, needed=1_000) == "b"
    both = Caps(account_month_pico={"a": 1, "b": 1})
    assert take(ledger, "two", caps=both, needed=5) in ("a", "b"), (
        "the call is refused then, and says by which cap"
    )


STANDINGS = st.builds(
    lambda limit, refused, money, held, batches, calls: (limit, refused, money, held, batches, calls),
    st.sampled_from([None, 1, 60, 600, 1200]),
    st.sampled_from([None, "refused"]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 5),
    st.integers(0, 2000),
)


@given(st.lists(STANDINGS, min_size=1, max_size=6))
def test_the_best_is_never_refused_nor_poor_while_another_is_neither(found: list[Any]) -> None:
    standings = [Standing(account(f"a{number}", limit), *rest) for number, (limit, *rest) in enumerate(found)]
    taken = best(standings)
    good = [s for s in standings if s.refused is None and s.has_money]
    assert not good or taken in good
    same = [
        s
        for s in standings
        if (s.refused is None, s.has_money, s.is_held)
        == (taken.refused is None, taken.has_money, taken.is_held)
    ]
    known = [s for s in same if s.account.requests_per_minute]
    if taken.account.requests_per_minute:
        share = taken.account.requests_per_minute / (1 + taken.batches)
        assert all(share >= (s.account.requests_per_minute or 0) / (1 + s.batches) for s in known)


@pytest.mark.parametrize(
    ("caps", "largest"),
    [
        (Caps(), None),
        (Caps(account_month_pico={"a": 5, "b": None}, accounts_together=("a", "b")), None),
        (Caps(account_month_pico={"a": 5, "b": 7, "there": None}, accounts_together=("a", "b")), 7),
    ],
)
def test_the_most_that_any_one_of_them_may_spend(caps: Caps, largest: int | None) -> None:
    assert caps.largest_of_accounts_pico == largest
