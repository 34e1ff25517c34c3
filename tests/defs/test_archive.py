"""Old batches leave Dagster's list of partitions; their data and rows stay, and running them brings them back."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from upath import UPath

from qwenocr_assets.cli.commands.archive import age_of
from qwenocr_assets.defs.running.archive import (
    archive_batches,
    archived_batches,
    monthly_archive,
    restore_batches,
    to_archive,
)
from qwenocr_assets.defs.running.launch import register_partition
from qwenocr_assets.defs.warehouse.core import deleted_batches
from qwenocr_assets.errors import UsageError, WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.query import run_query

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = timedelta(days=1)


def listed(instance: dg.DagsterInstance) -> list[str]:
    return list(instance.get_dynamic_partitions("intake_batches"))


def test_an_archived_batch_keeps_its_rows_and_a_run_brings_it_back(pipeline: Any) -> None:
    instance, data = pipeline.instance, pipeline.settings.data_folder
    drawn = pipeline.draw("letters/a.png", "a")
    old, _ = pipeline.run()
    content = drawn.read_bytes()
    drawn.unlink()
    pipeline.draw("letters/b.png", "b")
    young, _ = pipeline.run()
    assert pipeline.publish().success
    os.utime(data.manifest(old).path, (0, 0))

    job = pipeline.definitions.resolve_job_def("archive")
    assert job.execute_in_process(instance=instance, resources=pipeline.resources).success
    assert (listed(instance), archived_batches(instance)) == ([young], [old])
    assert pipeline.publish().success
    rows = run_query(Path(data.warehouse.path), "SELECT name FROM core.documents ORDER BY name").rows
    assert rows == [("letters/a.png",), ("letters/b.png",)]
    assert data.manifest(old).exists()
    assert data.table_file("pages", old).exists()

    read = pipeline.reader.pages
    (pipeline.inbox / "letters" / "b.png").unlink()
    drawn.write_bytes(content)
    assert pipeline.run()[0] == old
    assert (sorted(listed(instance)), archived_batches(instance)) == (sorted([young, old]), [])
    assert pipeline.reader.pages == read, "answers are kept: nothing is asked twice"


def test_the_schedule_is_off_until_switched_on() -> None:
    assert (monthly_archive.job_name, monthly_archive.default_status.name) == ("archive", "STOPPED")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as in_memory:
        yield in_memory


@pytest.fixture
def kept_instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """As a person's: on disk."""
    (tmp_path / "dagster.yaml").touch()
    with dg.DagsterInstance.local_temp(str(tmp_path)) as on_disk:
        yield on_disk


class Years:
    """Many small batches: manifests, and a published warehouse with their requests and answers."""

    def __init__(self, folder: Path, batches: dict[str, tuple[float, int, list[str]]]) -> None:
        """Each batch has the age of its manifest in days, its number of requests, and its answers' statuses."""
        self.data = DataFolder(UPath(folder))
        (folder / "batches").mkdir(parents=True)
        for batch, (age, _, _) in batches.items():
            path = Path(self.data.manifest(batch).path)
            path.write_text("{}")
            os.utime(path, ((NOW - age * DAYS).timestamp(),) * 2)
        with duckdb.connect(self.data.warehouse.path) as con:
            con.execute("CREATE SCHEMA core")
            rows = [(b, n, statuses) for b, (_, n, statuses) in batches.items()]
            con.execute("CREATE TABLE batches (batch_id VARCHAR, n INT, statuses VARCHAR[])")
            for begin in range(0, len(rows), 1000):
                some = rows[begin : begin + 1000]
                values = ",".join(["(?, ?, ?)"] * len(some))
                con.execute(f"INSERT INTO batches VALUES {values}", [v for row in some for v in row])
            con.execute("CREATE TABLE core.documents AS SELECT batch_id FROM batches")
            con.execute("CREATE TABLE core.ocr_requests AS SELECT batch_id, unnest(range(n)) FROM batches")
            con.execute(
                "CREATE TABLE core.ocr_responses AS SELECT batch_id, split_part(status, ' ', 1) AS status, "
                "try_cast(split_part(status, ' ', 2) AS INT) AS attempts_in_all "
                "FROM (SELECT batch_id, unnest(statuses) AS status FROM batches)"
            )


