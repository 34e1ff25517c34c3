"""Dagster in parts, as files and commands: its instance, and the processes that share it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.local_cluster.programs import own_program
from deploy.local_cluster.servers import LOOPBACK

LOCATION = "qwenocr"
_QUEUE = "dagster"
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
        instance: dict[str, Any] = yaml.safe_load(_TEMPLATE.read_text(encoding="utf-8"))
        broker = {"broker": f"{self.broker_url}/0", "backend": f"{self.broker_url}/1"}
        instance["storage"] = {"postgres": {"postgres_url": self.postgres_url}}
        instance["run_launcher"] = {
            "module": "dagster_celery.launcher",
            "class": "CeleryRunLauncher",
            "config": {**broker, "default_queue": _QUEUE},
        }
        instance["concurrency"]["runs"]["max_concurrent_runs"] = self.workers
        server = {"host": LOOPBACK, "port": self.code_port, "location_name": LOCATION}
        _write_yaml(home / "dagster.yaml", instance)
        _write_yaml(home / "workspace.yaml", {"load_from": [{"grpc_server": server}]})
        # a worker would reserve a second run beside the one it runs, which waits then although others are idle
        worker = {**broker, "config_source": {"worker_disable_prefetch": True}}
        _write_yaml(home / "celery.yaml", {"execution": {"config": worker}})

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
            *(own_program("dagster-celery"), "worker", "start", *app, "-n", name, "-q", _QUEUE),
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
