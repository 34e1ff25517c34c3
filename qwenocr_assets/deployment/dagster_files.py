"""Dagster's own files: its instance and its workspace, from the project's template and the settings.

Addresses with passwords are named by the variables that hold them, and stand in no file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from qwenocr_assets.deployment.target import Target
from qwenocr_assets.settings import DeploySettings, Settings

DAGSTER_DATABASE = "QWENOCR_DAGSTER_DATABASE"
"""The variable with the URL of Dagster's own database: runs, events, schedules."""
BROKER = "QWENOCR_BROKER"
"""The variable with the URL of Celery's broker."""
LOCATION = "qwenocr"
CODE_PORT = 4000
WEB_PORT = 3000
HOME = "/opt/dagster"
"""DAGSTER_HOME in containers."""
QUEUE = "dagster"


def dagster_yaml(template: Path, settings: Settings, target: Target) -> dict[str, Any]:
    """The instance: the template with Postgres as its storage, the target's launcher and the limit of runs."""
    instance: dict[str, Any] = yaml.safe_load(template.read_text(encoding="utf-8"))
    instance["storage"] = {"postgres": {"postgres_url": {"env": DAGSTER_DATABASE}}}
    instance["concurrency"]["runs"]["max_concurrent_runs"] = settings.runs_at_once
    # who is asked to end may wait for answers that long
    instance["run_monitoring"]["cancel_timeout_seconds"] = settings.deploy.grace_seconds + 90
    match target:
        case Target.CELERY:
            broker = {"broker": {"env": BROKER}, "backend": {"env": BROKER}, "default_queue": QUEUE}
            instance["run_launcher"] = _launcher("dagster_celery.launcher", "CeleryRunLauncher", broker)
        case Target.K8S:
            instance["run_launcher"] = _launcher("dagster_k8s", "K8sRunLauncher", _k8s(settings.deploy))
    return instance


def workspace_yaml(host: str, port: int = CODE_PORT) -> dict[str, Any]:
    """The workspace: one code location, served on this host and port."""
    server = {"host": host, "port": port, "location_name": LOCATION}
    return {"load_from": [{"grpc_server": server}]}


def celery_yaml() -> dict[str, Any]:
    """What `dagster-celery worker start -y` reads."""
    # a worker would reserve a second run beside the one it runs, which waits then although others are idle
    source = {"worker_disable_prefetch": True}
    config = {"broker": {"env": BROKER}, "backend": {"env": BROKER}, "config_source": source}
    return {"execution": {"config": config}}


def _launcher(module: str, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {"module": module, "class": name, "config": dict(config)}


def _k8s(deploy: DeploySettings) -> dict[str, Any]:
    """One job and one pod a run. A pod that dies is not started anew: `redrive_failed` goes on with its batch."""
    return {
        "job_image": deploy.image,
        "job_namespace": deploy.name,
        "service_account_name": deploy.name,
        "instance_config_map": f"{deploy.name}-dagster",
        "dagster_home": HOME,
        "env_secrets": [deploy.name],
        "run_k8s_config": {
            "container_config": {
                "resources": resources(deploy),
                "volume_mounts": [{"name": "scratch", "mount_path": "/tmp"}],  # noqa: S108  a volume of the pod's own
            },
            "pod_spec_config": {
                "termination_grace_period_seconds": deploy.grace_seconds,
                "volumes": [{"name": "scratch", "empty_dir": {"size_limit": f"{deploy.scratch_mb}Mi"}}],
            },
            "job_spec_config": {"backoff_limit": 0, "ttl_seconds_after_finished": 3600},
        },
    }


def resources(deploy: DeploySettings) -> dict[str, dict[str, str]]:
    """What a run's container asks for and may use; no limit of processors, which would only make it stand still."""
    memory = f"{deploy.memory_mb}Mi"
    return {"requests": {"cpu": f"{deploy.cpus:g}", "memory": memory}, "limits": {"memory": memory}}
