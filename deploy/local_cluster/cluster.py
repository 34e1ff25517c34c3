"""All of it together: servers, Dagster's parts, and how to talk to them."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine
from upath import UPath

from deploy.local_cluster.parts import Parts, environment_of
from deploy.local_cluster.processes import Processes, on_machine
from deploy.local_cluster.servers import (
    LOOPBACK,
    SERVERS,
    ObjectStore,
    free_ports,
    listens,
    start_broker,
    start_object_store,
    start_postgres,
)
from qwenocr_assets.deployment.dagster_files import BROKER, LOCATION
from qwenocr_assets.errors import StorageError

BUCKET = "ocr"
_REPOSITORY = Path(__file__).parents[2]
_CODE_SERVER_SECONDS = 300.0

_SENSORS = """{
  sensorsOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "%s"}) {
    ... on Sensors { results { name sensorState { status } } }
    ... on PythonError { message }
  }
}"""
_RUNS = """{
  runsOrError(limit: 1000) { ... on Runs { results { runId jobName status tags { key value } } } }
}"""
_ASSETS = """{
  assetNodes(pipeline: {
    pipelineName: "%s", repositoryName: "__repository__", repositoryLocationName: "%s"
  }) { assetKey { path } }
}"""
_LAUNCH = """mutation ($selected: [AssetKeyInput!], $location: String!) {
  launchPipelineExecution(executionParams: { mode: "default", runConfigData: {}, selector: {
    pipelineName: "__ASSET_JOB", repositoryName: "__repository__", repositoryLocationName: $location,
    assetSelection: $selected, assetCheckSelection: []
  } }) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
_START_SENSOR = """mutation ($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) { __typename ... on PythonError { message } }
}"""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as Dagster tells of it."""

    run_id: str
    job: str
    status: str
    batch_id: str | None


@dataclass
class Cluster:
    """The servers and parts that run in a folder; `project` is that of the pipeline."""

    folder: Path
    project: Path
    settings: Mapping[str, str]
    """Settings of the pipeline, as the environment has them."""
    workers: int = 3
    durable: bool = True
    """Whether Postgres waits for the disk."""
    machines: bool = True
    """Whether each part gets process numbers and a host name of its own, where that is allowed."""
    processes: Processes = field(init=False)
    store: ObjectStore = field(init=False)
    parts: Parts = field(init=False)
    common: dict[str, str] = field(init=False)
    """What the environments of all machines have in common."""

    def __post_init__(self) -> None:
        # a socket's path may have about 100 characters, and the server's own user has to come through
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        self.processes = Processes(self.folder)

    def start(self) -> None:
        """Everything, from nothing; returns when the UI answers and the workers wait for runs.

        Raises:
            ConfigurationError: a program is not installed.
            StorageError: one did not start; with the end of its log.
        """
        self.store = start_object_store(self.processes, self.folder / "store")
        database = start_postgres(self.processes, self.folder / "postgres", durable=self.durable)
        broker = start_broker(self.processes, self.folder / "broker")
        self.store.make_bucket(BUCKET)
        urls = _make_databases(database, "dagster", "qwenocr")
        code_port, web_port = free_ports(2)
        self.parts = Parts(urls["dagster"], broker, code_port, web_port, self.workers)
        self.common = {
            **{n: v for n, v in os.environ.items() if n in ("PATH", "COVERAGE_PROCESS_START")},
            **self.store.environment,
            "PYTHONPATH": str(_REPOSITORY),
            "QWENOCR_PROFILE": "cluster",
            "QWENOCR_PROJECT": str(self.project),
            "QWENOCR_DATA": f"s3://{BUCKET}/data",
            "QWENOCR_LEDGER": urls["qwenocr"],
            BROKER: broker,
            "NO_PROXY": LOOPBACK,
            **self.settings,
        }
        self._make_dagsters_tables()
        self.start_parts(*self.parts.names)

    def start_parts(self, *names: str) -> None:
        """These of Dagster's parts, the first time or again; returns when they can be used."""
        for name in (part for part in self.parts.names if part in names):
            home = self.home(name)
            self.parts.write(home)
            if name in ("daemon", "webserver"):  # they give up where they find no code
                self._wait_for_code()
            command = self.parts.command(name, home)
            self.processes.start(
                name,
                on_machine(name, command) if self.machines else command,
                environment=environment_of(home, self.common),
                folder=home,
            )
        if "code-server" in names:
            self._wait_for_code()
        if "webserver" in names:
            self.processes.wait_for("webserver", lambda: listens(self.parts.web_port))

    def home(self, name: str) -> Path:
        """The home folder of the machine of this name."""
        return self.folder / "machines" / name

    def environment(self, machine: str) -> dict[str, str]:
        """What a command needs to run on a machine of this name."""
        home = self.home(machine)
        self.parts.write(home)
        return environment_of(home, self.common)

    @property
    def data(self) -> UPath:
        """The data folder, in the bucket."""
        key, secret = self.store.key, self.store.secret
        return UPath(f"s3://{BUCKET}/data", key=key, secret=secret, endpoint_url=self.store.url)

    @property
    def web_url(self) -> str:
        """Where the UI is."""
        return f"http://{LOOPBACK}:{self.parts.web_port}"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the webserver's GraphQL answers."""
        sent = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.web_url}/graphql", json=sent, timeout=60, trust_env=False).json()
        if "errors" in answer:
            raise RuntimeError(f"{query} -> {answer['errors']}")
        data: dict[str, Any] = answer["data"]
        return data

    def switch_sensors_on(self) -> list[str]:
        """Start every sensor, as a person does in the UI where reading costs money; gives their names."""
        # the webserver takes a while to find a code server that was started again
        self.processes.wait_for("webserver", lambda: "results" in self._sensors())
        names = [sensor["name"] for sensor in self._sensors()["results"]]
        for name in names:
            selector = {
                "repositoryName": "__repository__",
                "repositoryLocationName": LOCATION,
                "sensorName": name,
            }
            self.ask(_START_SENSOR, selector=selector)
        return names

    def _sensors(self) -> dict[str, Any]:
        listed: dict[str, Any] = self.ask(_SENSORS % LOCATION)["sensorsOrError"]
        return listed

    def runs(self) -> list[Run]:
        """All of Dagster's runs, the newest first."""
        return [
            Run(
                run["runId"],
                run["jobName"],
                run["status"],
                next((tag["value"] for tag in run["tags"] if tag["key"] == "dagster/partition"), None),
            )
            for run in self.ask(_RUNS)["runsOrError"]["results"]
        ]

    def materialise(self, job: str) -> str:
        """Materialise the assets of a job as a person or the automation does, not by the job; gives the run's id.

        Raises:
            StorageError: it was not launched.
        """
        assets = self.ask(_ASSETS % (job, LOCATION))["assetNodes"]
        selected = [{"path": asset["assetKey"]["path"]} for asset in assets]
        launched = self.ask(_LAUNCH, selected=selected, location=LOCATION)["launchPipelineExecution"]
        if "run" not in launched:
            raise StorageError(
                f"{job} was not launched: {launched}.", f"See {self.processes.log('webserver')}."
            )
        return str(launched["run"]["runId"])

    def look_again(self, sensor: str) -> None:
        """Let a sensor look at once, as if for the first time, instead of after its minutes."""
        import dagster as dg

        with dg.DagsterInstance.from_config(str(self.home("first"))) as instance:
            for state in instance.all_instigator_state():
                if state.instigator_name == sensor:
                    instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)
        self.switch_sensors_on()

    def end(self) -> None:
        """End everything, and remove what it wrote."""
        end(self.processes)

    def _make_dagsters_tables(self) -> None:
        """Before the parts start: side by side they make them over each other, and one of them gives up."""
        import dagster as dg

        home = self.home("first")
        self.parts.write(home)
        with dg.DagsterInstance.from_config(str(home)):
            pass

    def _wait_for_code(self) -> None:
        self.processes.wait_for("code-server", lambda: listens(self.parts.code_port), _CODE_SERVER_SECONDS)


def end(processes: Processes) -> list[str]:
    """End everything that runs in a cluster's folder, the servers last, and remove it; gives what lived."""
    living = processes.living()
    processes.end(*(name for name in processes.names() if name not in SERVERS))
    processes.end(*SERVERS)
    shutil.rmtree(processes.folder)
    return living


def _make_databases(url: str, *names: str) -> dict[str, str]:
    """A database of each name beside the one of `url`; gives their URLs."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in names:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return {name: url.replace("/postgres?", f"/{name}?") for name in names}
