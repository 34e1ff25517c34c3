"""Runs of the command line in Dagster's UI: in the timeline, under their job."""

from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_graphql.cli import execute_query

LOCATION = "qwenocr_assets.definitions"

RUNS = """
query ($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results {
  jobName repositoryOrigin { repositoryName repositoryLocationName } tags { key value }
} } } }
"""


def runs(instance: dg.DagsterInstance, **having: Any) -> list[dict[str, Any]]:
    """What the UI is told of the instance's runs."""
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context:
        answer = execute_query(context, RUNS, {"filter": having})
    found: list[dict[str, Any]] = answer["data"]["runsOrError"]["results"]
    return found


def test_runs_of_the_command_line_are_those_of_the_code_location(pipeline: Any, tmp_path: Path) -> None:
    pipeline.draw("letters/a.png", "one")
    label = {"key": ".dagster/repository", "value": f"__repository__@{LOCATION}"}  # as the timeline asks
    with dg.DagsterInstance.local_temp(str(tmp_path)) as pipeline.instance:
        pipeline.run()
        [run] = runs(pipeline.instance, tags=[label], pipelineName="ocr_batch")
    assert run["repositoryOrigin"]["repositoryLocationName"] == LOCATION
