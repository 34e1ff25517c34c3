"""What a profile chooses, what it refuses, and what the doctor looks at for it."""

from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from deploy.local_cluster.processes import Processes
from deploy.local_cluster.servers import start_broker
from qwenocr_assets.cli.findings import profile as profile_findings
from qwenocr_assets.cli.findings.finding import Finding
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.conditional import keeps_conditions
from tests.conftest import skipping

POSTGRES = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))


@pytest.mark.parametrize(
    ("chosen", "runs"),
    [
        ({}, 2),
        ({"profile": "server"}, 4),
        ({"profile": "cluster", "data": "memory://b"}, 3),
        ({"profile": "cluster", "data": "memory://b", "deploy": {"workers": 7}}, 7),
        ({"profile": "server", "max_runs_at_once": 1}, 1),
        ({"region": "beijing", "accounts": [{"name": n, "region": "beijing"} for n in "abc"]}, 3),
        ({"region": "singapore", "accounts": [{"name": n, "region": "beijing"} for n in "abc"]}, 2),
    ],
)
def test_a_profile_chooses_what_can_be_set_alone(chosen: dict[str, Any], runs: int) -> None:
    assert load_settings(**chosen).runs_at_once == runs


def test_it_is_set_in_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROFILE", "server")
    monkeypatch.setenv("QWENOCR_DEPLOY__WORKERS", "5")
    settings = load_settings()
    assert (settings.profile, settings.deploy.workers) == ("server", 5)


def test_a_cluster_with_data_on_one_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs data in a bucket"):
        load_settings(profile="cluster")


def test_beyond_a_laptop_money_needs_a_database_that_was_chosen() -> None:
    assert load_settings().ledger_url.startswith("sqlite:")
    with pytest.raises(ConfigurationError, match="Profile server keeps money"):
        _ = load_settings(profile="server").ledger_url
    assert load_settings(profile="server", ledger=POSTGRES).ledger_url == POSTGRES


def findings(**chosen: Any) -> dict[str, bool]:
    environment = Environment(load_settings(**chosen))
    return {f.subject: f.good for f in profile_findings.profile_findings(environment)}


def test_the_doctor_says_what_a_server_lacks() -> None:
    assert findings() == {"profile": True, "processors": True}
    found = findings(profile="server", ledger=POSTGRES, drain_seconds=90)
    assert found == {
        "profile": True,
        "processors": True,
        "extra postgres": True,
        "database": False,  # nobody answers there
        "time to end": False,  # killed before its answers are there
    }


def test_a_file_is_no_database_for_many(tmp_path: Path) -> None:
    found = findings(profile="server", ledger=f"sqlite:///{tmp_path / 'ledger.db'}")
    assert not found["database"]


@pytest.mark.parametrize(("apart", "good"), [(1.0, True), (60.0, False)])
def test_clocks_that_are_apart_are_told(
    empty_postgres: str, monkeypatch: pytest.MonkeyPatch, apart: float, good: bool
) -> None:
    theirs = profile_findings.database_time
    monkeypatch.setattr(profile_findings, "database_time", lambda connection: theirs(connection) + apart)
    assert findings(profile="server", ledger=empty_postgres)["database"] is good


def test_a_store_is_tried_with_two_puts(bucket: UPath, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keeps_conditions(bucket)
    put = bucket.fs.pipe_file

    def ignoring(path: str, value: bytes, **_: Any) -> None:
        put(path, value)  # as a server does that does not know the header

    monkeypatch.setattr(bucket.fs, "pipe_file", ignoring)  # fsspec makes it anew for each instance
    assert not keeps_conditions(bucket)
    assert not [path for path in bucket.fs.find(bucket.path) if ".conditions-" in path]


CLUSTER = {"profile": "cluster", "data": "memory://b", "ledger": POSTGRES}


def of_launcher(launcher: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Finding]:
    monkeypatch.setattr(profile_findings, "keeps_conditions", lambda _: True)
    monkeypatch.setattr(profile_findings, "database_time", lambda _: 0.0)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    if launcher:
        (home / "dagster.yaml").write_text(f"run_launcher: {{module: {launcher}}}", encoding="utf-8")
    environment = Environment(load_settings(**CLUSTER))
    return {f.subject: f for f in profile_findings.profile_findings(environment)}


@pytest.mark.parametrize(
    ("launcher", "subjects"),
    [
        ("dagster_celery.launcher", {"extra celery", "broker"}),
        ("dagster_k8s", {"extra k8s"}),
        ("dagster.core.launcher", {"who starts runs"}),
        ("", {"who starts runs"}),
    ],
)
def test_the_doctor_looks_at_what_starts_a_clusters_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launcher: str, subjects: set[str]
) -> None:
    found = of_launcher(launcher, tmp_path, monkeypatch)
    of_all = {"extra celery", "broker", "extra k8s", "who starts runs"}
    assert found.keys() & of_all == subjects
    for subject in subjects & {"extra celery", "extra k8s"}:
        assert found[subject].good, "CI has them"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "QWENOCR_BROKER is not set"),
        ("redis://:hunter2@127.0.0.1:1/0", "cannot be reached"),
        ("nonsense://:hunter2@host", "cannot be reached"),
    ],
)
def test_a_broker_that_is_not_there_is_said_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, says: str
) -> None:
    monkeypatch.setenv("QWENOCR_BROKER", address)
    found = of_launcher("dagster_celery.launcher", tmp_path, monkeypatch)["broker"]
    assert not found.good
    assert says in found.found
    assert "hunter2" not in f"{found}"


def test_a_broker_that_is_there_answers(
    servers: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with skipping():
        address = start_broker(servers, tmp_path / "broker")
    monkeypatch.setenv("QWENOCR_BROKER", f"{address}/0")
    (tmp_path / "home").mkdir()
    assert of_launcher("", tmp_path / "home", monkeypatch)["broker"].good
