"""The resources: one environment, and what a run needs of it: the regional client, the budget, how progress shows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import QuietProgress
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.state.run_beats import living

_NEEDS_ENVIRONMENT = {"environment"}


def resources() -> dict[str, dg.ResourceDefinition]:
    """The resources by the names that assets and sensors ask for.

    The settings are read when a run or a tick begins: a raised cap counts from the next one. They hold secrets, so
    they are no configuration that Dagster stores and shows.
    """
    return {
        "environment": dg.ResourceDefinition(
            _while_living(Environment.load),
            description="Settings, routes, catalogue, data folder and database, as pipeline.toml, .env and the "
            "environment say when a run begins.",
        ),
        "qwen_ocr": dg.ResourceDefinition(
            lambda init: QwenOcr(init.resources.environment),
            required_resource_keys=_NEEDS_ENVIRONMENT,
            description="The regional client of Qwen-OCR; keys are read when it opens, and kept nowhere.",
        ),
        "cost_budget": dg.ResourceDefinition(
            lambda init: CostBudget(init.resources.environment),
            required_resource_keys=_NEEDS_ENVIRONMENT,
            description="The caps on what may be spent, and the ledger of what was.",
        ),
        "progress": dg.ResourceDefinition.hardcoded_resource(
            QuietProgress(), description="Bars in the terminal; a run under the daemon shows none."
        ),
    }


def _while_living(load: Callable[[], Environment]) -> Callable[[dg.InitResourceContext], Any]:
    """The environment of a run, which gives signs of life as long as it has it; a sensor's tick gives none."""

    @contextmanager
    def environment(init: dg.InitResourceContext) -> Iterator[Environment]:
        loaded = load()
        if init.run is None:
            yield loaded
            return
        with living(loaded.database_url, init.run.run_id):
            yield loaded

    return environment


def running_in(environment: Environment, **others: Any) -> Mapping[str, Any]:
    """What a run is given instead of the resources' own, to run in this environment."""
    return {
        "environment": dg.ResourceDefinition(_while_living(lambda: environment)),
        "qwen_ocr": QwenOcr(environment),
        "cost_budget": CostBudget(environment),
        **others,
    }
