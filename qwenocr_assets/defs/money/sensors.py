"""Sensors around money: one resumes what the budget stopped, one tells when a threshold of a cap is passed."""

from collections.abc import Sequence

import dagster as dg
import httpx

from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.spending import Alert, new_alerts
from qwenocr_assets.cost.unfunded import may_resume, unfunded_batches
from qwenocr_assets.defs.jobs import ocr_batch
from qwenocr_assets.defs.metadata import usd
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.outgoing import markdown, visible
from qwenocr_assets.schemas import COST_LEDGER

_MOST_RUNS_A_TICK = 10
"""Submitting a run takes the daemon about 0.1 s, and a tick may take 60 s."""

_FREE = dg.SkipReason("The embedded engine is free.")
_WEBHOOK_SECONDS = 10.0


@dg.sensor(
    job=ocr_batch,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Runs intakes again that the budget stopped, when their cap was raised or its period has turned.",
)
def resume_unfunded(environment: dg.ResourceParam[Environment]) -> dg.SensorResult | dg.SkipReason:
    return resume(environment)


def resume(environment: Environment) -> dg.SensorResult | dg.SkipReason:
    """A batch runs again when every cap that refused it has room; what is answered is not asked again."""
    if environment.region.is_local:
        return _FREE
    with Ledger.open(environment.database_url) as ledger:
        waiting = unfunded_batches(ledger)
        due = {
            batch: refusals
            for batch, refusals in waiting.items()
            if may_resume(ledger, refusals, environment.caps)
        }
    if not due:
        return dg.SkipReason(f"{len(waiting)} intakes wait for money." if waiting else "Nothing is unfunded.")
    return dg.SensorResult(
        run_requests=[
            # a batch that is refused again gets a new key: one run for each time there is money
            dg.RunRequest(
                run_key=f"{batch}-{refusals[-1].refused_at}",
                partition_key=batch.partition("/")[0],  # what waits in batch mode has a suffix
            )
            for batch, refusals in list(due.items())[:_MOST_RUNS_A_TICK]
        ]
    )


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells once when a share of a day's, a month's or a route's cap is spent (alert_at).",
)
def budget_alerts(
    context: dg.SensorEvaluationContext, environment: dg.ResourceParam[Environment]
) -> dg.SensorResult | dg.SkipReason:
    """New alerts go to the log, to the events of `cost_ledger`, and to the webhook if there is one."""
    if environment.region.is_local:
        return _FREE
    budget = environment.settings.budget
    with Ledger.open(environment.database_url) as ledger:
        ledger.expire()
        alerts = new_alerts(ledger, environment.caps, budget.alert_at)
    if not alerts:
        return dg.SkipReason("No new threshold is passed.")
    for alert in alerts:
        context.log.warning(visible(str(alert)))
    if budget.alert_webhook is not None:
        failed = post_alerts(budget.alert_webhook.get_secret_value(), alerts)
        if failed:
            context.log.error(visible(failed))
    return dg.SensorResult(asset_events=[_event(alert) for alert in alerts])


def post_alerts(webhook: str, alerts: Sequence[object]) -> str | None:
    """Post alerts as `{"text": …}`; what went wrong, without the address, which is a secret."""
    try:
        text = "\n".join(map(str, alerts))
        response = httpx.post(webhook, json={"text": text}, timeout=_WEBHOOK_SECONDS)
    except httpx.HTTPError as error:
        return f"The alert could not be posted to alert_webhook ({type(error).__name__})."
    if response.is_error:
        return f"alert_webhook answered {response.status_code}."
    return None


def _event(alert: Alert) -> dg.AssetObservation:
    period = alert.period
    return dg.AssetObservation(
        asset_key=COST_LEDGER.name,
        description=markdown(str(alert)),
        metadata={
            "period": period.name,
            "threshold": float(alert.threshold),
            "spent_usd": usd(period.spent_usd),
            "cap_usd": usd(period.cap_usd or period.spent_usd),
        },
    )
