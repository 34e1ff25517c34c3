"""Bringing the warehouse up to date after a command has changed what it is made from."""

import dagster as dg

from qwenocr_assets.defs.resources import running_in
from qwenocr_assets.defs.running.instance import ensure_dagster_home
from qwenocr_assets.defs.running.launch import JobOutcome, run_publish
from qwenocr_assets.environment.environment import Environment


def publish_now(environment: Environment) -> JobOutcome:
    """Load, build and publish on the project's Dagster instance."""
    ensure_dagster_home(environment.data)
    from qwenocr_assets.definitions import defs

    with dg.DagsterInstance.get() as instance:
        return run_publish(defs, instance, running_in(environment))
