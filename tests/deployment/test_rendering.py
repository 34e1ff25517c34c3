"""What `qwenocr deploy render` writes is what Dagster, systemd and Kubernetes take, and holds no secret."""

import importlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type

from qwenocr_assets.deployment.rendering import render
from qwenocr_assets.deployment.target import Target
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.settings import Settings, load_settings

TEMPLATE = Path(__file__).parents[2] / "deploy" / "dagster.yaml"
SECRET = "hunter2"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DASHSCOPE_API_KEY", f"sk-{SECRET}")
    monkeypatch.setenv("QWENOCR_DAGSTER_DATABASE", f"postgresql://u:{SECRET}@h/dagster")
    monkeypatch.setenv("QWENOCR_BROKER", f"redis://:{SECRET}@h/0")
    return load_settings(
        profile="cluster", data="s3://bucket/qwenocr", ledger=f"postgresql://u:{SECRET}@h/ledger"
    )


@pytest.mark.parametrize("target", Target)
def test_no_file_holds_a_secret(target: Target, settings: Settings) -> None:
    files = render(target, settings, TEMPLATE)
    assert {"dagster.yaml", "workspace.yaml"} < files.keys()
    assert SECRET not in "".join(files.values())


@pytest.mark.parametrize("target", Target)
def test_dagster_takes_its_files(target: Target, settings: Settings) -> None:
    instance = yaml.safe_load(render(target, settings, TEMPLATE)["dagster.yaml"])
    from dagster._core.instance.config import dagster_instance_config_schema

    taken = process_config(resolve_to_config_type(dagster_instance_config_schema()), instance)
    assert taken.success, taken.errors
    assert instance["concurrency"]["runs"]["max_concurrent_runs"] == settings.deploy.workers
    assert instance["run_monitoring"]["free_slots_after_run_end_seconds"]
    launcher = instance.get("run_launcher")
    if launcher is not None:
        kind = getattr(importlib.import_module(launcher["module"]), launcher["class"])
        taken = process_config(resolve_to_config_type(kind.config_type()), launcher["config"])
        assert taken.success, taken.errors


def test_a_celery_worker_takes_its_file(settings: Settings, tmp_path: Path) -> None:
    from dagster_celery.cli import get_validated_config

    file = tmp_path / "celery.yaml"
    file.write_text(render(Target.CELERY, settings, TEMPLATE)["celery.yaml"], encoding="utf-8")
    assert get_validated_config(str(file))["broker"] == f"redis://:{SECRET}@h/0"


def kubernetes_objects(settings: Settings) -> list[dict[str, Any]]:
    text = render(Target.K8S, settings, TEMPLATE)["kubernetes.yaml"]
    return list(yaml.safe_load_all(text))


@pytest.mark.parametrize("version", ["1.31", "1.35"])
def test_kubernetes_objects_are_valid_to_the_letter(settings: Settings, version: str) -> None:
    documents = kubernetes_objects(settings)
    kinds = [document["kind"] for document in documents]
    assert kinds.count("Deployment") == 3
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)
        document["spec" if "spec" in document else "metadata"]["speling"] = 1
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(document, version, strict=True)


def test_the_job_of_a_run_is_valid_and_may_await_its_answers(settings: Settings) -> None:
    """As dagster-k8s makes it of the launcher's configuration."""
    from dagster_k8s.job import (
        DagsterK8sJobConfig,
        UserDefinedDagsterK8sConfig,
        construct_dagster_k8s_job,
    )
    from kubernetes.client import ApiClient

    config = yaml.safe_load(render(Target.K8S, settings, TEMPLATE)["dagster.yaml"])["run_launcher"]["config"]
    user = UserDefinedDagsterK8sConfig.from_dict(config["run_k8s_config"])
    job = construct_dagster_k8s_job(
        DagsterK8sJobConfig(
            job_image=config["job_image"],
            dagster_home=config["dagster_home"],
            instance_config_map=config["instance_config_map"],
            env_secrets=config["env_secrets"],
            service_account_name=config["service_account_name"],
        ),
        args=["dagster", "api", "execute_run", "x"],
        job_name="dagster-run-x",
        user_defined_k8s_config=user,
    )
    document = ApiClient().sanitize_for_serialization(job)
    kubernetes_validate.validate(document, "1.31", strict=True)
    pod = document["spec"]["template"]["spec"]
    assert document["spec"]["backoffLimit"] == 0
    assert pod["terminationGracePeriodSeconds"] > settings.drain_seconds
    assert pod["containers"][0]["envFrom"] == [{"secretRef": {"name": "qwenocr"}}]
    assert pod["containers"][0]["resources"]["requests"] == {"cpu": "2", "memory": "4096Mi"}


@pytest.mark.parametrize("target", [Target.SERVER, Target.CELERY])
def test_units_are_what_systemd_takes(target: Target, settings: Settings, tmp_path: Path) -> None:
    files = {n: t for n, t in render(target, settings, TEMPLATE).items() if n.endswith(".service")}
    assert len(files) == (4 if target is Target.CELERY else 3)
    for name, text in files.items():
        assert f"TimeoutStopSec={settings.deploy.grace_seconds}" in text
        assert "EnvironmentFile=/etc/qwenocr/environment" in text
        # programs and users of the server are not here: the rest of the unit is looked at
        (tmp_path / name).write_text(text.replace("ExecStart=", "ExecStart=/bin/echo "), encoding="utf-8")
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for name in files:
        unit = tmp_path / name.replace("@", "@1")
        (tmp_path / name).rename(unit)
        done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_whoever_kills_a_run_before_it_has_its_answers_is_refused(settings: Settings) -> None:
    hasty = settings.model_copy(update={"drain_seconds": 90.0})
    with pytest.raises(ConfigurationError, match="grace_seconds"):
        render(Target.K8S, hasty, TEMPLATE)
