"""Two accounts of one region: twice the calls, one bill each, and no question asked or paid twice."""

import asyncio
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from qwenocr_assets.asking.batch_api.jobs import Jobs, JobState
from qwenocr_assets.asking.shared_calls import SharedCalls
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.unfunded import may_resume, unfunded_batches
from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    AccountLimits,
    Call,
    Emulator,
    EmulatorTransport,
    Fault,
    create_emulator,
)
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.errors import ConfigurationError, QwenocrError
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.prices import to_usd
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import COST_LEDGER, OCR_REQUESTS, OCR_RESPONSES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps import run
from qwenocr_assets.steps.batch_api import poll_all
from qwenocr_assets.storage.table_files import read_table
from tests.waiting import wait_until

NAMES = ("a", "b")
ENTRIES = [
    {"name": name, "region": "beijing", "api_key_variable": f"DASHSCOPE_API_KEY_{name.upper()}"}
    for name in NAMES
]


class Service:
    """One address, and an account behind each key."""

    def __init__(self, **account: Any) -> None:
        self.faults: dict[str, Callable[[Call], Fault | None]] = {}
        self.refused: set[str] = set()
        """Accounts whose keys are not valid, for whatever is asked."""
        self.accounts: dict[str, Emulator] = {
            name: create_emulator(CannedAnswers(), region="beijing", faults=self._faults_of(name), **account)
            for name in NAMES
        }

    def _faults_of(self, name: str) -> Callable[[Call], Fault | None]:
        return lambda call: self.faults.get(name, lambda _: None)(call)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        name = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer sk-")
        if name in self.refused:
            status = {
                "type": "http.response.start",
                "status": 401,
                "headers": [(b"content-type", b"application/json")],
            }
            await send(status)
            await send({"type": "http.response.body", "body": b'{"code": "InvalidApiKey", "message": "No."}'})
            return
        await self.accounts[name](scope, receive, send)

    @property
    def billed(self) -> dict[str, Decimal]:
        return {name: account.bill.total.usd for name, account in self.accounts.items()}

    @property
    def calls(self) -> dict[str, int]:
        return {name: account.bill.total.calls for name, account in self.accounts.items()}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    for name in NAMES:
        monkeypatch.setenv(f"DASHSCOPE_API_KEY_{name.upper()}", f"sk-{name}")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def environment(tmp_path: Path, service: Service) -> Callable[..., Environment]:
    def made(accounts: list[dict[str, Any]] = ENTRIES, **settings: Any) -> Environment:
        given = {
            "data": str(tmp_path / "data"),
            "region": "beijing",
            "accounts": accounts,
            "decoders": 0,
            "stream": "never",
            "routes": [{"name": "all", "tasks": ["multi_lan", "formula_recognition"]}],
            **settings,
        }
        return Environment(load_settings(**given), lambda _: EmulatorTransport(service))

    return made


def page(folder: Path, number: int) -> Path:
    """A folder with a page like no other."""
    path = folder / f"intake {number}" / f"{number}.png"
    path.parent.mkdir()
    picture = Image.new("RGB", (200, 100), "white")
    picture.putpixel((number, 5), (0, 0, 0))
    picture.save(path)
    return path.parent


def ledger_of(environment: Environment) -> dict[str, Decimal]:
    """What the ledger holds as paid, by account."""
    spent: dict[str, Decimal] = dict.fromkeys(NAMES, Decimal(0))
    with Ledger.open(environment.database_url) as ledger:
        for entry in ledger.entries():
            spent[entry["account"]] += to_usd(entry["settled_pico"] or 0)
    return spent


def test_each_batch_asks_with_one_account_and_the_bill_of_each_is_its_ledger(
    environment: Callable[..., Environment], service: Service, tmp_path: Path
) -> None:
    outcomes = [run(environment(), [page(tmp_path, number)])[0] for number in range(4)]
    assert service.calls == {"a": 4, "b": 4}
    assert ledger_of(environment()) == service.billed
    for outcome in outcomes:
        rows = read_table(environment().data, COST_LEDGER, outcome.batch_id)
        assert len({row["account"] for row in rows}) == 1


