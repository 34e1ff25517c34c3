"""How many output tokens to expect: what the project's own answers needed, and published figures until there are some.

An answer's length depends on the documents. Costs are added up over many pages, so it is the mean that is expected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from upath import UPath

from qwenocr_assets.cost.money import price_of
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_REQUESTS, OCR_RESPONSES, TableSchema
from qwenocr_assets.storage.data_folder import DataFolder

PUBLISHED = "published"
"""An expectation taken from the catalogue's figure for the task."""

_LEAST_ANSWERS = 5
_MOST_BATCHES = 100
"""Batches looked at, newest first: documents change over the years, and quoting must not become slow."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Output tokens to expect, and where that is known from."""

    output_tokens: int
    source: str


@dataclass(frozen=True, slots=True)
class Expectations:
    """What one model's past answers say, by task, and by task and route."""

    by_task: Mapping[str, Expectation] = field(default_factory=dict)
    by_route: Mapping[tuple[str, str], Expectation] = field(default_factory=dict)
    """By task and route."""

    def of(self, task: Task, route: str) -> Expectation | None:
        """The closest that is known; None leaves it to the published figure."""
        return self.by_route.get((task.value, route)) or self.by_task.get(task.value)


def learn_expectations(data: DataFolder, model: Model) -> Expectations:
    """The mean output tokens of this model's past answers, where there are at least five of a kind.

    Nothing is learned of a model that is free: its quote is $0 whatever its answers will be.
    """
    if price_of(model).is_free:
        return Expectations()
    files = _newest(data.table_folder(OCR_RESPONSES.name))
    if not files:
        return Expectations()
    asked = [f for f in files if data.table_file(OCR_REQUESTS.name, f.stem).exists()]
    answers = _read(
        OCR_RESPONSES,
        asked,
        ["batch_id", "page_id", "task", "output_tokens"],
        (pc.field("model") == model.name)
        & pc.field("output_tokens").is_valid()
        & pc.field("reused_from").is_null()
        & pc.field("status").isin(["ok", "partial"]),
    )
    requests = _read(
        OCR_REQUESTS,
        [data.table_file(OCR_REQUESTS.name, f.stem) for f in asked],
        ["batch_id", "page_id", "task", "route"],
    )
    table = answers.join(requests, ["batch_id", "page_id", "task"], join_type="inner")
    return Expectations(
        {task: e for (task,), e in _means(table, ["task"], "this task").items()},
        {(t, r): e for (t, r), e in _means(table, ["task", "route"], "this task and route").items()},
    )


def _newest(folder: UPath) -> list[UPath]:
    files = list(folder.glob("*.parquet")) if folder.exists() else []
    if len(files) > _MOST_BATCHES:
        files.sort(key=lambda f: f.stat().st_mtime, reverse=True)
    return files[:_MOST_BATCHES]


def _read(
    schema: TableSchema, files: Iterable[UPath], columns: list[str], wanted: pc.Expression | None = None
) -> pa.Table:
    files = list(files)
    if not files:
        return schema.arrow.empty_table().select(columns)
    dataset = ds.dataset(
        [str(f.path) for f in files], schema=schema.arrow, filesystem=files[0].fs, format="parquet"
    )
    return dataset.to_table(columns=columns, filter=wanted)


def _means(table: pa.Table, by: list[str], kind: str) -> dict[tuple[str, ...], Expectation]:
    groups = table.group_by(by).aggregate([("output_tokens", "mean"), ("output_tokens", "count")])
    return {
        tuple(row[name] for name in by): Expectation(
            round(row["output_tokens_mean"]), f"{row['output_tokens_count']} answers of {kind}"
        )
        for row in groups.to_pylist()
        if row["output_tokens_count"] >= _LEAST_ANSWERS
    }
