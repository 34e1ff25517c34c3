"""`qwenocr quote` and `qwenocr ledger` as a person types them, without the second that a process takes to start."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Reserved
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.storage.data_folder import DataFolder
from tests.cli.conftest import Command
from tests.cost.conftest import Clock, call
from tests.cost.test_catching_up import Account


@pytest.fixture
def pictures(project: Path) -> Path:
    folder = project / "in"
    folder.mkdir()
    for name, colour in {"請求書.png": 255, "b.png": 200, "same as b.png": 200}.items():
        Image.new("L", (689, 487), colour).save(folder / name)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    return folder


def test_a_quote_sends_nothing_and_keeps_nothing(command: Command, project: Path, pictures: Path) -> None:
    done = command("quote", "--json", "in", QWENOCR_REGION="singapore")
    assert done.returncode == 0, done.stderr
    quote = json.loads(done.stdout)
    assert quote["total"]["requests"] == 9
    assert quote["total"]["answered"] == 3  # the same picture twice
    assert {d["name"] for d in quote["by_document"]} == {"請求書.png", "b.png", "same as b.png"}
    assert {r["image_tokens"] for r in quote["requests"]} == {332}
    assert [r["name"] for r in quote["rejected"]] == ["broken.pdf"]
    expected = sum(Decimal(t["expected_usd"]) for t in quote["by_task"].values())
    assert Decimal(quote["total"]["expected_usd"]) == expected > 0
    assert quote["offers"][0]["region"] == "beijing"
    assert quote["warning"] is None
    assert not (project / "data").exists()


def test_a_quote_for_people(command: Command, pictures: Path) -> None:
    done = command("quote", "in", QWENOCR_REGION="beijing", QWENOCR_MODEL="qwen-vl-ocr-0413")
    assert done.returncode == 0, done.stderr
    for part in (
        "請求書.png",
        "published",
        "Nothing was sent",
        "3 requests are answered already",
        "broken.pdf",
    ):
        assert part in done.stdout
    assert "times as much as qwen-vl-ocr-2025-11-20" in done.stdout
    assert "qwen-vl-ocr-2025-04-13 is not recommended" in done.stdout


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        pytest.param(
            {"QWENOCR_REGION": "singapore", "QWENOCR_MODEL": "qwen-vl-max"}, "is not offered", id="model"
        ),
        pytest.param({"QWENOCR_BUDGET__USD_PER_DAY": "-1"}, "budget.usd_per_day", id="a negative cap"),
        pytest.param({"QWENOCR_BUDGET__USD_PER_WEEK": "1"}, "usd_per_week", id="a cap that does not exist"),
    ],
)
def test_what_cannot_be_is_said(
    command: Command, pictures: Path, environment: dict[str, str], message: str
) -> None:
    done = command("quote", "in", **environment)
    assert done.returncode == 3
    assert message in done.stderr


@pytest.fixture
def uncertain(project: Path) -> list[int]:
    """Two calls whose answers were lost."""
    found = []
    with Ledger.open(sqlite_url(project / "data" / "ledger.db")) as ledger:
        for key in ("k1", "k2"):
            outcome = ledger.reserve(call(key, worst_pico=10**12), Caps(), "lease")
            assert isinstance(outcome, Reserved)
            ledger.lose(outcome.entry_id, "read timeout")
            found.append(outcome.entry_id)
    return found


def test_the_ledger_shows_what_is_left_and_what_is_uncertain(command: Command, uncertain: list[int]) -> None:
    done = command(
        "ledger",
        "show",
        QWENOCR_REGION="beijing",
        QWENOCR_BUDGET__FREE_QUOTA_ACTIVATED_ON="2026-01-01",
    )
    assert done.returncode == 0, done.stderr
    for part in ("today", "$8.00", "read timeout", "Free quota of qwen-vl-ocr-2025-11-20"):
        assert part in done.stdout
    shown = json.loads(command("ledger", "show", "--json").stdout)
    assert [entry["entry_id"] for entry in shown["uncertain"]] == uncertain
    assert {p["uncertain_usd"] for p in shown["periods"]} == {"2"}


def test_what_is_uncertain_is_reconciled(command: Command, project: Path, uncertain: list[int]) -> None:
    first, second = map(str, uncertain)
    assert command("ledger", "reconcile", first, "--as", "settled", "--amount", "0.25").returncode == 0
    assert command("ledger", "reconcile", "--as", "released").returncode == 0
    shown = json.loads(command("ledger", "show", "--json").stdout)
    assert shown["uncertain"] == []
    assert {Decimal(p["spent_usd"]) for p in shown["periods"]} == {Decimal("0.25")}
    assert (project / "data" / "tables" / "cost_ledger" / "b1.parquet").exists()
    again = command("ledger", "reconcile", second, "--as", "settled")
    assert again.returncode == 2
    assert "No uncertain entry has the number" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--as", "paid"], "--as paid is not possible", id="no state"),
        pytest.param(["--as", "settled", "--amount", "much"], "is no amount", id="no amount"),
        pytest.param(["--as", "settled", "--amount", "1"], "is for one entry", id="an amount for all"),
    ],
)
def test_a_wrong_reconciliation_is_refused(
    command: Command, uncertain: list[int], arguments: list[str], message: str
) -> None:
    done = command("ledger", "reconcile", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_doctor_compares_the_money_of_journals_and_ledger(command: Command, project: Path) -> None:
    account = Account(DataFolder(UPath(project / "data")), project / "data" / "ledger.db", Clock())
    account.answer("k1", Tokens(100, 10))
    account.path.unlink()
    cloud = {
        "QWENOCR_REGION": "singapore",
        "QWENOCR_BASE_URL": "http://127.0.0.1:1/api/v1",
        "DASHSCOPE_API_KEY_SINGAPORE": "sk-test",
    }
    assert "lacks 1 paid answers" in command("doctor", **cloud).stdout
    assert not account.path.exists()
    assert "The ledger lacked 1 paid answers" in command("ledger", "show", **cloud).stdout
    assert "lacked" not in command("ledger", "show", **cloud).stdout
    assert "holds the money of all journals" in command("doctor", **cloud).stdout
