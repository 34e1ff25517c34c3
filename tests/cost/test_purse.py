"""The purse between client and ledger: every call's money comes to an end, and the bill is met."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from qwenocr_assets.asking.records import AnswerRecord, Asked, record_of
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.clerk import Clerk
from qwenocr_assets.cost.entries import Call
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.purse import LedgerPurse, open_purse
from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    Emulator,
    EmulatorTransport,
    by_share,
    create_emulator,
    in_order,
)
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.errors import AboveReserve, ExitCode, StorageError
from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import Unfunded
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.prices import Tokens, to_pico
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.statuses import AnswerStatus, LedgerState
from tests.cost.conftest import call

REGION = load_catalogue().region("singapore")
MODEL = replace(load_catalogue().model("singapore"), requests_per_minute=None, tokens_per_minute=None)
PRICE = MODEL.price()
REQUEST = Request(ImageBytes(b"x", "image/png"), Task.TEXT_RECOGNITION)
WORST = PRICE.cost(Tokens(6_000, 8_192))
KEYS = [f"k{n}" for n in range(60)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterable[Ledger]:
    with Ledger.open(sqlite_url(tmp_path / "ledger.db")) as opened:
        yield opened


def calls(keys: Iterable[str]) -> dict[str, Call]:
    return {key: call(key, worst_pico=WORST, price=PRICE) for key in keys}


@contextlib.asynccontextmanager
async def purse_of(ledger: Ledger, caps: Caps = Caps()) -> AsyncIterator[LedgerPurse]:  # noqa: B008
    async with open_purse(ledger, caps, calls(KEYS)) as purse:
        yield purse


def ask(ledger: Ledger, emulator: Emulator, keys: Iterable[str], caps: Caps = Caps()) -> list[Reply]:  # noqa: B008
    async def run() -> list[Reply]:
        async with (
            purse_of(ledger, caps) as purse,
            Client(
                REGION,
                MODEL,
                transport=EmulatorTransport(emulator),
                purse=purse,
                options=ClientOptions(stream="never"),
            ) as client,
        ):
            return list(await asyncio.gather(*(client.ask(REQUEST, key) for key in keys)))

    return asyncio.run(run())


def states(ledger: Ledger) -> list[str]:
    return [entry["state"] for entry in ledger.entries()]


@pytest.mark.parametrize(
    ("fault", "ends"),
    [
        pytest.param("rate_quota", ["released", "settled"], id="throttled"),
        pytest.param("internal_error", ["released", "settled"], id="the service's own error"),
        pytest.param("time_limit", ["uncertain", "settled"], id="its time limit"),
        pytest.param("inspection_failed", ["released"], id="page refused"),
        pytest.param("lost", ["uncertain", "settled"], id="billed and lost"),
        pytest.param("dropped", ["uncertain", "settled"], id="dropped, nobody knows"),
        pytest.param("torn", ["uncertain", "settled"], id="torn"),
        pytest.param("empty_body", ["uncertain", "settled"], id="a 200 without an answer"),
        pytest.param("gateway_timeout", ["uncertain", "settled"], id="a gateway that waited in vain"),
        pytest.param("bad_gateway", ["uncertain", "settled"], id="a gateway that lost the service"),
        pytest.param("code_without_output", ["released", "settled"], id="a 200 with an error"),
        pytest.param("truncated", ["settled"], id="truncated is paid for"),
    ],
)
def test_each_fault_leaves_its_trace(ledger: Ledger, fault: str, ends: list[str]) -> None:
    script = in_order([NAMED_FAULTS[fault]])
    if fault == "time_limit":  # without waiting ten minutes for it
        script = in_order([replace(NAMED_FAULTS[fault], after_seconds=0.0)])  # type: ignore[type-var]
    emulator = create_emulator(CannedAnswers(), faults=script)
    ask(ledger, emulator, ["k0"])
    assert states(ledger) == ends


@pytest.mark.parametrize("tokens", [10**7 + 1, 10**14, 2**63, -1, 1.5, True, "12"])
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens"])
def test_an_absurd_usage_is_uncertain_once(ledger: Ledger, name: str, tokens: object) -> None:
    """Its answer is kept, so nothing is asked, and nothing uncertain, at any later run."""
    usage = {"input_tokens": 10, "output_tokens": 2, name: tokens}
    answer = {"output": {"choices": [{"finish_reason": "stop", "message": {"content": [{"text": "a"}]}}]}}
    server = httpx.MockTransport(lambda _: httpx.Response(200, json={**answer, "usage": usage}))

    async def run() -> Reply:
        async with purse_of(ledger) as purse, Client(REGION, MODEL, transport=server, purse=purse) as client:
            return await client.ask(REQUEST, KEYS[0])

    reply = asyncio.run(run())
    assert states(ledger) == ["uncertain"]
    record = record_of(
        KEYS[0], REQUEST.task, reply, None, Asked(REGION.name, MODEL.name, PRICE, "catalogue of today")
    )
    again = AnswerRecord.from_json(orjson.loads(orjson.dumps(record.to_json())))
    assert again.status is AnswerStatus.OK
    assert again.cost_usd is None


def test_the_ledger_meets_the_emulators_bill(ledger: Ledger) -> None:
    """A bad day: what the emulator billed is what is settled, and what it lost is among what is uncertain."""
    faults = [("internal_error", 0.1), ("lost", 0.1), ("dropped", 0.05), ("torn", 0.1), ("truncated", 0.1)]
    script = by_share(((NAMED_FAULTS[name], share) for name, share in faults), seed=3)
    app = CannedAnswers(tokens_of=lambda n: (100 + 17 * n % 4_000, 35, 3 + 211 * n % 8_000))
    emulator = create_emulator(app, faults=script, keep_log=True)
    replies = ask(ledger, emulator, KEYS)
    assert all(reply.answer is not None for reply in replies)

    bill, entries = emulator.bill.total, ledger.entries()
    settled = [e for e in entries if e["state"] == LedgerState.SETTLED]
    uncertain = [e for e in entries if e["state"] == LedgerState.UNCERTAIN]
    assert {e["state"] for e in entries} == {"settled", "uncertain", "released"}
    assert len(settled) == bill.calls - bill.lost_calls == len(KEYS)
    lost = sum(
        to_pico(c.billed_usd)
        for c in emulator.traffic.log
        if c.billed_usd and c.outcome in ("dropped", "torn")
    )
    assert sum(e["settled_pico"] for e in settled) == to_pico(bill.usd) - lost
    assert len(uncertain) >= bill.lost_calls > 0
    assert sum(e["reserved_pico"] for e in uncertain) >= lost


def test_calls_wait_for_those_in_flight_as_long_as_there_is_money(ledger: Ledger) -> None:
    """Six worst cases fit into the cap at once; sixty calls that cost little fit one after the other."""
    emulator = create_emulator(CannedAnswers(image_tokens=100), latency=0.01)
    replies = ask(ledger, emulator, KEYS, Caps(run_pico=6 * WORST))
    assert all(reply.answer is not None for reply in replies)
    assert emulator.traffic.max_in_flight <= 6


def test_no_more_calls_than_there_is_money_for(ledger: Ledger) -> None:
    app = CannedAnswers(output_tokens=8_000)
    emulator = create_emulator(app, latency=0.01)
    replies = ask(ledger, emulator, KEYS, Caps(run_pico=5 * WORST))
    unfunded = [r for r in replies if isinstance(r.error, Unfunded)]
    answered = [r for r in replies if r.answer is not None]
    assert len(unfunded) + len(answered) == len(KEYS)
    assert 5 <= len(answered) < len(KEYS)
    assert emulator.bill.total.usd <= Decimal(5 * WORST).scaleb(-12)
    assert all(r.attempts == 0 for r in unfunded)


def test_an_answer_without_usage_is_uncertain(ledger: Ledger) -> None:
    async def run() -> None:
        async with purse_of(ledger) as purse:
            hold = await purse.reserve(REQUEST, "k0")
            assert hold is not None
            await hold.settle(Usage(input_tokens=7, output_tokens=None, total_tokens=9), None)

    asyncio.run(run())
    assert [(e["state"], e["reason"]) for e in ledger.entries()] == [
        ("uncertain", "the answer reports no usage")
    ]


def test_who_is_cancelled_while_reserving_gives_it_back(ledger: Ledger) -> None:
    async def run() -> None:
        async with purse_of(ledger) as purse:
            asking = asyncio.create_task(purse.reserve(REQUEST, "k0"))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(run())
    assert states(ledger) == ["released"]


def test_what_is_still_reserved_at_the_end_is_uncertain(ledger: Ledger) -> None:
    async def run() -> None:
        async with purse_of(ledger) as purse:
            await purse.reserve(REQUEST, "k0")

    asyncio.run(run())
    assert states(ledger) == ["uncertain"]


def test_many_calls_are_few_transactions(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    writing = Ledger.writing

    def counted(self: Ledger) -> Any:
        begun.append(self)
        return writing(self)

    async def run() -> None:
        async with purse_of(ledger) as purse:
            monkeypatch.setattr(Ledger, "writing", counted)
            holds = await asyncio.gather(*(purse.reserve(REQUEST, key) for key in KEYS))
            assert len(begun) == 1
            await asyncio.gather(*(h.settle(Usage(100, 10, 110), None) for h in holds if h is not None))
            assert len(begun) == 2

    asyncio.run(run())
    assert states(ledger) == ["settled"] * len(KEYS)


def _removed(path: Path, _: Path) -> None:
    path.unlink()


def _folder_removed(path: Path, _: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def _replaced_by_a_copy(path: Path, copy: Path) -> None:
    copy.replace(path)


def _another_made_in_its_place(path: Path, _: Path) -> None:
    path.unlink()
    Ledger.open(sqlite_url(path)).close()


def _copied_over(path: Path, copy: Path) -> None:
    """As `cp` does: the same file, with what it held when the copy was made."""
    with sqlite3.connect(copy) as older, sqlite3.connect(path) as database:
        older.backup(database)


def _damaged(path: Path, _: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


def _emptied(path: Path, _: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE cost_entries")


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        pytest.param(_removed, "was removed while it was used", id="removed"),
        pytest.param(_folder_removed, "was removed while it was used", id="its folder removed"),
        pytest.param(_replaced_by_a_copy, "was replaced by another file", id="replaced by an older copy"),
        pytest.param(_another_made_in_its_place, "was replaced by another file", id="made anew"),
        pytest.param(_copied_over, "an older copy took its place", id="an older copy written over it"),
        pytest.param(_damaged, "is damaged|cannot be opened, read or written", id="damaged"),
        pytest.param(_emptied, "no such table", id="without its table"),
    ],
)
def test_a_ledger_that_breaks_stops_the_run_and_keeps_what_is_paid(
    tmp_path: Path, breaks: Callable[[Path, Path], None], says: str
) -> None:
    path = tmp_path / "data" / "ledger.db"

    async def run(ledger: Ledger) -> None:
        async with purse_of(ledger) as purse:
            with sqlite3.connect(path) as database, sqlite3.connect(tmp_path / "copy.db") as copy:
                database.backup(copy)
            first = await purse.reserve(REQUEST, "k0")
            second = await purse.reserve(REQUEST, "k1")
            assert first is not None
            assert second is not None
            await first.settle(Usage(100, 10, 110), None)
            breaks(path, tmp_path / "copy.db")
            await second.settle(Usage(100, 10, 110), None)  # the answer goes on its way
            with pytest.raises(StorageError, match=says):
                await purse.reserve(REQUEST, "k2")

    with Ledger.open(sqlite_url(path)) as ledger, pytest.raises(StorageError, match=says) as raised:
        asyncio.run(run(ledger))
    assert raised.value.next_step


def test_a_ledger_that_breaks_after_the_last_question_is_told_as_well(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"

    async def run(ledger: Ledger) -> None:
        async with purse_of(ledger) as purse:
            hold = await purse.reserve(REQUEST, "k0")
            path.unlink()
            assert hold is not None
            await hold.settle(Usage(100, 10, 110), None)

    with Ledger.open(sqlite_url(path)) as ledger, pytest.raises(StorageError, match="was removed"):
        asyncio.run(run(ledger))


@pytest.mark.parametrize("above", [0, 1], ids=["at most what was set aside", "one token more"])
def test_an_answer_above_its_reserve_is_settled_as_it_is_and_is_the_last(ledger: Ledger, above: int) -> None:
    async def run() -> None:
        async with purse_of(ledger) as purse:
            dear, other = await purse.reserve(REQUEST, "k0"), await purse.reserve(REQUEST, "k1")
            assert dear is not None
            assert other is not None
            await dear.settle(Usage(6_000 + above, 8_192, 14_192 + above), None)
            await other.settle(Usage(100, 10, 110), None)  # what was under way is awaited
            last = await purse.reserve(REQUEST, "k2")
            assert last is not None
            await last.release()

    if not above:
        asyncio.run(run())
        assert states(ledger) == ["settled", "settled", "released"]
        return
    with pytest.raises(AboveReserve, match="more than the") as raised:
        asyncio.run(run())
    assert raised.value.exit_code is ExitCode.OUT_OF_MONEY
    assert states(ledger) == ["settled", "settled"]
    assert ledger.entries()[0]["settled_pico"] == WORST + PRICE.input_pico


def test_an_error_reaches_everyone_who_waits(ledger: Ledger) -> None:
    async def run() -> list[Any]:
        clerk = Clerk(ledger)

        def good(connection: Any) -> int:
            return 1

        def bad(connection: Any) -> int:
            raise RuntimeError("disk full")

        results = await asyncio.gather(clerk.submit(good), clerk.submit(bad), return_exceptions=True)
        later = await clerk.submit(good)
        await clerk.close()
        return [*results, later]

    first, second, later = asyncio.run(run())
    assert [type(first), type(second), later] == [RuntimeError, RuntimeError, 1]
