"""A ledger that lacks what the journals hold is brought up to them: exactly, and once."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from upath import UPath

from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.catching_up import Lacking, catch_up, catch_up_batch, lacking
from qwenocr_assets.cost.entries import RECONCILED, Reserved, Sums
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.statuses import AnswerStatus, LedgerState
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.journal import Journal
from tests.cost.conftest import NOON, Clock, call

CATALOGUE = load_catalogue()
MODEL = CATALOGUE.model("singapore")
PRICE = MODEL.price()
SCOPES = [Scope(Kind.DAY, "2026-01-01"), Scope(Kind.MONTH, "2026-01")]
NONE = Lacking(0, 0, 0)
WORST = PRICE.cost(Tokens(6_000, 8_192))


@dataclass
class Account:
    """A data folder with its ledger, and answers that are paid for in both."""

    data: DataFolder
    path: Path
    clock: Clock

    def open(self) -> Ledger:
        return Ledger.open(sqlite_url(self.path), clock=self.clock)

    def reserve(self, key: str, batch_id: str = "b1") -> int:
        with self.open() as ledger:
            made = ledger.reserve(
                call(key, batch_id=batch_id, worst_pico=WORST, price=PRICE), Caps(), "a lease"
            )
        assert isinstance(made, Reserved)
        return made.entry_id

    def settle(self, entry_id: int, tokens: Tokens) -> None:
        with self.open() as ledger:
            ledger.settle(entry_id, tokens)

    def journal(self, key: str, tokens: Tokens, *, batch_id: str = "b1", attempts: int = 1) -> None:
        """As the run journals an answer."""
        body = {
            "output": {"choices": [{"message": {"content": [{"text": "x"}]}, "finish_reason": "stop"}]},
            "usage": {"input_tokens": tokens.input, "output_tokens": tokens.output},
        }
        record = AnswerRecord(
            request_key=key,
            task=Task.TEXT_RECOGNITION,
            status=AnswerStatus.OK,
            region=MODEL.region,
            model=MODEL.name,
            catalogue_version=CATALOGUE.version,
            attempts=attempts,
            latency_ms=900.0,
            answered_at=datetime.fromtimestamp(self.clock(), UTC),
            cost_usd=PRICE.cost_usd(tokens),
            raw=orjson.dumps(body).decode(),
        )
        Journal(self.data.journal(record.task.value, batch_id)).append([record.to_json()])

    def answer(self, key: str, tokens: Tokens, batch_id: str = "b1") -> None:
        self.settle(self.reserve(key, batch_id), tokens)
        self.journal(key, tokens, batch_id=batch_id)

    def catch_up(self) -> Lacking:
        with self.open() as ledger:
            return catch_up(ledger, self.data, CATALOGUE)

    def lacks(self) -> Lacking:
        with self.open() as ledger:
            return lacking(ledger, self.data)

    def sums(self) -> list[Sums]:
        with self.open() as ledger:
            return list(ledger.sums(SCOPES).values())


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(DataFolder(UPath(tmp_path)), tmp_path / "ledger.db", Clock())


def _lost(account: Account, _: Path) -> None:
    account.path.unlink()


def _put_back(account: Account, copy: Path) -> None:
    copy.replace(account.path)


@pytest.mark.parametrize("breaks", [_lost, _put_back], ids=["lost", "an older copy"])
@pytest.mark.parametrize("seed", range(2))
def test_a_ledger_is_brought_up_to_the_journals_exactly_and_once(
    account: Account, tmp_path: Path, breaks: Callable[[Account, Path], None], seed: int
) -> None:
    chance = random.Random(seed)
    answers = [
        (f"k{n % 7}", Tokens(chance.randint(1, 6_000), chance.randint(1, 8_192)), f"b{n % 3}")
        for n in range(12)  # some keys are asked for again, in the same batch and in others
    ]
    copied_at = chance.randint(0, len(answers) - 1)
    for number, answer in enumerate(answers):
        if number == copied_at:
            account.open().close()
            shutil.copy(account.path, tmp_path / "copy.db")
        account.answer(*answer)
    assert account.catch_up() == NONE
    before = account.sums()

    breaks(account, tmp_path / "copy.db")
    missing = answers if breaks is _lost else answers[copied_at:]
    lacked = Lacking(
        len(missing),
        len({batch for *_, batch in missing}),
        sum(PRICE.cost(tokens) for _, tokens, _ in missing),
    )
    assert account.lacks() == lacked
    assert account.catch_up() == lacked
    assert account.sums() == before
    assert account.lacks() == account.catch_up() == NONE
    assert account.sums() == before


@pytest.mark.parametrize(
    ("attempts", "state", "settled", "uncertain"),
    [
        pytest.param(1, LedgerState.RESERVED, 1, 0, id="in flight when it was copied"),
        pytest.param(1, LedgerState.UNCERTAIN, 1, 0, id="taken for lost"),
        pytest.param(2, LedgerState.UNCERTAIN, 1, 1, id="of two calls: nobody knows which one was answered"),
    ],
)
def test_an_answer_closes_the_entry_of_its_call(
    account: Account, attempts: int, state: LedgerState, settled: int, uncertain: int
) -> None:
    tokens = Tokens(100, 10)
    entry = account.reserve("k")
    if state is LedgerState.UNCERTAIN:
        with account.open() as ledger:
            ledger.lose(entry, "the answer was lost")
    account.journal("k", tokens, attempts=attempts)
    assert account.catch_up().answers == 1
    assert account.sums()[0] == Sums(0, settled * PRICE.cost(tokens), uncertain * WORST)
    assert account.catch_up() == account.lacks() == NONE


@pytest.mark.parametrize("state", [LedgerState.SETTLED, LedgerState.RELEASED])
def test_what_a_person_has_judged_stays(account: Account, state: LedgerState) -> None:
    entry = account.reserve("k")
    with account.open() as ledger:
        ledger.lose(entry, "the answer was lost")
        ledger.reconcile(entry, state, None, RECONCILED)
    before = account.sums()
    account.journal("k", Tokens(100, 10))
    assert account.catch_up() == NONE
    assert account.sums() == before


def test_only_journals_that_have_grown_are_read_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.answer("k1", Tokens(100, 10), "b1")
    account.answer("k2", Tokens(100, 10), "b2")
    account.catch_up()
    account.answer("k3", Tokens(100, 10), "b2")
    read: list[str] = []
    reading = Journal.read

    def noted(journal: Journal) -> list[dict[str, object]]:
        read.append(journal._path.name)
        return reading(journal)

    monkeypatch.setattr(Journal, "read", noted)
    account.catch_up()
    assert read == ["b2.jsonl.zst"]


def test_one_batch_is_caught_up_at_its_end(account: Account) -> None:
    account.answer("k1", Tokens(100, 10), "b1")
    account.answer("k2", Tokens(100, 10), "b2")
    account.path.unlink()
    with account.open() as ledger:
        assert catch_up_batch(ledger, account.data, CATALOGUE, "b1").answers == 1
        [entry] = ledger.entries()
    assert (entry["batch_id"], entry["day"]) == ("b1", "2026-01-01")
    assert (entry["input_price_pico"], entry["output_price_pico"]) == (PRICE.input_pico, PRICE.output_pico)
    assert entry["reserved_at"] == pytest.approx(NOON - 0.9)
