"""Files dropped in data/reviews become corrections; the warehouse follows by itself."""

import json
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from qwenocr_assets.defs.metadata import table_spec
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.routes import load_routes
from qwenocr_assets.intake.scan import Sighting, find_files, settled
from qwenocr_assets.review.intake import import_file
from qwenocr_assets.schemas import CORRECTIONS
from qwenocr_assets.settings import Settings, load_settings, project_root
from qwenocr_assets.storage.data_folder import write_atomically
from qwenocr_assets.tables.typed_values import Notation

corrections = table_spec(CORRECTIONS, group="tables", deps=[])

_RESULT = ".result.txt"
"""Beside each file that was looked at lies another with this behind its name: what came of it."""


@dg.sensor(
    name="reviews_sensor",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Files in data/reviews that lie still are taken into corrections, each once.",
)
def reviews_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    return watch_reviews(load_settings(), context.cursor, datetime.now(UTC))


def watch_reviews(settings: Settings, cursor: str | None, now: datetime) -> dg.SensorResult | dg.SkipReason:
    """One look at the folder.

    A file is looked at again only when it has changed. A file that cannot be read stays, with a message beside it. A
    lost cursor does no harm: what was taken before is known.
    """
    folder = settings.data_folder.reviews
    if not folder.exists():
        return dg.SkipReason(
            f"{folder} does not exist yet: make it, and drop Label Studio exports or sheets there."
        )
    state: dict[str, Any] = json.loads(cursor) if cursor else {"sightings": {}, "done": {}}
    sightings = {
        name: Sighting(
            size, datetime.fromisoformat(modified) if modified else None, datetime.fromisoformat(since)
        )
        for name, (size, modified, since) in state["sightings"].items()
    }
    done: dict[str, list[Any]] = state["done"]
    found = [f for f in find_files(folder) if not f.name.endswith(_RESULT)]
    waiting = [f for f in found if done.get(f.name) != [f.size_bytes, _iso(f.modified_at)]]
    ready, sightings = settled(waiting, sightings, settings.settle_seconds, now)
    events = []
    for file in ready:
        outcome, taken = _import(settings, file.name, now)
        write_atomically(folder / f"{file.name}{_RESULT}", outcome.encode())
        done[file.name] = [file.size_bytes, _iso(file.modified_at)]
        if taken:
            events.append(
                dg.AssetMaterialization(
                    CORRECTIONS.name, description=outcome, metadata={"corrections": taken, "file": file.name}
                )
            )
    there = {f.name for f in found}
    cursor = json.dumps(
        {
            "sightings": {
                n: [s.size_bytes, _iso(s.modified_at), _iso(s.since)] for n, s in sightings.items()
            },
            "done": {name: seen for name, seen in done.items() if name in there},
        },
        ensure_ascii=False,
    )
    return dg.SensorResult(
        asset_events=events,
        cursor=cursor,
        skip_reason=None
        if events
        else f"{len(waiting) - len(ready)} files in {folder} have not settled yet.",
    )


def notations(settings: Settings) -> dict[str, Notation]:
    """How each route's documents write dates and numbers."""
    routes = load_routes(settings.routes, project_root())
    return {route.name: Notation(route.date_order, route.decimal) for route in routes}


def _import(settings: Settings, name: str, now: datetime) -> tuple[str, int]:
    """What came of a file, for people, and how many corrections were new."""
    try:
        done = import_file(
            settings.data_folder,
            settings.data_folder.reviews / name,
            by=None,
            now=now,
            notations=notations(settings),
            ledger_url=settings.ledger_url,
        )
    except RejectedInput as error:
        return f"{error}\n", 0
    return "\n".join(done.lines()) + "\n", len(done.taken.corrections)


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
