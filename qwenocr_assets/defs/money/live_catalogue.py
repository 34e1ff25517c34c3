"""A sensor that asks the service once a week for its own list of models, and tells what differs from the catalogue."""

import dagster as dg

from qwenocr_assets.defs.metadata import code_block, markdown_list
from qwenocr_assets.defs.money.sensors import post_alerts
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.outgoing import visible
from qwenocr_assets.schemas import OCR_REQUESTS
from qwenocr_assets.steps.live_catalogue import ask_the_service, days_since_asked

_DAYS = 7


@dg.sensor(
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks the service once a week for its prices and limits, where a key is set, and tells what differs.",
)
def watch_catalogue(
    context: dg.SensorEvaluationContext, environment: dg.ResourceParam[Environment]
) -> dg.SensorResult | dg.SkipReason:
    """What differs goes to the log, to the events of `ocr_requests`, and to the webhook if there is one."""
    if environment.region.is_local:
        return dg.SkipReason("The embedded engine has no list of models.")
    days = days_since_asked(environment)
    if days is not None and days < _DAYS:
        return dg.SkipReason(visible(f"The service was asked {days:.1f} days ago."))
    try:
        compared = ask_the_service(environment)
    except QwenocrError as error:  # no key, or the service does not answer: tried again within the hour
        return dg.SkipReason(visible(str(error)))
    said = [difference.said for difference in compared.differences]
    if not said:
        return dg.SkipReason("All models are as the catalogue has them.")
    for text in said:
        context.log.warning(visible(text))
    webhook = environment.settings.budget.alert_webhook
    if webhook is not None and (failed := post_alerts(webhook.get_secret_value(), said)):
        context.log.error(visible(failed))
    return dg.SensorResult(
        asset_events=[
            dg.AssetObservation(
                asset_key=OCR_REQUESTS.name,
                description="The service's prices, limits or models differ from the catalogue's.",
                metadata={
                    "differences": markdown_list(said),
                    "entries": code_block("\n\n".join(compared.entries), "toml"),
                },
            )
        ]
    )
