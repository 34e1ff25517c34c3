"""New batches bring the warehouse up to date by themselves: once per burst, in one run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from upath import UPath

from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table

UP_TO_DATE = dg.AssetSelection.groups("warehouse", "staging", "marts", "publish")


class Clock:
    """The automation's daemon, looking at given times; and the pipeline that finishes batches in between."""

    def __init__(self, instance: dg.DagsterInstance, definitions: dg.Definitions, data: DataFolder) -> None:
        self.instance, self.definitions, self.data = instance, definitions, data
        self.cursor: Any = None
        self.batches = 0

    def finish_batches(self, count: int) -> None:
        for _ in range(count):
            batch = f"batch-{self.batches}"
            self.batches += 1
            self.instance.add_dynamic_partitions("intake_batches", [batch])
            for name, schema in TABLES.items():
                write_table(self.data, schema, batch, [])
                self.instance.report_runless_asset_event(dg.AssetMaterialization(name, partition=batch))

    def look(self, minute: int, second: int = 0) -> set[str]:
        """What is asked to run at this time."""
        result = dg.evaluate_automation_conditions(
            self.definitions,
            self.instance,
            asset_selection=UP_TO_DATE,
            cursor=self.cursor,
            evaluation_time=datetime(2026, 1, 1, 12, minute, second, tzinfo=UTC),
        )
        self.cursor = result.cursor
        return {r.key.to_user_string() for r in result.results if result.get_num_requested(r.key)}

    def run(self, wanted: set[str]) -> None:
        job = self.definitions.resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(name) for name in wanted]
        assert job.execute_in_process(instance=self.instance, asset_selection=keys).success


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    monkeypatch.setenv("QWENOCR_DATA", str(tmp_path))
    from qwenocr_assets.definitions import build_definitions

    with dg.DagsterInstance.ephemeral() as instance:
        yield Clock(instance, build_definitions(), DataFolder(UPath(tmp_path)))


@pytest.mark.slow
def test_a_burst_of_batches_is_taken_in_by_one_run(clock: Clock) -> None:
    every_asset = {
        spec.key.to_user_string()
        for spec in clock.definitions.resolve_all_asset_specs()
        if spec.group_name in ("warehouse", "staging", "marts", "publish")
    }
    assert clock.look(1) == set()
    clock.finish_batches(3)
    assert clock.look(2) == set(), "the burst may go on"
    clock.finish_batches(4)
    assert clock.look(4, 30) == set()
    wanted = clock.look(5, 20)
    assert wanted == every_asset, "one run with everything"
    clock.run(wanted)
    assert clock.look(6) == set()
    assert clock.look(10, 20) == set(), "what that run made asks for no other"
    clock.finish_batches(1)
    assert clock.look(11) == set()
    assert clock.look(15, 20) == every_asset


def test_only_marts_are_watched_for_freshness(clock: Clock) -> None:
    for spec in clock.definitions.resolve_all_asset_specs():
        assert (spec.freshness_policy is not None) == (spec.group_name == "marts"), spec.key
