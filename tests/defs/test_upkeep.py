"""The nightly upkeep, and batches whose partition is deleted."""

import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.query import run_query


def documents(data: DataFolder) -> list[Any]:
    return [name for (name,) in run_query(Path(data.warehouse.path), "SELECT name FROM core.documents").rows]


def test_deleting_a_batchs_partition_removes_its_rows_and_a_run_brings_them_back(pipeline: Any) -> None:
    data = pipeline.settings.data_folder
    pipeline.draw("letters/a.png", "a")
    batch, outcome = pipeline.run()
    assert outcome.success
    assert pipeline.publish().success
    assert documents(data) == ["letters/a.png"]

    pipeline.instance.delete_dynamic_partition("intake_batches", batch)
    assert pipeline.publish().success
    assert documents(data) == []
    assert not data.table_file("text_lines", batch).exists()

    read = pipeline.reader.pages
    assert pipeline.run()[1].success
    assert pipeline.publish().success
    assert documents(data) == ["letters/a.png"]
    assert pipeline.reader.pages == read, "answers are kept: nothing is asked twice"


def test_batches_of_another_instance_are_not_taken_for_deleted(pipeline: Any) -> None:
    pipeline.draw("letters/a.png", "a")
    pipeline.run()
    with dg.DagsterInstance.ephemeral() as other:
        pipeline.instance = other
        assert pipeline.publish().success
    assert documents(pipeline.settings.data_folder) == ["letters/a.png"]


@pytest.mark.parametrize("delete", [False, True])
def test_the_upkeep_deletes_pages_only_when_told_so(pipeline: Any, delete: bool) -> None:
    data = pipeline.settings.data_folder
    pipeline.draw("letters/a.png", "a")
    pipeline.run()
    lost = Path(data.page_image("00ff", ".png").path)
    lost.parent.mkdir(parents=True, exist_ok=True)
    lost.write_bytes(b"lost")
    os.utime(lost, (0, 0))
    result = pipeline.definitions.resolve_job_def("upkeep").execute_in_process(
        instance=pipeline.instance,
        resources=pipeline.resources,
        run_config={"ops": {"vacuum_page_images": {"config": {"delete": delete}}}},
    )
    assert result.success
    assert lost.exists() is not delete
    assert len(list(Path(data.root.path).glob("pages/*/*"))) == (1 if delete else 2)


def test_the_schedules_run_by_themselves(pipeline: Any) -> None:
    for name, job in (("daily_publish", "publish_warehouse"), ("nightly_upkeep", "upkeep")):
        schedule = pipeline.definitions.get_schedule_def(name)
        assert (schedule.job_name, schedule.default_status.name) == (job, "RUNNING")
