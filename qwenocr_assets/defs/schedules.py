"""The daily schedule: the warehouse is brought up to date even when no automation runs."""

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
