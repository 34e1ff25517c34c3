"""New files in the inbox become intake batches; new rows bring the warehouse up to date."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from qwenocr_assets.defs.jobs import ocr_batch
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.intake.manifest import Manifest, cut_batches, read_manifest, write_manifest
from qwenocr_assets.intake.scan import Sighting, find_files, settled
from qwenocr_assets.settings import Settings
from qwenocr_assets.storage.data_folder import DataFolder

_MOST_RUNS_A_TICK = 10
"""Submitting a run takes the daemon about 0.1 s, and a tick may take 60 s."""


def inbox_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that watches the inbox.

    It runs by itself with the embedded engine, which is free. With a cloud region a person switches it on in the
    UI: from then on every file that is dropped costs money.
    """
    running = dg.DefaultSensorStatus.RUNNING if settings.region == "local" else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name="inbox_sensor",
        job=ocr_batch,
        minimum_interval_seconds=30,
        default_status=running,
        description="Files in data/inbox that lie still become an intake batch and a run.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        return watch_inbox(settings, context.cursor, datetime.now(UTC))

    return sensor


def watch_inbox(settings: Settings, cursor: str | None, now: datetime) -> dg.SensorResult | dg.SkipReason:
    """One look at the inbox.

    Batches are written as manifests first and asked to run afterwards; the batch id is the run key. So a crash
    between the two, or a reset cursor, neither loses a batch nor runs it twice.
    """
    data = settings.data_folder
    if not data.inbox.exists():
        return dg.SkipReason(f"{data.inbox} does not exist yet: make it, and drop files there.")
    seen = _Cursor.from_json(cursor)
    manifests = _inbox_manifests(data)
    batched = {(f.name, f.size_bytes, f.modified_at) for m in manifests for f in m.files}
    waiting = [f for f in find_files(data.inbox) if (f.name, f.size_bytes, f.modified_at) not in batched]
    ready, sightings = settled(waiting, seen.sightings, settings.settle_seconds, now)
    cut = cut_batches(data.inbox, ready, settings.batch_max_files, settings.batch_max_bytes)
    for manifest in cut:
        write_manifest(data, manifest)

    known = {m.batch_id: m for m in (*manifests, *cut)}
    due = [batch_id for batch_id in known if batch_id not in seen.requested][:_MOST_RUNS_A_TICK]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=batch_id,
                partition_key=batch_id,
                tags={"qwenocr/files": str(len(known[batch_id].files))},
            )
            for batch_id in due
        ],
        dynamic_partitions_requests=[intake_batches.build_add_request(due)] if due else [],
        cursor=_Cursor(sightings, [*seen.requested, *due]).to_json(),
        skip_reason=None if due else f"{len(waiting)} files waiting in {data.inbox}, none settled yet.",
    )


warehouse_automation = dg.AutomationConditionSensorDefinition(
    "warehouse_automation",
    target=dg.AssetSelection.groups("warehouse", "staging", "marts", "publish"),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Brings the warehouse up to date a while after new batches: once per burst, not once per batch.",
)


@dataclass(frozen=True, slots=True)
class _Cursor:
    sightings: dict[str, Sighting] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        return json.dumps(
            {
                "sightings": {
                    name: [s.size_bytes, _iso(s.modified_at), _iso(s.since)]
                    for name, s in self.sightings.items()
                },
                "requested": self.requested,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str | None) -> "_Cursor":
        if not text:
            return cls()
        raw: dict[str, Any] = json.loads(text)
        return cls(
            {
                name: Sighting(size, _time(modified), _time(since) or datetime.now(UTC))
                for name, (size, modified, since) in raw["sightings"].items()
            },
            raw["requested"],
        )


def _inbox_manifests(data: DataFolder) -> list[Manifest]:
    manifests: Iterable[Manifest] = (read_manifest(data, batch_id) for batch_id in data.batch_ids())
    inbox = str(data.inbox)
    return [m for m in manifests if m.created_from == inbox]


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
