"""An account whose list differs in price, limit and a retired name: who says so, where, and that nothing changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import orjson
import pytest
from rich.console import Console

from qwenocr_assets.cli.commands.live_models import print_live_models
from qwenocr_assets.cli.findings.service import live_findings
from qwenocr_assets.defs.money.live_catalogue import watch_catalogue
from qwenocr_assets.emulator import create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.emulator.testing.serving import served
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError, MissingApiKey
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.steps.live_catalogue import known_differences

SECRET = "sk-ws-H.2b7f-0123456789"
CHANGES: dict[str, dict[str, Any]] = {
    "qwen-vl-ocr-2025-11-20": {"usd_per_million_output": Decimal("0.1")},
    "qwen-vl-ocr": {"max_output_tokens": 4096},
}
PRICE = "qwen-vl-ocr-2025-11-20: $0.043 in, $0.072 out per million tokens here, $0.043 in, $0.1 out by the service"
LIMIT = "qwen-vl-ocr: 8,192 output tokens here, 4,096 by the service"
NAME = "qwen-vl-ocr-2025-04-13 is not listed any more, so it is probably retired: take qwen-vl-ocr-2025-11-20"


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """The address of an account that differs from the catalogue in three things."""
    models = [
        replace(m, **CHANGES.get(m.name, {}))
        for m in load_catalogue().models_in("beijing")
        if m.name not in ("qwen-vl-ocr-2025-04-13", "qwen-vl-ocr-latest")
    ]
    with served(create_emulator(CannedAnswers(), region="beijing", models=models)) as address:
        yield address


@pytest.fixture
def environment(account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DASHSCOPE_API_KEY_BEIJING", SECRET)
    return Environment.load(region="beijing", base_url=account)


def shown(environment: Environment, **options: Any) -> str:
    console = Console(width=200, file=StringIO())
    print_live_models(environment, console, **options)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_models_live_names_all_three_and_changes_nothing(environment: Environment) -> None:
    before = environment.catalogue
    text = shown(environment)
    assert [said in text for said in (PRICE, LIMIT, NAME)] == [True] * 3
    assert "Nothing was changed" in text
    assert text.count("[[models]]") == 3
    assert Environment.load(region="beijing", base_url=environment.settings.base_url).catalogue == before
    said = {d["said"] for d in orjson.loads(shown(environment, as_json=True))["differences"]}
    assert said == {PRICE, LIMIT, NAME}
    assert SECRET not in text


def test_the_doctor_names_all_three_and_fails_for_none(environment: Environment) -> None:
    found = list(live_findings(environment))
    assert {f.found for f in found} == {PRICE, LIMIT, NAME}
    assert not any(f.good or f.needed for f in found)
    assert {f.next_step for f in found} == {"qwenocr models --live"}


def test_what_was_told_of_the_model_that_is_set_is_said_before_money_is_spent(
    environment: Environment,
) -> None:
    assert known_differences(environment) == []  # never asked
    shown(environment)
    [said] = known_differences(environment)
    assert said.startswith(PRICE)
    address = environment.settings.base_url
    other = Environment.load(region="beijing", base_url=address, model="qwen3.5-ocr")
    assert known_differences(other) == []
    elsewhere = Environment.load(region="beijing", base_url="http://127.0.0.1:9")
    assert known_differences(elsewhere) == []  # another account's prices
    pasted = [{"region": "beijing", "name": "qwen-vl-ocr-1120", "usd_per_million_output": 0.1}]
    assert known_differences(Environment.load(region="beijing", base_url=address, models=pasted)) == []


@pytest.mark.parametrize("days", [6, 8])
def test_the_sensor_asks_once_a_week(environment: Environment, days: int) -> None:
    def tick() -> Any:
        with dg.build_sensor_context(resources={"environment": environment}) as context:
            return watch_catalogue(context)

    [event] = tick().asset_events
    assert PRICE in event.metadata["differences"].value
    assert isinstance(tick(), dg.SkipReason)
    path = environment.data.live_catalogue("beijing")
    kept = orjson.loads(path.read_bytes())
    kept["asked_at"] = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    path.write_bytes(orjson.dumps(kept))
    assert isinstance(tick(), dg.SkipReason if days < 7 else dg.SensorResult)


@pytest.mark.parametrize("kept", [b"", b"{}", b'{"asked_at": "yesterday"}', b"[]"])
def test_a_kept_list_that_cannot_be_read_is_none(environment: Environment, kept: bytes) -> None:
    path = environment.data.live_catalogue("beijing")
    path.parent.mkdir(parents=True)
    path.write_bytes(kept)
    assert known_differences(environment) == []
    with dg.build_sensor_context(resources={"environment": environment}) as context:
        assert isinstance(watch_catalogue(context), dg.SensorResult)


def test_without_a_key_nothing_is_asked(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY_BEIJING")
    keyless = Environment.load(region="beijing", base_url=environment.settings.base_url)
    assert list(live_findings(keyless)) == []
    with dg.build_sensor_context(resources={"environment": keyless}) as context:
        assert isinstance(watch_catalogue(context), dg.SkipReason)
    with pytest.raises(MissingApiKey):
        shown(keyless)


def test_the_embedded_engine_has_no_list(environment: Environment) -> None:
    local = Environment.load()
    assert list(live_findings(local)) == []
    with pytest.raises(ConfigurationError, match="has no list"):
        shown(local)


def test_an_account_that_does_not_answer_is_a_finding(environment: Environment) -> None:
    [finding] = live_findings(Environment.load(region="beijing", base_url="http://127.0.0.1:9"))
    assert not finding.good
    assert not finding.needed
    assert "not known" in finding.found