def test_without_a_warehouse_nothing_is_archived(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    years = Years(tmp_path / "data", {"b": (91, 1, ["ok"])})
    years.data.warehouse.unlink()
    register_partition(instance, "b")
    with pytest.raises(WarehouseError):
        to_archive(instance, years.data, 90 * DAYS, NOW, most_attempts=12)


@pytest.mark.parametrize(
    ("age", "requests", "statuses", "goes"),
    [
        pytest.param(91, 2, ["ok", "partial"], True, id="old-and-answered"),
        pytest.param(91, 3, ["ok", "rejected", "skipped"], True, id="old-and-final"),
        pytest.param(91, 0, [], True, id="old-and-all-documents-rejected"),
        pytest.param(89, 1, ["ok"], None, id="young"),
        pytest.param(91, 2, ["ok"], False, id="a-request-without-an-answer"),
        pytest.param(91, 2, ["ok", "failed"], False, id="a-failed-one"),
        pytest.param(91, 3, ["ok", "failed 12", "failed 13"], True, id="given-up"),
        pytest.param(91, 3, ["ok", "failed 12", "failed 4"], False, id="one-of-two-given-up"),
        pytest.param(91, 1, ["unfunded"], False, id="an-unfunded-one"),
        pytest.param(91, 1, ["missing"], False, id="a-missing-one"),
    ],
)
def test_which_batches_may_go(
    tmp_path: Path,
    instance: dg.DagsterInstance,
    age: int,
    requests: int,
    statuses: list[str],
    goes: bool | None,
) -> None:
    years = Years(tmp_path / "data", {"b": (age, requests, statuses), "young": (1, 1, ["ok"])})
    instance.add_dynamic_partitions("intake_batches", ["b", "young", "of-another-data-folder"])
    found = to_archive(instance, years.data, 90 * DAYS, NOW, most_attempts=12)
    assert (found.batch_ids, found.open) == (("b",) if goes else (), ("b",) if goes is False else ())
    assert found.listed == 3


def test_a_batch_that_runs_stays(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    years = Years(tmp_path / "data", {"b": (91, 1, ["ok"])})
    register_partition(instance, "b")
    run = dg.DagsterRun("ocr_batch", status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "b"})
    instance.add_run(run)
    assert to_archive(instance, years.data, 90 * DAYS, NOW, most_attempts=12).open == ("b",)
    instance.report_run_failed(run)
    assert to_archive(instance, years.data, 90 * DAYS, NOW, most_attempts=12).batch_ids == ("b",)


class ElsewhereStorage:
    """A storage that is no SQL database of ours, as a hosted Dagster has one."""


def test_keys_move_and_come_back(instance: dg.DagsterInstance) -> None:
    restore_batches(instance, ["b", "c"])
    for _ in range(2):
        archive_batches(instance, ["b"])
        assert (listed(instance), archived_batches(instance)) == (["c"], ["b"])
    instance.add_dynamic_partitions("intake_batches", ["b"])  # by somebody else
    archive_batches(instance, ["b"])
    assert (listed(instance), archived_batches(instance)) == (["c"], ["b"])
    restore_batches(instance, ["b", "new"])
    assert (sorted(listed(instance)), archived_batches(instance)) == (["b", "c", "new"], [])


def test_keys_move_where_dagster_keeps_them_elsewhere(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore_batches(instance, ["b", "c"])
    monkeypatch.setattr(type(instance), "event_log_storage", ElsewhereStorage())
    archive_batches(instance, ["b"])
    assert (listed(instance), archived_batches(instance)) == (["c"], ["b"])
    restore_batches(instance, ["b"])
    assert (sorted(listed(instance)), archived_batches(instance)) == (["b", "c"], [])


@pytest.mark.slow
def test_twenty_thousand_batches(tmp_path: Path, kept_instance: dg.DagsterInstance) -> None:
    instance = kept_instance
    ages = {f"inbox-{n:012x}": n / 100 for n in range(20_000)}
    years = Years(tmp_path / "data", {batch: (age, 1, ["ok"]) for batch, age in ages.items()})
    instance.add_dynamic_partitions("intake_batches", list(ages))
    for batch in list(ages)[-2:]:
        instance.report_runless_asset_event(dg.AssetMaterialization("documents", partition=batch))
    found = to_archive(instance, years.data, 90 * DAYS, NOW, most_attempts=12)
    assert found.listed == 20_000
    assert set(found.batch_ids) == {batch for batch, age in ages.items() if age > 90}
    archive_batches(instance, found.batch_ids)
    assert len(listed(instance)) == 9_001
    assert set(archived_batches(instance)) == set(found.batch_ids)
    assert deleted_batches(instance) == []
    restore_batches(instance, [found.batch_ids[0]])
    assert len(listed(instance)) == 9_002


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("12w", 84), ("1y", 365), (" 3D ", 3), ("0d", 0)])
def test_ages(text: str, days: int) -> None:
    assert age_of(text).days == days


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1h", "1.5d", "99999d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no age"):
        age_of(text)
