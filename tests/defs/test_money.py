"""Money in Dagster: a batch at the emulated service under a cap, its ledger, its checks, and how it goes on."""

from decimal import Decimal
from typing import Any

import dagster as dg
import httpx
import pytest

from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.defs.metadata import brief
from qwenocr_assets.defs.money import cost_ledger as checks
from qwenocr_assets.defs.money.sensors import budget_alerts, post_alerts, resume
from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    Emulator,
    EmulatorTransport,
    create_emulator,
    in_order,
    no_faults,
)
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.schemas import COST_LEDGER, OCR_REQUESTS, OCR_RESPONSES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.table_files import read_table
from tests.defs.conftest import CountingReader, Pipeline

EVERYTHING = {"advanced_recognition", "key_information_extraction", "table_parsing"}


class CloudPipeline(Pipeline):
    """The same pipeline, in Singapore, where an emulated account answers."""

    emulator: Emulator

    @property
    def environment(self) -> Environment:
        self.settings = load_settings(stream="never")
        return Environment(self.settings, lambda _: EmulatorTransport(self.emulator))

    def table(self, schema: Any, batch_id: str) -> list[dict[str, Any]]:
        return read_table(self.settings.data_folder, schema, batch_id)

    def check(self, name: str) -> bool | None:
        """The latest result of a check on cost_ledger."""
        key = dg.AssetCheckKey(dg.AssetKey(COST_LEDGER.name), name)
        [record] = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        evaluation = record.event.dagster_event.event_specific_data  # type: ignore[union-attr]
        return evaluation.passed  # type: ignore[union-attr,return-value]

    def plotted(self) -> dict[str, Any]:
        event = self.instance.get_latest_materialization_event(dg.AssetKey(COST_LEDGER.name))
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@pytest.fixture
def cloud(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> CloudPipeline:
    monkeypatch.setenv("QWENOCR_REGION", "singapore")
    monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", "sk-test")
    monkeypatch.setenv("QWENOCR_DATA", str(pipeline.inbox.parent / "data"))
    cloud = CloudPipeline(pipeline.inbox, load_settings(), pipeline.instance, pipeline.definitions)
    cloud.emulator = create_emulator(create_app(CountingReader()), faults=no_faults)
    return cloud


def test_a_paid_batch_is_in_the_ledger_to_the_last_pico_dollar(cloud: CloudPipeline) -> None:
    cloud.draw("invoices/a.png", "a")
    batch_id, outcome = cloud.run()
    assert outcome.error is None
    rows = cloud.table(COST_LEDGER, batch_id)
    assert {row["task"] for row in rows} == EVERYTHING
    assert {row["state"] for row in rows} == {"settled"}
    assert sum(row["cost_usd"] for row in rows) == cloud.emulator.bill.total.usd
    assert {row["page_id"] for row in rows} == {r["page_id"] for r in cloud.table(OCR_REQUESTS, batch_id)}
    responses = cloud.table(OCR_RESPONSES, batch_id)
    assert sum(r["cost_usd"] for r in responses) == cloud.emulator.bill.total.usd
    plotted = cloud.plotted()
    assert plotted["settled_usd"] == pytest.approx(float(cloud.emulator.bill.total.usd))
    assert plotted["remaining_day_usd"] == pytest.approx(10 - plotted["settled_usd"])
    assert plotted["saved_by_cache_usd"] == 0
    assert abs(plotted["input_drift"]) < 0.01
    for name in (checks.FUNDED, checks.AS_QUOTED):
        assert cloud.check(name) is True


def test_what_the_budget_refused_goes_on_when_the_cap_is_raised(
    cloud: CloudPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        cloud.draw(f"invoices/{name}.png", name)
    monkeypatch.setenv("QWENOCR_BUDGET__USD_PER_DAY", "0.00145")
    batch_id, outcome = cloud.run()
    assert outcome.error is None
    statuses = [r["status"] for r in cloud.table(OCR_RESPONSES, batch_id)]
    assert set(statuses) == {"ok", "unfunded"}
    assert cloud.emulator.bill.total.usd <= Decimal("0.00145")
    assert cloud.check(checks.FUNDED) is False
    assert resumed() == []

    monkeypatch.setenv("QWENOCR_BUDGET__USD_PER_DAY", "5")
    [request] = resumed()
    assert request.partition_key == batch_id
    asked = cloud.emulator.bill.total.calls
    assert cloud.run()[1].error is None
    assert {r["status"] for r in cloud.table(OCR_RESPONSES, batch_id)} == {"ok"}
    assert cloud.emulator.bill.total.calls == len(statuses)
    assert asked == statuses.count("ok")
    assert cloud.check(checks.FUNDED) is True
    assert resumed() == []


def resumed() -> list[dg.RunRequest]:
    result = resume(Environment.load())
    return list(result.run_requests or []) if isinstance(result, dg.SensorResult) else []


def test_a_lost_answer_is_uncertain(cloud: CloudPipeline) -> None:
    cloud.emulator = create_emulator(
        create_app(CountingReader()), faults=in_order([NAMED_FAULTS["lost"]]), keep_log=True
    )
    cloud.draw("letters/a.png", "a")
    batch_id, outcome = cloud.run()
    assert outcome.error is None
    rows = cloud.table(COST_LEDGER, batch_id)
    assert sorted(row["state"] for row in rows) == ["settled", "settled", "uncertain"]
    [lost] = [row for row in rows if row["state"] == "uncertain"]
    assert lost["cost_usd"] == lost["reserved_usd"] > 0
    assert cloud.check(checks.AS_QUOTED) is False


def test_failures_are_listed_by_class_with_their_money(cloud: CloudPipeline) -> None:
    script = in_order([NAMED_FAULTS["inspection_failed"], *[NAMED_FAULTS["lost"]] * 4])
    cloud.emulator = create_emulator(create_app(CountingReader()), faults=script)
    cloud.draw("letters/a.png", "a")
    batch_id, outcome = cloud.run()
    assert outcome.error is None
    lost = sum(row["cost_usd"] for row in cloud.table(COST_LEDGER, batch_id) if row["state"] == "uncertain")
    shown = cloud.plotted()["failures_by_class"]
    assert "| rejected | PageRefused | 1 | 1 | 0 |" in shown
    assert f"| failed | Retryable | 1 | 4 | {brief(lost)} |" in shown


def test_the_next_batch_saves_what_was_answered(cloud: CloudPipeline) -> None:
    cloud.draw("letters/a.png", "a")
    cloud.run()
    billed = cloud.emulator.bill.total.usd
    cloud.draw("letters/b.png", "b")
    cloud.run()
    assert cloud.plotted()["saved_by_cache_usd"] == pytest.approx(float(billed))


def test_a_passed_threshold_is_told(cloud: CloudPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.draw("invoices/a.png", "a")
    cloud.run()
    monkeypatch.setenv("QWENOCR_BUDGET__USD_PER_DAY", str(cloud.emulator.bill.total.usd))
    told = []
    for _ in range(2):
        with dg.build_sensor_context(resources={"environment": cloud.environment}) as context:
            events = budget_alerts.evaluate_tick(context).asset_events
        told.append([e.description for e in events if isinstance(e, dg.AssetObservation)])
    assert [len(t) for t in told] == [1, 0]
    assert "100% of the budget for today" in (told[0][0] or "")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(200, None, id="taken"),
        pytest.param(404, "alert_webhook answered 404.", id="no such address"),
    ],
)
def test_alerts_are_posted(monkeypatch: pytest.MonkeyPatch, answer: int, says: str | None) -> None:
    posted: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        posted.append(request)
        return httpx.Response(answer)

    with httpx.Client(transport=httpx.MockTransport(server)) as client:
        monkeypatch.setattr(httpx, "post", client.post)
        assert post_alerts("https://hooks.example/s3cret", []) == says
    assert posted[0].read() == b'{"text":""}'


def test_an_address_that_cannot_be_reached_is_not_shown() -> None:
    says = post_alerts("http://127.0.0.1:1/s3cret", [])
    assert says is not None
    assert "s3cret" not in says


def test_the_embedded_engine_needs_no_ledger(pipeline: Pipeline) -> None:
    pipeline.draw("letters/a.png", "a")
    _, outcome = pipeline.run()
    assert outcome.error is None
    with Ledger.open(pipeline.settings.ledger_url) as ledger:
        assert ledger.entries() == []
    assert isinstance(resume(pipeline.environment), dg.SkipReason)


def test_the_ledger_is_the_settings_own(cloud: CloudPipeline) -> None:
    cloud.draw("letters/a.png", "a")
    batch_id, _ = cloud.run()
    with Ledger.open(cloud.settings.ledger_url) as ledger:
        assert len(ledger.entries(batch_id=batch_id)) == 2
