"""Years of intake batches: how long Dagster's UI takes over 20,000 partitions, and over those that archiving leaves.

Every batch has an event of each of the assets that are shown, in a real instance on disk. What is timed are the UI's
own questions, answered by the project's definitions in a code server as under `qwenocr ui`.
"""

import asyncio
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BATCHES = 20_000
KEPT = 500
"""Batches of the last 90 days."""
RUNS = 3
_ASSETS = ("documents", "ocr_responses")
_ONE_BY_ONE = 100

_QUESTIONS = {
    "partitions of an asset": """
        query { assetNodeOrError(assetKey: {path: ["ocr_responses"]}) { ... on AssetNode {
            partitionStats { numMaterialized numFailed numPartitions }
            assetPartitionStatuses { ... on DefaultPartitionStatuses {
                materializedPartitions unmaterializedPartitions failedPartitions } } } } }""",
    "the list of keys": """
        query { assetNodeOrError(assetKey: {path: ["documents"]}) { ... on AssetNode {
            partitionKeyConnection(limit: 100000, ascending: false) { results } } } }""",
}


def main() -> None:
    """Measure before and after archiving all but the youngest."""
    print(f"{BATCHES:,} batches in Dagster's list, {KEPT:,} of them young; medians of {RUNS}")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        _instance(Path(folder)) as instance,
    ):
        keys = [f"inbox-{number:012x}" for number in range(BATCHES)]
        instance.add_dynamic_partitions("intake_batches", keys)
        _materialize(instance, Path(folder), keys)
        before = _ui(instance, BATCHES)
        naive = _one_by_one(instance)
        archive = _archive(instance, keys[:-KEPT])
        after = _ui(instance, KEPT)
    print(f"  archiving: {archive:.2f} s; deleting the keys one by one would take {naive * BATCHES:,.0f} s")
    for name in before:
        print(f"  {name}: {before[name]:.2f} s before, {after[name]:.2f} s after")
    slowest = max(after[name] for name in _QUESTIONS)
    _goal("archive_20000_batches_s", f"{archive:.2f}", "<10", archive < 10)
    _goal("ui_after_archiving_s", f"{slowest:.2f}", "<1", slowest < 1)


def _goal(name: str, figure: str, goal: str, reached: bool) -> None:
    print(f"intake.{name} {figure} {goal} {'ok' if reached else 'short'}")


@contextmanager
def _instance(folder: Path) -> Iterator[Any]:
    import dagster as dg

    shutil.copyfile(Path(__file__).parents[1] / "deploy" / "dagster.yaml", folder / "dagster.yaml")
    before = dict(os.environ)
    os.environ.update(DAGSTER_HOME=str(folder), QWENOCR_DATA=str(folder / "data"))
    try:
        with dg.DagsterInstance.get() as instance:
            yield instance
    finally:
        os.environ.clear()
        os.environ.update(before)


def _materialize(instance: Any, folder: Path, keys: list[str]) -> None:
    """One event of each asset for every batch: reported once, then copied, as 20,000 runs would leave them."""
    import dagster as dg

    for asset in _ASSETS:
        instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=keys[0]))
    database = folder / "history" / "runs" / "index.db"
    with sqlite3.connect(database) as con:
        columns = [row[1] for row in con.execute("PRAGMA table_info(event_logs)") if row[1] != "id"]
        for asset in _ASSETS:
            row = dict(
                zip(
                    columns,
                    con.execute(
                        f"SELECT {', '.join(columns)} FROM event_logs WHERE asset_key = ? AND partition = ?",
                        (f'["{asset}"]', keys[0]),
                    ).fetchone(),
                    strict=True,
                )
            )
            copies = (
                [value.replace(keys[0], key) if isinstance(value, str) else value for value in row.values()]
                for key in keys[1:]
            )
            con.executemany(
                f"INSERT INTO event_logs ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                copies,
            )
    con.close()


def _ui(instance: Any, listed: int) -> dict[str, float]:
    """Seconds for each of the UI's questions, and for loading the definitions."""
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import ModuleTarget
    from dagster_graphql.schema import create_schema

    schema = create_schema()
    target = ModuleTarget("qwenocr_assets.definitions", None, str(Path.cwd()), "qwenocr_assets")
    begun = time.perf_counter()
    with WorkspaceProcessContext(instance, target) as workspace:
        seconds = {"loading the definitions": time.perf_counter() - begun}
        for name, question in _QUESTIONS.items():
            took = []
            for _ in range(RUNS):
                begun = time.perf_counter()
                answer = asyncio.run(
                    schema.execute_async(question, context_value=workspace.create_request_context())
                )
                took.append(time.perf_counter() - begun)
                assert not answer.errors, answer.errors
                assert str(answer.data).count("inbox-") == listed, str(answer.data)[:500]
            seconds[name] = statistics.median(took)
    return seconds


def _one_by_one(instance: Any) -> float:
    """Seconds a key, the way that Dagster offers."""
    keys = [f"other-{number}" for number in range(_ONE_BY_ONE)]
    instance.add_dynamic_partitions("others", keys)
    begun = time.perf_counter()
    for key in keys:
        instance.delete_dynamic_partition("others", key)
    return (time.perf_counter() - begun) / _ONE_BY_ONE


def _archive(instance: Any, keys: list[str]) -> float:
    from qwenocr_assets.defs.running.archive import archive_batches

    begun = time.perf_counter()
    archive_batches(instance, keys)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
