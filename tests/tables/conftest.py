"""What the tests of the tables share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.flatten import AnsweredPage
from qwenocr_assets.tables.trace import Trace

GUIDE = Path(__file__).parent / "guide"


@pytest.fixture(scope="session")
def guide() -> Callable[[str], Answer]:
    """A sample answer of the product guide by its file's name."""

    def read(name: str) -> Answer:
        return parse_answer(json.loads((GUIDE / f"{name}.json").read_text(encoding="utf-8")))

    return read


@pytest.fixture(scope="session")
def trace() -> Callable[[Task], Trace]:
    """A trace for rows of a task."""
    return lambda task: Trace("batch", "document", "document/1", task, "key")


@pytest.fixture(scope="session")
def page_rows() -> Callable[..., dict[str, list[dict[str, Any]]]]:
    """All rows of a page of 1,500 × 700 pixels with the given answers."""

    def rows(answers: dict[Task, Answer]) -> dict[str, list[dict[str, Any]]]:
        keyed = {task: (f"key of {task.value}", answer) for task, answer in answers.items()}
        page = AnsweredPage("batch", "document", "document/1", (1500, 700), keyed)
        (tables,) = flatten_document([page], on_page=lambda: None)
        return {name: [dict(row) for row in found] for name, found in tables.items()}

    return rows
