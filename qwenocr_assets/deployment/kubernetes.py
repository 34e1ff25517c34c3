"""Kubernetes objects: the long-lived parts, and the rights with which the launcher starts a job for each run.

The secret with keys and addresses is made by a person (docs/deploy.md) and only named here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from qwenocr_assets.deployment.dagster_files import CODE_PORT, HOME, LOCATION, WEB_PORT
from qwenocr_assets.settings import DeploySettings

Object = dict[str, Any]


def objects(deploy: DeploySettings, files: Mapping[str, str]) -> list[Object]:
    """Everything but the secret and the namespace's limits; `files` are Dagster's files by their names."""
    code = f"{deploy.name}-code"
    workspace = ["-w", f"{HOME}/workspace.yaml"]
    serve = ["dagster", "api", "grpc", "-m", "qwenocr_assets.definitions", "-h", "0.0.0.0"]  # noqa: S104  a pod's own address
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": deploy.name}},
        _object("v1", "ConfigMap", deploy, f"{deploy.name}-dagster") | {"data": dict(files)},
        _object("v1", "ServiceAccount", deploy, deploy.name),
        *_rights(deploy),
        _deployment(deploy, code, [*serve, "-p", str(CODE_PORT), "--location-name", LOCATION], CODE_PORT),
        _deployment(deploy, f"{deploy.name}-daemon", ["dagster-daemon", "run", *workspace]),
        _deployment(
            deploy,
            f"{deploy.name}-web",
            ["dagster-webserver", *workspace, "-h", "0.0.0.0", "-p", str(WEB_PORT)],  # noqa: S104  a pod's own address
            WEB_PORT,
        ),
        _service(deploy, code, CODE_PORT),
        _service(deploy, f"{deploy.name}-web", WEB_PORT),
    ]


def _object(version: str, kind: str, deploy: DeploySettings, name: str) -> Object:
    metadata = {"name": name, "namespace": deploy.name, "labels": {"app.kubernetes.io/name": name}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _rights(deploy: DeploySettings) -> list[Object]:
    """Jobs and a look at their pods, in this namespace alone."""
    jobs = {
        "apiGroups": ["batch"],
        "resources": ["jobs", "jobs/status"],
        "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
    }
    pods = {
        "apiGroups": [""],
        "resources": ["pods", "pods/log", "pods/status", "events"],
        "verbs": ["get", "list", "watch"],
    }
    group = "rbac.authorization.k8s.io"
    return [
        _object(f"{group}/v1", "Role", deploy, deploy.name) | {"rules": [jobs, pods]},
        _object(f"{group}/v1", "RoleBinding", deploy, deploy.name)
        | {
            "roleRef": {"apiGroup": group, "kind": "Role", "name": deploy.name},
            "subjects": [{"kind": "ServiceAccount", "name": deploy.name, "namespace": deploy.name}],
        },
    ]


def _deployment(deploy: DeploySettings, name: str, command: Sequence[str], port: int | None = None) -> Object:
    labels = {"app.kubernetes.io/name": name}
    container: Object = {
        "name": name,
        "image": deploy.image,
        "command": list(command),
        "env": [{"name": "DAGSTER_HOME", "value": HOME}],
        "envFrom": [{"secretRef": {"name": deploy.name}}],
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "dagster", "mountPath": f"{HOME}/{file}", "subPath": file}
            for file in ("dagster.yaml", "workspace.yaml")
        ],
    }
    if port is not None:
        probe = {"tcpSocket": {"port": port}, "periodSeconds": 10}
        container |= {"ports": [{"containerPort": port}], "readinessProbe": probe}
    pod = {
        "serviceAccountName": deploy.name,
        "terminationGracePeriodSeconds": deploy.grace_seconds,
        "containers": [container],
        "volumes": [{"name": "dagster", "configMap": {"name": f"{deploy.name}-dagster"}}],
    }
    spec = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},  # never two daemons
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return _object("apps/v1", "Deployment", deploy, name) | {"spec": spec}


def _service(deploy: DeploySettings, name: str, port: int) -> Object:
    spec = {"selector": {"app.kubernetes.io/name": name}, "ports": [{"port": port, "targetPort": port}]}
    return _object("v1", "Service", deploy, name) | {"spec": spec}
