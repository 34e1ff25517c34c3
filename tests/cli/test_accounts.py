"""What doctor, quote, ledger and the runs' tags say of several accounts; none of them shows a key."""

import io
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import orjson
import pytest
from PIL import Image
from rich.console import Console

from qwenocr_assets.cli.commands.ledger import print_ledger
from qwenocr_assets.cli.commands.quote import print_quote
from qwenocr_assets.cli.findings.finding import Finding
from qwenocr_assets.cli.findings.service import service_findings
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.defs.running.tags import tag_account
from qwenocr_assets.environment.accounts import note_refusal
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.prices import Tokens
from tests.cost.conftest import call

SECRET = "sk-0123456789abcdef"
PIPELINE = """
region = "singapore"
failover = ["virginia"]
max_runs_at_once = 1

[[accounts]]
name = "team a"
region = "singapore"
api_key_variable = "DASHSCOPE_API_KEY_TEAM_A"
base_url = "http://127.0.0.1:{port}"
usd_per_month = 5

[[accounts]]
name = "請求"
region = "singapore"
api_key_variable = "DASHSCOPE_API_KEY_TEAM_B"
base_url = "http://127.0.0.1:{port}/proxy"
requests_per_minute = 600

[[accounts]]
name = "over there"
region = "virginia"
api_key_variable = "DASHSCOPE_API_KEY_TEAM_C"
base_url = "http://127.0.0.1:{port}/virginia"

[[accounts]]
name = "later"
region = "beijing"
api_key_variable = "DASHSCOPE_API_KEY_TEAM_D"
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    for letter in "ABC":
        monkeypatch.setenv(f"DASHSCOPE_API_KEY_TEAM_{letter}", SECRET + letter)
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = PIPELINE.replace("{port}", str(server.getsockname()[1]))
        (tmp_path / "pipeline.toml").write_text(text, encoding="utf-8")
        yield


def found() -> dict[str, list[Finding]]:
    by_subject: dict[str, list[Finding]] = {}
    for finding in service_findings(Environment.load()):
        assert SECRET not in f"{finding}"
        by_subject.setdefault(finding.subject, []).append(finding)
    return by_subject


def said(show: Any, *arguments: Any, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=200)
    show(*arguments, console, **options)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    assert SECRET not in text
    return text


def test_doctor_looks_at_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = found()
    assert "API key" not in findings
    [a], [b], [virginia], [later] = (
        findings[f"account {name}"] for name in ("team a", "請求", "over there", "later")
    )
    assert (a.good, a.found) == (
        True,
        "singapore, key by DASHSCOPE_API_KEY_TEAM_A, 1,200 calls a minute, at most $5.00 a month",
    )
    assert (b.good, b.found) == (True, "singapore, key by DASHSCOPE_API_KEY_TEAM_B, 600 calls a minute")
    assert virginia.good
    assert (later.good, later.needed) == (False, False)
    assert "neither the one that is set nor in failover" in later.found
    [together] = findings["accounts"]
    assert together.found == "an intake takes one of singapore: team a, 請求; then virginia: over there"
    assert [f.good for f in findings["service"]] == [True] * 3
    [idle] = findings["runs at once"]
    assert "Dagster runs 1 intakes at once, and there are 2 accounts" in idle.found
    home = tmp_path / ".dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("concurrency: {runs: {max_concurrent_runs: 2}}", encoding="utf-8")
    assert "runs at once" not in found()

    environment = Environment.load()
    with Ledger.open(environment.database_url) as ledger:
        note_refusal(ledger, "batch", environment.accounts[1], "InvalidApiKey (HTTP 401): no")
    monkeypatch.delenv("DASHSCOPE_API_KEY_TEAM_A")
    findings = found()
    [a], [b] = findings["account team a"], findings["account 請求"]
    assert (a.good, a.needed) == (False, True)
    assert "DASHSCOPE_API_KEY_TEAM_A is not set" in a.found
    assert (b.good, b.needed) == (False, False)
    assert "the service refused every call at" in b.found


def test_a_quote_names_the_accounts_and_their_price(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "white").save(tmp_path / "a.png")
    text = said(print_quote, [tmp_path / "a.png"])
    assert "Paid by one of 2 accounts at one price, $0.07 in, $0.16 out per million tokens" in text
    assert "singapore: team a, 請求." in text
    assert "While singapore is down, by one account" in text
    accounts = orjson.loads(said(print_quote, [tmp_path / "a.png"], as_json=True))["accounts"]
    assert [(a["name"], a["region"], a["is_failover"]) for a in accounts] == [
        ("team a", "singapore", False),
        ("請求", "singapore", False),
        ("over there", "virginia", True),
    ]


def test_the_ledger_shows_what_each_spent_and_has_left() -> None:
    with Ledger.open(Environment.load().database_url) as ledger:
        for name in ("team a", "請求"):
            outcome = ledger.reserve(call(name, worst_pico=10**12, account=name), Caps(), "lease")
            ledger.settle(outcome.entry_id, Tokens(10**6, 10**6))  # type: ignore[union-attr]
    lines = said(print_ledger).splitlines()
    [a], [b] = ([line for line in lines if f"account {name}, " in line] for name in ("team a", "請求"))
    amounts = [float(amount.removeprefix("$")) for amount in a.replace("│", " ").split()[-5:]]
    assert amounts == [5, 0.23, 0, 0, 4.77]
    assert "none" in b
    assert "$0.23" in b


def test_a_run_is_tagged_with_the_accounts_that_it_asks_with() -> None:
    @dg.op
    def asks(context: dg.OpExecutionContext) -> None:
        seen = SimpleNamespace(instance=context.instance, run=context.run)
        for accounts in Environment.load().accounts_in_order:
            tag_account(seen, accounts[-1])  # type: ignore[arg-type]

    @dg.job
    def asking() -> None:
        asks()

    with dg.DagsterInstance.ephemeral() as instance:
        result = asking.execute_in_process(instance=instance)
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert run.tags["qwenocr/account"] == "請求, over there"
