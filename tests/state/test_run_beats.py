"""Signs of life of runs: which of them are dead, seen from their own machine and from another."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, delete, insert, select, update

from qwenocr_assets.state.database import open_database, sqlite_url
from qwenocr_assets.state.processes import this_process
from qwenocr_assets.state.run_beats import SILENT_SECONDS, dead_runs, living
from qwenocr_assets.state.tables.leases import LEASES
from qwenocr_assets.state.tables.runs import RUN_BEATS

ELSEWHERE = "another-boot/1/1/1"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "ledger.db")
    server: str = request.getfixturevalue("empty_postgres")
    return server


def change(url: str, statement: Any) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()


def rows(url: str, table: Any) -> list[Mapping[str, Any]]:
    engine: Engine = create_engine(url)
    with engine.connect() as connection:
        found = [dict(row._mapping) for row in connection.execute(select(table))]
    engine.dispose()
    return found


def age(url: str, seconds: float, process: str | None = None) -> None:
    """Make the rows older, and maybe of another process."""
    changed: dict[str, Any] = {"beats_at": RUN_BEATS.c.beats_at - seconds}
    change(url, update(RUN_BEATS).values(changed if process is None else changed | {"process": process}))


@pytest.mark.parametrize(
    ("process", "silent", "dead"),
    [
        (None, 0.0, False),
        (ELSEWHERE, 0.0, False),
        (ELSEWHERE, SILENT_SECONDS - 30, False),
        (ELSEWHERE, SILENT_SECONDS + 30, True),
        ("ended here", 0.0, True),
    ],
    ids=["here", "elsewhere", "elsewhere, silent for a while", "elsewhere, silent too long", "ended here"],
)
def test_a_run_is_dead_when_it_was_silent_or_its_process_has_ended(
    url: str, process: str | None, silent: float, dead: bool
) -> None:
    if process == "ended here":
        process = this_process() + "0"
    with living(url, "r"):
        age(url, silent, process)
        found = dead_runs(url, {"r"})
        assert (list(found) == ["r"]) is dead
        assert not dead or "process" in found["r"]
        assert dead_runs(url, {"another"}) == {}


def test_a_run_that_was_never_heard_of_is_silent_from_the_first_look(url: str) -> None:
    assert dead_runs(url, {"r"}) == {}
    age(url, SILENT_SECONDS - 30)
    assert dead_runs(url, {"r"}) == {}
    age(url, 60)
    assert "no sign of life" in dead_runs(url, {"r"})["r"]


def test_a_run_that_ends_leaves_nothing_and_a_killed_one_is_dead_at_once(url: str) -> None:
    with living(url, "r"):
        [row] = rows(url, RUN_BEATS)
        assert (row["run_id"], row["process"]) == ("r", this_process())
    assert rows(url, RUN_BEATS) == []
    code = "import sys, time; from qwenocr_assets.state.run_beats import living\n"
    code += "with living(sys.argv[1], 'r'): print('lives', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "lives\n"
        assert dead_runs(url, {"r"}) == {}
        process.kill()
        process.wait()
    assert "ended without finishing" in dead_runs(url, {"r"})["r"]
    assert rows(url, RUN_BEATS) == []


@pytest.mark.parametrize(("left_seconds", "freed"), [(-1.0, True), (3600.0, False)], ids=["ran out", "runs"])
def test_leases_of_the_dead_that_ran_out_are_freed(url: str, left_seconds: float, freed: bool) -> None:
    with living(url, "r"):
        [row] = rows(url, RUN_BEATS)
        lease = {"batch_id": "b", "holder": "h", "host": "", "process": ELSEWHERE, "taken_at": 0.0}
        change(url, insert(LEASES).values(lease | {"expires_at": row["beats_at"] + left_seconds}))
        age(url, SILENT_SECONDS + 30, ELSEWHERE)
        assert list(dead_runs(url, {"r"})) == ["r"]
    assert (rows(url, LEASES) == []) is freed


def test_a_beat_that_was_lost_is_written_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwenocr_assets.state.run_beats._BEAT_SECONDS", 0.01)
    from tests.waiting import wait_until

    with living(url, "r"):
        change(open_database(url).url.render_as_string(hide_password=False), delete(RUN_BEATS))
        wait_until(lambda: bool(rows(url, RUN_BEATS)), "a beat")
