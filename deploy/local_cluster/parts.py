"""Dagster in parts, as files and commands: its instance, and the processes that share it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.local_cluster.programs import own_program
from deploy.local_cluster.servers import LOOPBACK
from qwenocr_assets.deployment.dagster_files import LOCATION, QUEUE, celery_yaml, dagster_yaml, workspace_yaml
from qwenocr_assets.deployment.target import Target
from qwenocr_assets.settings import Settings

_TEMPLATE = Path(__file__).parents[1] / "dagster.yaml"


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the parts meet, and how many workers there are."""

    postgres_url: str
    broker_url: str
    code_port: int
    web_port: int
    workers: int

    @property
    def names(self) -> tuple[str, ...]:
        """All parts, in the order in which they are started."""
        return ("code-server", *self.worker_names, "daemon", "webserver")

    @property
    def worker_names(self) -> tuple[str, ...]:
        """The workers; each runs one batch at a time."""
        return tuple(f"worker-{number}" for number in range(1, self.workers + 1))

    def write(self, home: Path) -> None:
        """A machine's Dagster home: the project's own instance, with its storage and its launcher."""
        home.mkdir(parents=True, exist_ok=True)
        # as rendered, but that nobody has to have the variables which hold these addresses
        broker = {"broker": f"{self.broker_url}/0", "backend": f"{self.broker_url}/1"}
        instance = dagster_yaml(_TEMPLATE, Settings(max_runs_at_once=self.workers), Target.CELERY)
        instance["storage"]["postgres"]["postgres_url"] = self.postgres_url
        instance["run_launcher"]["config"] |= broker
        worker = celery_yaml()
        worker["execution"]["config"] |= broker
        _write_yaml(home / "dagster.yaml", instance)
        _write_yaml(home / "workspace.yaml", workspace_yaml(LOOPBACK, self.code_port))
        _write_yaml(home / "celery.yaml", worker)

    def command(self, name: str, home: Path) -> list[str]:
        """The command of a part."""
        workspace = ["-w", str(home / "workspace.yaml")]
        match name:
            case "code-server":
                module = ["-m", "qwenocr_assets.definitions", "--location-name", LOCATION]
                where = ["-h", LOOPBACK, "-p", str(self.code_port)]
                return [own_program("dagster"), "api", "grpc", *module, *where]
            case "daemon":
                return [own_program("dagster-daemon"), "run", *workspace]
            case "webserver":
                where = ["-h", LOOPBACK, "-p", str(self.web_port)]
                return [own_program("dagster-webserver"), *workspace, *where]
        app = ["-A", "dagster_celery.app", "-y", str(home / "celery.yaml")]
        return [
            *(own_program("dagster-celery"), "worker", "start", *app, "-n", name, "-q", QUEUE),
            *("--", "--concurrency", "1"),
        ]


def environment_of(home: Path, common: Mapping[str, str]) -> dict[str, str]:
    """The environment of a machine: a home, a cache and a Dagster home of its own, and what all have in common."""
    return {
        "LANG": "C.UTF-8",
        **common,
        "PATH": f"{Path(sys.executable).parent}:{common.get('PATH', '/usr/bin:/bin')}",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "DAGSTER_HOME": str(home),
    }


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
