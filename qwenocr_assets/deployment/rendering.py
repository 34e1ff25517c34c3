"""All files of a target, by their names: what `qwenocr deploy render` writes."""

from pathlib import Path
from typing import Any

import yaml

from qwenocr_assets.deployment.compose import CODE_HOST, compose_yaml
from qwenocr_assets.deployment.dagster_files import celery_yaml, dagster_yaml, workspace_yaml
from qwenocr_assets.deployment.kubernetes import objects
from qwenocr_assets.deployment.target import Target
from qwenocr_assets.deployment.units import units
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.settings import Settings

_LOOPBACK = "127.0.0.1"


def render(target: Target, settings: Settings, template: Path) -> dict[str, str]:
    """The files' texts by their names. No file holds a key or a password.

    `template` is the project's `deploy/dagster.yaml`.

    Raises:
        ConfigurationError: whoever ends a part would kill it before it has awaited its answers.
    """
    deploy = settings.deploy
    if deploy.grace_seconds <= settings.drain_seconds:
        raise ConfigurationError(
            f"grace_seconds = {deploy.grace_seconds} is no longer than drain_seconds = {settings.drain_seconds:g}: "
            "a run would be killed while it awaits paid answers.",
            "Set grace_seconds of [deploy] to half a minute more than drain_seconds.",
        )
    hosts = {Target.K8S: f"{deploy.name}-code", Target.COMPOSE: CODE_HOST}
    files = {
        "dagster.yaml": _yaml(dagster_yaml(template, settings, target)),
        "workspace.yaml": _yaml(workspace_yaml(hosts.get(target, _LOOPBACK))),
    }
    match target:
        case Target.SERVER:
            return files | units(deploy, target)
        case Target.COMPOSE:
            return files | {"compose.yaml": _yaml(compose_yaml(deploy))}
        case Target.CELERY:
            return files | {"celery.yaml": _yaml(celery_yaml())} | units(deploy, target)
        case Target.K8S:
            documents = objects(deploy, files)
            return files | {"kubernetes.yaml": yaml.safe_dump_all(documents, sort_keys=False)}


def _yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False)
