"""When the warehouse is brought up to date: a while after new batches, and every night."""

import dagster as dg

from qwenocr_assets.defs.jobs import publish_warehouse

daily_publish = dg.ScheduleDefinition(
    name="daily_publish",
    job=publish_warehouse,
    cron_schedule="15 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Load, build and publish the warehouse every night at 02:15 UTC.",
)

warehouse_automation = dg.AutomationConditionSensorDefinition(
    "warehouse_automation",
    target=dg.AssetSelection.groups("warehouse", "staging", "marts", "publish"),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Brings the warehouse up to date a while after new intakes: once per burst, not once per intake.",
)
