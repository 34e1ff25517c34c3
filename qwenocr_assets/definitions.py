"""The one Definitions object, assembled from `defs/`."""

import dagster as dg

from qwenocr_assets.defs.archive import archive, monthly_archive
from qwenocr_assets.defs.batch_api import batch_jobs, watch_batches
from qwenocr_assets.defs.budget_sensors import budget_alerts, resume_unfunded
from qwenocr_assets.defs.cost_ledger import cost_ledger
from qwenocr_assets.defs.documents import documents
from qwenocr_assets.defs.jobs import collect_batch, ocr_batch, publish_warehouse, redrive_batch
from qwenocr_assets.defs.ocr import ocr_answers, ocr_requests
from qwenocr_assets.defs.pages import pages
from qwenocr_assets.defs.redrive import redrive_failed
from qwenocr_assets.defs.resources import resources_for
from qwenocr_assets.defs.reviews import corrections, reviews_sensor
from qwenocr_assets.defs.rows import rows
from qwenocr_assets.defs.schedules import daily_publish
from qwenocr_assets.defs.scores import build_scores
from qwenocr_assets.defs.sensors import inbox_sensor, warehouse_automation
from qwenocr_assets.defs.sql_models import build_sql_models
from qwenocr_assets.defs.upkeep import nightly_upkeep, upkeep
from qwenocr_assets.defs.validation import validation
from qwenocr_assets.defs.warehouse import warehouse
from qwenocr_assets.settings import load_settings, project_root
from qwenocr_assets.warehouse.wide_views import project_schemas


def build_definitions() -> dg.Definitions:
    """Every asset, check, job, sensor and schedule, with the resources that the settings say."""
    settings = load_settings()
    return dg.Definitions(
        assets=[
            documents,
            pages,
            ocr_requests,
            batch_jobs,
            ocr_answers,
            rows,
            validation,
            build_scores(settings.scoring),
            cost_ledger,
            corrections,
            warehouse,
            *build_sql_models(project_root() / "dbt_like_sql", project_schemas()),
        ],
        jobs=[ocr_batch, collect_batch, redrive_batch, publish_warehouse, upkeep, archive],
        sensors=[
            inbox_sensor(settings),
            reviews_sensor,
            warehouse_automation,
            redrive_failed(settings),
            resume_unfunded,
            budget_alerts,
            watch_batches,
        ],
        schedules=[daily_publish, nightly_upkeep, monthly_archive],
        resources=resources_for(settings),
    )


defs = build_definitions()
