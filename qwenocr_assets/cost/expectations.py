"""How many output tokens to expect: what the project's own answers needed, and published figures until there are some.

An answer's length depends on the documents. Costs are added up over many pages, so it is the mean that is expected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_REQUESTS, OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.scan import BatchFile, batch_files, scan

PUBLISHED = "published"
"""An expectation taken from the task's published figure."""

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
    if model.price().is_free:
        return Expectations()
    answers = _newest_answers(
        data,
        (pc.field("model") == model.name)
        & pc.field("output_tokens").is_valid()
        & pc.field("reused_from").is_null()
        & pc.field("status").isin([AnswerStatus.OK.value, AnswerStatus.PARTIAL.value]),
    )
    asked = set(pc.unique(answers["batch_id"]).to_pylist())
    requests = scan(data, OCR_REQUESTS, [*OCR_REQUESTS.primary_key, "route"], batch_ids=asked)
    table = answers.join(requests, list(OCR_REQUESTS.primary_key), join_type="inner")
    return Expectations(
        {task: e for (task,), e in _means(table, ["task"], "this task").items()},
        {(t, r): e for (t, r), e in _means(table, ["task", "route"], "this task and route").items()},
    )


def _newest_answers(data: DataFolder, wanted: pc.Expression) -> pa.Table:
    """The wanted answers of the newest batches: those with files of their own by time of writing, then compacted ones
    by their last answer, for only what was not written for a while is compacted."""
    columns = [*OCR_RESPONSES.primary_key, "output_tokens", "answered_at"]
    files = batch_files(data, OCR_RESPONSES).values()
    own = [file for file in files if file.compacted is None]
    if len(own) > _MOST_BATCHES:
        own.sort(key=_written_at, reverse=True)
    newest = {file.batch_id for file in own[:_MOST_BATCHES]}
    answers = scan(data, OCR_RESPONSES, columns, wanted, batch_ids=newest)
    compacted = {file.batch_id for file in files if file.compacted is not None}
    if not compacted or len(newest) == _MOST_BATCHES:
        return answers
    settled = scan(data, OCR_RESPONSES, columns, wanted, batch_ids=compacted)
    last = settled.group_by("batch_id").aggregate([("answered_at", "max")])
    last = last.sort_by([("answered_at_max", "descending"), ("batch_id", "ascending")])
    these = last["batch_id"].slice(0, _MOST_BATCHES - len(newest))
    return pa.concat_tables([answers, settled.filter(pc.is_in(settled["batch_id"], these))])


def _written_at(file: BatchFile) -> float:
    try:
        return file.path.stat().st_mtime
    except FileNotFoundError:  # compacted meanwhile, so it was not written for a while
        return 0.0


def _means(table: pa.Table, by: list[str], kind: str) -> dict[tuple[str, ...], Expectation]:
    groups = table.group_by(by).aggregate([("output_tokens", "mean"), ("output_tokens", "count")])
    return {
        tuple(row[name] for name in by): Expectation(
            round(row["output_tokens_mean"]), f"{row['output_tokens_count']} answers of {kind}"
        )
        for row in groups.to_pylist()
        if row["output_tokens_count"] >= _LEAST_ANSWERS
    }
