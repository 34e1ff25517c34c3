"""What a profile chooses, what it refuses, and what the doctor looks at for it."""

from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from qwenocr_assets.cli.findings import profile as profile_findings
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.conditional import keeps_conditions

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
