"""The inbox: files that lie still become one batch and one run, whatever crashes or is reset in between."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from upath import UPath

from qwenocr_assets.defs.intake.inbox import run_already, watch_inbox
from qwenocr_assets.defs.running.archive import archive_batches, restore_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.settings import Settings, load_settings

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox").mkdir()
    return load_settings(data=str(tmp_path), settle_seconds=10, batch_max_files=2, batch_max_wait_seconds=0)


def drop(settings: Settings, name: str, content: bytes = b"x") -> None:
    path = Path(str(settings.data_folder.inbox)) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def tick(settings: Settings, cursor: str | None, seconds: float) -> tuple[list[str], str | None]:
    """The batches asked to run at a tick, and the cursor after it."""
    result: Any = watch_inbox(settings, cursor, NOW + timedelta(seconds=seconds))
    if isinstance(result, dg.SkipReason):
        return [], cursor
    keys = [str(request.run_key) for request in result.run_requests or []]
    added = [key for request in result.dynamic_partitions_requests or [] for key in request.partition_keys]
    assert added == keys == [request.partition_key for request in result.run_requests or []]
    return keys, result.cursor


def test_a_file_is_taken_once_it_lies_still(settings: Settings) -> None:
    drop(settings, "a.png")
    first, cursor = tick(settings, None, 0)
    second, cursor = tick(settings, cursor, 5)
    drop(settings, "a.png", b"still being written")
    third, cursor = tick(settings, cursor, 11)
    fourth, cursor = tick(settings, cursor, 22)
    fifth, cursor = tick(settings, cursor, 60)
    assert (first, second, third, fifth) == ([], [], [], [])
    assert len(fourth) == 1


def test_a_reset_cursor_asks_for_the_same_run_again_and_dagster_knows_its_key(settings: Settings) -> None:
    drop(settings, "請求書.png")
    _, cursor = tick(settings, None, 0)
    batches, _ = tick(settings, cursor, 20)
    again, _ = tick(settings, None, 40)
    assert batches == again
    assert settings.data_folder.batch_ids() == batches


def test_a_crash_between_manifest_and_run_loses_nothing(settings: Settings) -> None:
    drop(settings, "a.png")
    _, cursor = tick(settings, None, 0)
    lost, _ = tick(settings, cursor, 20)  # the manifest is written, the answer never reaches Dagster
    again, cursor = tick(settings, cursor, 40)
    assert lost == again
    assert tick(settings, cursor, 60)[0] == []


def test_many_files_make_bounded_batches_and_a_bounded_tick(settings: Settings) -> None:
    for number in range(50):
        drop(settings, f"{number:03}.png", str(number).encode())
    _, cursor = tick(settings, None, 0)
    asked: list[str] = []
    counts = []
    for seconds in (20, 40, 60, 80):
        batches, cursor = tick(settings, cursor, seconds)
        counts.append(len(batches))
        asked += batches
    assert counts == [10, 10, 5, 0]
    assert len(set(asked)) == 25


def test_changed_content_under_the_same_name_is_a_new_batch(settings: Settings) -> None:
    drop(settings, "a.png", b"one")
    _, cursor = tick(settings, None, 0)
    first, cursor = tick(settings, cursor, 20)
    drop(settings, "a.png", b"another one")
    _, cursor = tick(settings, cursor, 40)
    second, _ = tick(settings, cursor, 60)
    assert len(first) == len(second) == 1
    assert first != second


def lose_the_index(settings: Settings) -> None:
    for path in Path(settings.data).glob("inbox.db*"):
        path.unlink()


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param(None, id="reset"),
        pytest.param("0123456789ab:7", id="of-a-lost-index"),
        pytest.param('{"sightings": {}, "requested": ["inbox-0123456789ab"]}', id="of-an-older-release"),
    ],
)
def test_after_a_lost_cursor_only_batches_without_a_run_are_asked_for(
    settings: Settings, cursor: str | None
) -> None:
    for number in range(30):
        drop(settings, f"{number:03}.png", str(number).encode())
    tick(settings, None, 0)
    tick(settings, None, 20)
    lose_the_index(settings)
    tick(settings, cursor, 40)
    done = settings.data_folder.batch_ids()[:12]
    result: Any = watch_inbox(
        settings, cursor, NOW + timedelta(seconds=60), lambda asked: set(asked) & set(done)
    )
    assert {r.run_key for r in result.run_requests} == set(settings.data_folder.batch_ids()) - set(done)
    assert len(settings.data_folder.batch_ids()) == 15


def test_the_cursor_stays_small(settings: Settings) -> None:
    lengths = set()
    cursor = None
    for number in range(5):
        for place in range(10):
            drop(settings, f"{number}/{place}.png", f"{number} {place}".encode())
        _, cursor = tick(settings, cursor, 30 * number)
        lengths.add(len(cursor or ""))
    assert max(lengths) < 20


def test_files_wait_for_their_batch_to_fill_but_not_for_ever(settings: Settings) -> None:
    settings = settings.model_copy(update={"batch_max_wait_seconds": 100})
    drop(settings, "a.png", b"one")
    drop(settings, "b.png", b"two")
    drop(settings, "c.png", b"three")
    _, cursor = tick(settings, None, 0)
    full, cursor = tick(settings, cursor, 20)
    none, cursor = tick(settings, cursor, 99)
    rest, _ = tick(settings, cursor, 100)
    assert [len(full), len(none), len(rest)] == [1, 0, 1]


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        (dg.DagsterRunStatus.SUCCESS, True),
        (dg.DagsterRunStatus.STARTED, True),
        (dg.DagsterRunStatus.STARTING, True),
        (dg.DagsterRunStatus.FAILURE, False),
        (dg.DagsterRunStatus.CANCELED, False),
    ],
)
def test_which_batches_have_a_run(status: dg.DagsterRunStatus, counts: bool) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {"dagster/partition": "b-1"}
        instance.add_run(dg.DagsterRun("ocr_batch", status=status, tags=tags))
        instance.add_run(dg.DagsterRun("collect_batch", tags={"dagster/partition": "b-2"}))
        restore_batches(instance, ["b-3"])
        archive_batches(instance, ["b-3"])
        assert run_already(instance, ["b-1", "b-2", "b-3", "b-4"]) == ({"b-1", "b-3"} if counts else {"b-3"})


def test_an_inbox_elsewhere(settings: Settings, tmp_path: Path) -> None:
    bucket = UPath(f"memory://{tmp_path.name}/scans")
    bucket.mkdir(parents=True)
    (bucket / "a.png").write_bytes(b"x")
    settings = settings.model_copy(update={"inbox": str(bucket)})
    _, cursor = tick(settings, None, 0)
    batches, _ = tick(settings, cursor, 20)
    assert [b.rpartition("-")[0] for b in batches] == ["scans"]


def test_a_missing_inbox_is_said(tmp_path: Path) -> None:
    result = watch_inbox(load_settings(data=str(tmp_path)), None, NOW)
    assert isinstance(result, dg.SkipReason)
    assert "does not exist yet" in (result.skip_message or "")


def test_the_sensor_asks_dagster_for_a_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_DATA", settings.data)
    monkeypatch.setenv("QWENOCR_SETTLE_SECONDS", "0")
    monkeypatch.setenv("QWENOCR_BATCH_MAX_WAIT_SECONDS", "0")
    from qwenocr_assets.definitions import build_definitions

    drop(settings, "a.png")
    sensor = build_definitions().get_sensor_def("inbox_sensor")
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, resources={"environment": Environment.load()}) as context,
    ):
        result: Any = sensor(context)
    assert len(result.run_requests) == 1