def test_an_answer_that_one_account_paid_is_used_by_another_and_keys_do_not_know_accounts(
    environment: Callable[..., Environment], service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = page(tmp_path, 1)
    [first] = run(environment(), [folder])
    copy = tmp_path / "a copy"
    copy.mkdir()
    (copy / "1.png").write_bytes((folder / "1.png").read_bytes())
    [second] = run(environment(ENTRIES[1:]), [copy])
    assert (first.sent, second.sent) == (2, 0)
    monkeypatch.setenv("DASHSCOPE_API_KEY_BEIJING", "sk-a")
    third = tmp_path / "another copy"
    third.mkdir()
    (third / "1.png").write_bytes((folder / "1.png").read_bytes())
    [last] = run(environment([]), [third])
    assert last.sent == 0
    keys = [
        {row["request_key"] for row in read_table(environment().data, OCR_REQUESTS, outcome.batch_id)}
        for outcome in (first, second, last)
    ]
    assert keys[0] == keys[1] == keys[2]
    assert service.calls == {"a": 2, "b": 0}


@pytest.mark.parametrize("fault", ["echoed_key", "arrearage"])
def test_an_account_whose_every_call_is_refused_is_said_by_name_and_the_next_asking_takes_another(
    environment: Callable[..., Environment], service: Service, tmp_path: Path, fault: str
) -> None:
    service.faults["a"] = lambda _: NAMED_FAULTS[fault]
    folder = page(tmp_path, 1)
    [refused] = run(environment(), [folder])
    assert refused.refused is not None
    assert "account a: " in refused.refused.message
    assert "sk-" not in str(refused.refused)
    [answered] = run(environment(), [folder])
    assert answered.refused is None
    assert service.calls == {"a": 0, "b": 2}
    [next_batch] = run(environment(), [page(tmp_path, 2)])
    assert next_batch.refused is None, "others leave the account alone too"
    assert ledger_of(environment()) == service.billed


def test_an_account_whose_money_is_used_up_is_passed_over_and_without_any_the_batch_waits(
    environment: Callable[..., Environment], service: Service, tmp_path: Path
) -> None:
    poor = [{**entry, "usd_per_month": "0.000001"} for entry in ENTRIES]
    run(environment([poor[0], ENTRIES[1]]), [page(tmp_path, 1)])
    assert service.calls == {"a": 0, "b": 2}
    [unfunded] = run(environment(poor), [page(tmp_path, 2)])
    rows = read_table(environment().data, OCR_RESPONSES, unfunded.batch_id)
    assert {row["status"] for row in rows} == {AnswerStatus.UNFUNDED}
    with Ledger.open(environment().database_url) as ledger:
        [(batch_id, waiting)] = unfunded_batches(ledger).items()
        assert {str(refusal.scope).split(":")[0] for refusal in waiting} == {"account"}
        assert not may_resume(ledger, waiting, environment(poor).caps)
        for entries in ([poor[0], ENTRIES[1]], [ENTRIES[0], poor[1]]):
            assert may_resume(ledger, waiting, environment(entries).caps)
    assert batch_id == unfunded.batch_id
    run(environment([poor[0], ENTRIES[1]]), [tmp_path / "intake 2"])
    assert service.calls == {"a": 0, "b": 4}
    assert ledger_of(environment()) == service.billed


PICTURE = io.BytesIO()
Image.new("RGB", (200, 100), "white").save(PICTURE, "PNG")


SECONDS = 25


def calls_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> int:
    """Of two processes' clients that share a database, by the bills, where so many accounts of 600 are listed."""
    service = Service(account=AccountLimits(600), latency=2.0)
    entries = [{**entry, "requests_per_minute": 600} for entry in ENTRIES[:count]]
    environment = Environment(
        load_settings(data=str(tmp_path / str(count)), region="beijing", accounts=entries),
        lambda _: EmulatorTransport(service),
    )
    request = Request(ImageBytes(PICTURE.getvalue(), "image/png"), Task.MULTI_LAN, RequestOptions())

    async def ask(number: int) -> None:
        async with QwenOcr(environment).client(environment.accounts[number % count]) as client:

            async def go_on() -> None:
                while True:
                    reply = await client.ask(request)
                    assert (reply.error, reply.throttled) == (None, 0)

            async with asyncio.TaskGroup() as group:
                for _ in range(30):
                    group.create_task(go_on())

    async def main() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(SharedCalls.__init__, "__defaults__", (lambda _: 1_800_000_000 + loop.time(),))
        asking = [asyncio.create_task(ask(number)) for number in range(2)]
        await asyncio.sleep(SECONDS)
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
        assert all(task.cancelled() for task in asking)

    run_in_virtual_time(main())
    assert all(service.calls[name] for name in NAMES[:count])
    return sum(service.calls.values())


def test_two_accounts_of_600_a_minute_make_twice_the_calls_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (calls_made(tmp_path, monkeypatch, count) for count in (1, 2))
    assert 180 <= one <= 250, "at 10 a second, after a slow start"
    assert 1.95 <= two / one <= 2.05


@pytest.fixture
def address(
    served: Callable[..., AbstractContextManager[str]], service: Service, no_proxy: None
) -> Iterator[str]:
    with served(service) as url:
        yield url


def test_a_batch_job_is_collected_with_the_account_that_handed_it_over(
    environment: Callable[..., Environment], service: Service, tmp_path: Path, address: str
) -> None:
    route = {"name": "all", "tasks": ["multi_lan", "formula_recognition"], "mode": "batch"}
    given = {"base_url": address, "model": "qwen-vl-ocr", "routes": [route]}
    with_a, with_b = environment(ENTRIES[:1], **given), environment(ENTRIES[1:], **given)
    both = environment([ENTRIES[1], ENTRIES[0]], **given)
    run(with_a, [page(tmp_path, 1)])
    with pytest.raises(
        ConfigurationError, match="were handed over with account a, which is none of region beijing now"
    ):
        run(with_b, [tmp_path / "intake 1"])
    run(with_b, [page(tmp_path, 2)])  # which has nothing to do with it
    with Ledger.open(both.database_url) as ledger:
        jobs = Jobs(ledger)
        assert [job.owner for job in jobs.all()] == ["a", "b"]
        with QwenOcr(both).batch_services() as services:

            def ended() -> bool:
                poll_all(both, jobs, services, all_now=True)
                return not jobs.all(JobState.RUNNING)

            wait_until(ended, "the end of the job")
    for number in (1, 2):
        [outcome] = run(both, [tmp_path / f"intake {number}"])
        rows = read_table(both.data, OCR_RESPONSES, outcome.batch_id)
        assert {row["status"] for row in rows} == {AnswerStatus.OK}
    assert ledger_of(both) == service.billed
    assert service.calls == {"a": 2, "b": 2}


def test_what_an_account_refuses_to_take_as_a_batch_is_handed_over_by_another(
    environment: Callable[..., Environment], service: Service, tmp_path: Path, address: str
) -> None:
    route = {"name": "all", "tasks": ["multi_lan"], "mode": "batch"}
    both = environment(base_url=address, model="qwen-vl-ocr", routes=[route])
    folder = page(tmp_path, 1)
    service.refused.add("a")
    with pytest.raises(QwenocrError, match="account a"):
        run(both, [folder])
    run(both, [folder])
    with Ledger.open(both.database_url) as ledger:
        assert [(job.owner, job.state) for job in Jobs(ledger).all()] == [
            ("a", JobState.CLOSED),
            ("b", JobState.RUNNING),
        ]
