"""What Dagster's screens say of an intake: checks of its own, tags, descriptions, numbers that can be read."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from qwenocr_assets.defs.metadata import brief, markdown_table
from qwenocr_assets.defs.ocr.answers import OcrConfig
from qwenocr_assets.defs.tables.rows import _in_sql
from qwenocr_assets.warehouse.build import Change

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def checked(instance: dg.DagsterInstance, asset: str, check: str) -> dict[str | None, tuple[bool, Any]]:
    """By partition, whether the check passed, and its severity."""
    key = dg.AssetCheckKey(dg.AssetKey(asset), check)
    found = {}
    for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=9):
        if record.status == AssetCheckExecutionRecordStatus.PLANNED:
            continue
        said = record.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
        found[said.partition] = said.passed, said.severity
    return found


def test_each_intake_has_checks_of_its_own_and_what_was_left_out_warns(pipeline: Any) -> None:
    bad = pipeline.draw("letters/red.png", "one", background="red")  # in a script that the engine cannot read
    broken = pipeline.inbox / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and then nothing")
    first, _ = pipeline.run()
    bad.unlink()
    broken.unlink()
    pipeline.draw("letters/a.png", "two")
    second, _ = pipeline.run()
    for asset, check in (("documents", "every_document_accepted"), ("ocr_responses", "nothing_skipped")):
        assert checked(pipeline.instance, asset, check) == {first: (False, WARN), second: (True, WARN)}, check


def test_runs_say_what_they_read_and_what_it_cost(pipeline: Any) -> None:
    pipeline.draw("letters/a.png", "one")
    _, outcome = pipeline.run()
    tags = pipeline.instance.get_run_by_id(outcome.run_id).tags
    said = {name.removeprefix("qwenocr/"): value for name, value in tags.items() if "qwenocr/" in name}
    assert said.pop("intake").startswith("inbox 20")
    assert said.items() >= {"documents": "1", "pages": "1", "cost_usd": "0", "failed": "0"}.items()
    lines, answers = (told(pipeline.instance, name) for name in ("text_lines", "ocr_responses"))
    assert str(lines["first_document"].value).startswith("http://127.0.0.1:")
    assert "data:image/jpeg;base64," in str(lines["first_page"].value)
    assert "a.png" in str(lines["on_the_page"].value)
    assert re.match(r"from \d\d:\d[05] UTC", str(answers["in_sql"].value))


def told(instance: dg.DagsterInstance, asset: str) -> Any:
    """The metadata of the asset's last materialisation."""
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    return event.asset_materialization.metadata  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("now", "at"),
    [("08:20:00", "08:25"), ("08:24:59", "08:25"), ("23:58:00", "00:00"), ("12:00:01", "12:05")],
)
def test_rows_are_in_sql_at_the_next_fifth_minute(now: str, at: str) -> None:
    assert _in_sql(datetime.fromisoformat(f"2026-11-29 {now}+00:00")).startswith(f"from {at} UTC")


def test_assets_have_no_owner_and_changes_are_told_as_people_say_them() -> None:
    from qwenocr_assets.definitions import defs

    assert [spec.key for spec in defs.resolve_all_asset_specs() if spec.owners] == []
    assert {change.value for change in Change} == {"rebuilt", "appended", "followed", "unchanged"}


def test_the_launchpads_fields_are_described() -> None:
    assert not [name for name, field in OcrConfig.model_fields.items() if not field.description]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("0.009180133000"), "0.00918"),
        (Decimal("12345.6"), "12346"),
        (Decimal("0"), "0"),
        (Decimal("-1.5"), "-1.5"),
        (0.1 + 0.2, "0.3"),
        (Decimal("1E-12"), "0.000000000001"),
        (100, "100"),
    ],
)
def test_numbers_have_four_significant_digits(amount: Any, text: str) -> None:
    assert brief(amount) == text


def test_tables_say_yes_and_no() -> None:
    assert "| yes | no |" in str(markdown_table([{"a": True, "b": False}], ["a", "b"]).value)
