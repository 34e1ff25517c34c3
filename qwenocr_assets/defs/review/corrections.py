"""Files dropped in data/reviews become corrections; the warehouse follows by itself."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from upath import UPath

from qwenocr_assets.defs.metadata import table_spec
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.outgoing import markdown, visible
from qwenocr_assets.schemas import CORRECTIONS, VALIDATION_RESULTS
from qwenocr_assets.steps.corrections import take_corrections
from qwenocr_assets.storage.data_folder import write_atomically

corrections = table_spec(CORRECTIONS, group="tables", deps=[])

_RESULT = ".result.txt"
"""Beside each file that was looked at lies another with this behind its name: what came of it."""


@dg.sensor(
    name="reviews_sensor",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Files in data/reviews that lie still are taken into corrections, each once; rules are checked again.",
)
def reviews_sensor(
    context: dg.SensorEvaluationContext, environment: dg.ResourceParam[Environment]
) -> dg.SensorResult | dg.SkipReason:
    return watch_reviews(environment, context.cursor, datetime.now(UTC))


def watch_reviews(
    environment: Environment, cursor: str | None, now: datetime
) -> dg.SensorResult | dg.SkipReason:
    """One look at the folder.

    A file is looked at again only when it has changed. A file that cannot be read stays, with a message beside it. A
    lost cursor does no harm: what was taken before is known.
    """
    folder = environment.data.reviews
    if not folder.exists():
        return dg.SkipReason(
            visible(f"{folder} does not exist yet: make it, and drop Label Studio exports or sheets there.")
        )
    cursor_now = _Cursor(**json.loads(cursor)) if cursor else _Cursor()
    events: list[dg.AssetMaterialization] = []
    done, since = {}, {}
    for file in find_files(folder):
        look = [file.size_bytes, None if file.modified_at is None else file.modified_at.isoformat()]
        if file.name.endswith(_RESULT):
            continue
        if cursor_now.done.get(file.name) == look:
            done[file.name] = look
            continue
        seen = cursor_now.since.get(file.name)
        still = seen[1] if seen and seen[0] == look else now.timestamp()
        if now.timestamp() - still < environment.settings.settle_seconds:
            since[file.name] = (look, still)
            continue
        outcome, taken = _import(environment, UPath(file.uri), now)
        write_atomically(folder / f"{file.name}{_RESULT}", outcome.encode())
        done[file.name] = look
        events += _events(file.name, outcome, taken)
    return dg.SensorResult(
        asset_events=events,
        cursor=json.dumps(asdict(_Cursor(since, done)), ensure_ascii=False),
        skip_reason=None if events else visible(f"{len(since)} files in {folder} have not settled yet."),
    )


@dataclass(frozen=True, slots=True)
class _Cursor:
    """What the last looks have seen. A file's look is its size and time of change."""

    since: dict[str, Any] = field(default_factory=dict)
    """By name, the look and when it was first seen."""
    done: dict[str, Any] = field(default_factory=dict)
    """By name, the look of what was taken or could not be."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What changed through a file."""

    corrections: int = 0
    results: Mapping[str, int] = field(default_factory=dict)
    """Rows of `validation_results` of the batches whose rules now come to something else."""


def _import(environment: Environment, path: UPath, now: datetime) -> tuple[str, _Taken]:
    """What came of a file, for people, and what it changed."""
    try:
        corrected = take_corrections(environment, path, by=None, now=now)
    except RejectedInput as error:
        return f"{error}\n", _Taken()
    done = corrected.done
    return "\n".join(done.lines()) + "\n", _Taken(len(done.taken.corrections), corrected.results)


def _events(file: str, outcome: str, taken: _Taken) -> Iterator[dg.AssetMaterialization]:
    if taken.corrections:
        yield dg.AssetMaterialization(
            CORRECTIONS.name,
            description=markdown(outcome),
            metadata={"corrections": taken.corrections, "file": visible(file)},
        )
    for batch_id, rows in taken.results.items():
        yield dg.AssetMaterialization(
            VALIDATION_RESULTS.name,
            description="Rules were checked again on what people corrected, without a run.",
            partition=batch_id,
            metadata={"dagster/row_count": rows, "file": visible(file)},
        )
