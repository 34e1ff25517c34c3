"""Pages that fail again and again, and services that are down for a while."""

from typing import Any

import dagster as dg
import pytest

from qwenocr_assets.defs.jobs import BATCH_JOB
from qwenocr_assets.defs.ocr import answers
from qwenocr_assets.emulator import NAMED_FAULTS, Call
from qwenocr_assets.qwenocr.limits.limiter import Limiter
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.table_files import read_table

BROKEN = NAMED_FAULTS["internal_error"]


def _responses(pipeline: Any, batch_id: str) -> list[dict[str, Any]]:
    return read_table(pipeline.settings.data_folder, OCR_RESPONSES, batch_id)


def test_a_page_that_fails_every_time_is_given_up(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("QWENOCR_MAX_ATTEMPTS_IN_ALL", "2")
    pipeline.settings = load_settings()
    calls: list[Call] = []

    def always(call: Call) -> Any:
        calls.append(call)
        return BROKEN

    pipeline.faults = always
    pipeline.draw("letters/毒.png", "poison")
    counted = []
    for _ in range(4):
        batch_id, outcome = pipeline.run()
        assert outcome.success
        counted.append(len(calls))
    assert counted == [2, 4, 4, 4]  # two tasks, each asked in two runs
    rows = _responses(pipeline, batch_id)
    assert {r["attempts_in_all"] for r in rows} == {2}
    assert all("Given up after 2 calls: only `qwenocr retry` asks again." in r["reason"] for r in rows)

    one = rows[0]["request_key"]
    pipeline.run(only=[one])
    assert len(calls) == 5
    pipeline.faults = lambda _: None
    pipeline.run(only=[one])
    [mended] = [r for r in _responses(pipeline, batch_id) if r["request_key"] == one]
    assert (mended["status"], mended["attempts_in_all"]) == ("ok", 4)


@pytest.mark.slow  # a service is not taken to be down before it has been tried once more, two seconds later
@pytest.mark.parametrize(
    ("outage_retries", "success"), [(1, True), (0, False)], ids=["waits it out", "a person decides"]
)
def test_a_step_waits_out_an_outage(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch, outage_retries: int, success: bool
) -> None:
    monkeypatch.setattr(answers, "_OUTAGE_SECONDS", 0.1)
    monkeypatch.setitem(Limiter.__init__.__kwdefaults__, "patience_seconds", 0.0)
    monkeypatch.setitem(Limiter.__init__.__kwdefaults__, "failures", 2)
    down = iter([BROKEN] * 3)  # two that open the breaker, and the probe
    pipeline.faults = lambda _: next(down, None)
    pipeline.draw("letters/a.png", "a")
    batch_id = pipeline.register()
    result = pipeline.definitions.resolve_job_def(BATCH_JOB).execute_in_process(
        run_config={"ops": {"ocr_answers": {"config": {"outage_retries": outage_retries}}}},
        instance=pipeline.instance,
        partition_key=batch_id,
        raise_on_error=False,
        resources=pipeline.resources,
    )
    assert result.success is success
    retried = [e for e in result.all_events if e.event_type is dg.DagsterEventType.STEP_UP_FOR_RETRY]
    assert len(retried) == outage_retries
    if success:
        assert [r["status"] for r in _responses(pipeline, batch_id)] == ["ok", "ok"]


def test_a_refused_key_stops_the_run_at_once(pipeline: Any) -> None:
    calls: list[Call] = []

    def refused(call: Call) -> Any:
        calls.append(call)
        return NAMED_FAULTS["invalid_key"]

    pipeline.faults = refused
    for name in "abcdefghij":
        pipeline.draw(f"letters/{name}.png", name)
    batch_id, outcome = pipeline.run()
    assert "The service refuses every call" in str(outcome.error)
    assert len(calls) <= 8  # those in flight when the first was refused, of twenty

    pipeline.faults = lambda _: None
    assert pipeline.run()[1].success
    assert {r["status"] for r in _responses(pipeline, batch_id)} == {"ok"}
