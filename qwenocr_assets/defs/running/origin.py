"""Where runs of this process come from, as Dagster's UI looks for them: the code location that it serves.

Without it a run is in the list of all runs alone, neither in the timeline nor under its job.
"""

import contextlib
import functools
import sys
from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths

from qwenocr_assets.settings import project_root

_MODULE = "qwenocr_assets.definitions"


@contextlib.contextmanager
def of_the_code_location(instance: dg.DagsterInstance, job: str) -> Iterator[None]:
    """Runs of the job that are made inside have its code location.

    `execute_in_process`, which runs a job with resources of the caller's, has no argument for it.
    """
    create = instance.create_run_for_job
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(_code_location(), SINGLETON_REPOSITORY_NAME), job)
    instance.create_run_for_job = functools.partial(  # type: ignore[method-assign]
        create, remote_job_origin=origin
    )
    try:
        yield
    finally:
        instance.create_run_for_job = create  # type: ignore[method-assign]


def _code_location() -> CodeLocationOrigin:
    """The location as the project's workspace.yaml has it, which `qwenocr ui` opens."""
    workspace = project_root() / "workspace.yaml"
    if workspace.exists():
        for origin in location_origins_from_yaml_paths([str(workspace)]):
            if (
                isinstance(origin, ManagedGrpcPythonEnvCodeLocationOrigin)
                and origin.loadable_target_origin.module_name == _MODULE
            ):
                return origin
    return ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, module_name=_MODULE), location_name=_MODULE
    )
