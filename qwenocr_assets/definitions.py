"""The one Definitions object: everything that `defs/` declares, and what is made as the settings say."""

import warnings

import dagster as dg

from qwenocr_assets.defs.intake.inbox import inbox_sensor
from qwenocr_assets.defs.ocr.redrive import redrive_failed
from qwenocr_assets.defs.overlay import laid_over
from qwenocr_assets.defs.resources import resources
from qwenocr_assets.defs.tables.scores import build_scores
from qwenocr_assets.defs.warehouse.sql_models import build_sql_models
from qwenocr_assets.environment.environment import Environment

_ONLY_ERRORS = dg.colored_console_logger.configured(
    lambda config: config,
    config_schema={"log_level": dg.Field(str, default_value="ERROR")},
)
"""Runs of the daemon write to the terminal of `qwenocr ui`; all that they say is in the UI."""


def build_definitions() -> dg.Definitions:
    """Every asset, check, job, sensor and schedule, with the resources."""
    environment = Environment.load()
    where_free = (
        dg.DefaultSensorStatus.RUNNING if environment.region.is_local else dg.DefaultSensorStatus.STOPPED
    )
    with warnings.catch_warnings():  # loading whole packages is a preview, code references are in beta
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        declared = dg.load_definitions_from_package_name("qwenocr_assets.defs")
        made = [
            build_scores(environment.settings.scoring),
            *build_sql_models(environment.models_folder, environment.result_schemas),
        ]
        return dg.Definitions(
            assets=dg.with_source_code_references([*(declared.assets or ()), *made]),
            jobs=declared.jobs,
            sensors=[*(declared.sensors or ()), inbox_sensor(where_free), redrive_failed(where_free)],
            schedules=declared.schedules,
            resources=resources(),
            loggers={"console": _ONLY_ERRORS},
            # a launcher whose workers are daemons (Celery's) may have no children, and working files are one machine's
            executor=dg.in_process_executor,
        ).map_asset_specs(func=laid_over)


defs = build_definitions()
