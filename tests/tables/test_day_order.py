"""Who decides which of `03/04/2025` is the day, where the value and those beside it do not."""

import json
from datetime import date

import pytest

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.batch import flatten_batch

D, M, OPEN = date(2025, 4, 3), date(2025, 3, 4), None


def days(
    documents: dict[str, tuple[str, tuple[str, ...]]], route_of: dict[str, str] | None = None
) -> dict[str, date]:
    """What the key `date` of each document is read as, from its value there and its lines."""
    pages, requests, answers = [], [], {}
    for name, (value, lines) in documents.items():
        page = {
            "batch_id": "b",
            "document_id": name,
            "page_id": name,
            "width_px": 900,
            "height_px": 900,
            "status": "ready",
        }
        pages.append(page)
        said = {
            Task.KEY_INFORMATION_EXTRACTION: json.dumps({"date": value}),
            Task.TEXT_RECOGNITION: "\n".join(lines),
        }
        for task, text in said.items():
            key = f"{name} {task}"
            route = (route_of or {}).get(name, "r")
            requests.append(
                {
                    "request_key": key,
                    "page_id": name,
                    "task": task.value,
                    "route": route,
                    "options": RequestOptions().to_json(),
                }
            )
            answers[key] = Answer(text)
    tables = flatten_batch(requests, pages, answers, on_page=lambda: None)
    return {row["document_id"]: row["value_date"] for row in tables["key_values"]}


@pytest.mark.parametrize(
    ("value", "lines", "day"),
    [
        pytest.param("03/04/2025", (), OPEN, id="nothing says so"),
        pytest.param("03/04/2025", ("Printed 24/03/2025 10:00",), D, id="a date inside a line"),
        pytest.param("03/04/2025", ("Printed 03/24/2025 10:00",), M, id="a date inside a line, month first"),
        pytest.param("03/04/2025", ("24/03/2025", "03/24/2025"), OPEN, id="dates that disagree"),
        pytest.param("03/04/2025", ("version 24/13/2025",), OPEN, id="no date"),
        pytest.param("03/04/2025", ("KEDAI ABC SDN. BHD.",), D, id="a company of Malaysia"),
        pytest.param("03/04/2025", ("Muster GmbH", "10115 Berlin"), D, id="a company of Germany"),
        pytest.param("03/04/2025", ("Acme Inc", "Springfield, IL 62704"), M, id="a town of the United States"),
        pytest.param("03/04/2025", ("Acme Inc", "to Muster GmbH", "Springfield, IL 62704"), OPEN, id="both"),
        pytest.param("03/04/2025", ("24/03/2025", "Springfield, IL 62704"), D, id="dates before countries"),
        pytest.param("03/04/25", ("KEDAI ABC SDN BHD",), D, id="a year of two digits"),
        pytest.param("03-04-25", ("KEDAI ABC SDN BHD",), D, id="a year of two digits that might stand first"),
        pytest.param("03/24/25", (), date(2025, 3, 24), id="24 is no month"),
        pytest.param("03/04/62", ("KEDAI ABC SDN BHD",), OPEN, id="of any century"),
    ],
)  # fmt: skip
def test_what_a_document_says(value: str, lines: tuple[str, ...], day: date | None) -> None:
    assert days({"it": (value, lines)}) == {"it": day}


@pytest.mark.parametrize(
    ("siblings", "routes", "lines", "day"),
    [
        pytest.param(["24/03/2025"] * 5, {}, (), D, id="five"),
        pytest.param(["24/03/2025"] * 4, {}, (), OPEN, id="too few"),
        pytest.param(["24/03/2025"] * 5 + ["03/24/2025"], {}, (), OPEN, id="that disagree"),
        pytest.param(["24/03/2025"] * 4 + ["03/04/2025"], {}, (), OPEN, id="of which one is open itself"),
        pytest.param(["24/03/2025"] * 5, {"it": "other"}, (), OPEN, id="of another route"),
        pytest.param(["24/03/2025"] * 5, {}, ("03/24/2025",), M, id="that are not asked"),
        pytest.param(["24/03/2025"] * 5, {}, ("Springfield, IL 62704",), OPEN, id="of another country"),
    ],
)
def test_what_siblings_say(
    siblings: list[str], routes: dict[str, str], lines: tuple[str, ...], day: date | None
) -> None:
    documents = {str(at): (value, ()) for at, value in enumerate(siblings)}
    assert days({**documents, "it": ("03/04/2025", lines)}, routes)["it"] == day


def test_a_birth_is_of_any_century() -> None:
    answer = {"date_of_birth": "24/03/25", "issue_date": "24/03/25"}
    page = {
        "batch_id": "b",
        "document_id": "d",
        "page_id": "p",
        "width_px": 9,
        "height_px": 9,
        "status": "ready",
    }
    request = {
        "request_key": "k",
        "page_id": "p",
        "task": "key_information_extraction",
        "route": "r",
        "options": RequestOptions().to_json(),
    }
    tables = flatten_batch([request], [page], {"k": Answer(json.dumps(answer))}, on_page=lambda: None)
    assert [(row["key"], row["value_date"]) for row in tables["key_values"]] == [
        ("date_of_birth", None), ("issue_date", date(2025, 3, 24)),
    ]  # fmt: skip
