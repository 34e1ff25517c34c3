"""A Compose file: one server in containers, Postgres included.

Keys and addresses come from `.env` beside pipeline.toml, and stand in no file.
"""

from typing import Any

from qwenocr_assets.deployment.dagster_files import CODE_PORT, HOME, LOCATION, WEB_PORT
from qwenocr_assets.settings import DeploySettings

CODE_HOST = "code"
_ENVIRONMENT = "../.env"
"""As seen from the folder that is written, which lies in the project's."""
_POSTGRES = "postgres:17-bookworm"


def compose_yaml(deploy: DeploySettings) -> dict[str, Any]:
    """The Compose file beside `dagster.yaml` and `workspace.yaml`."""
    workspace = f"-w {HOME}/workspace.yaml"
    serve = (
        "dagster api grpc -m qwenocr_assets.definitions -h 0.0.0.0"  # the network of these containers alone
    )
    return {
        "name": deploy.name,
        "services": {
            "postgres": {
                "image": _POSTGRES,
                "env_file": _ENVIRONMENT,
                "volumes": ["postgres:/var/lib/postgresql/data"],
                "healthcheck": {
                    "test": ["CMD", "pg_isready", "--username=postgres"],
                    "interval": "5s",
                    "retries": 20,
                },
                "restart": "unless-stopped",
            },
            CODE_HOST: _part(deploy, f"{serve} -p {CODE_PORT} --location-name {LOCATION}")
            | {"depends_on": {"postgres": {"condition": "service_healthy"}}},
            "daemon": _part(deploy, f"dagster-daemon run {workspace}") | {"depends_on": [CODE_HOST]},
            "web": _part(deploy, f"dagster-webserver {workspace} -h 0.0.0.0 -p {WEB_PORT}")
            | {
                "ports": [f"127.0.0.1:{WEB_PORT}:{WEB_PORT}"],  # it asks for no password
                "depends_on": [CODE_HOST],
            },
        },
        "volumes": {"data": {}, "postgres": {}},
    }


def _part(deploy: DeploySettings, command: str) -> dict[str, Any]:
    return {
        "image": deploy.image,
        "command": command,
        "env_file": _ENVIRONMENT,
        "environment": {"DAGSTER_HOME": HOME, "QWENOCR_PROFILE": "server"},
        "volumes": [
            *(f"./{name}:{HOME}/{name}:ro" for name in ("dagster.yaml", "workspace.yaml")),
            "data:/opt/qwenocr/data",
        ],
        "restart": "unless-stopped",
        "stop_grace_period": f"{deploy.grace_seconds}s",  # longer than drain_seconds: answers are waited for
        "init": True,
    }
