"""A route that asks for what the model cannot do is refused at the quote, with route and task named."""

from typing import Any

import pytest

from qwenocr_assets.asking.catalogue_overrides import configured_catalogue
from qwenocr_assets.cost.requests import check_route, request_options, request_rows
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task

FIRST = "qwen-vl-ocr-2024-10-28"


def refuse(route: dict[str, Any], model: str | None = None, **settings: Any) -> None:
    catalogue = configured_catalogue(**{"region": "beijing", **settings})
    check_route(Route.model_validate({"name": "r", **route}), catalogue.model("beijing", model), catalogue)


@pytest.mark.parametrize(
    ("route", "model", "settings"),
    [
        ({"tasks": ["table_parsing", "formula_recognition"]}, None, {}),
        ({"tasks": ["custom_prompt"], "prompt": "Read."}, FIRST, {}),
        ({"tasks": ["table_parsing"], "max_tokens": 8192}, None, {}),
        ({"tasks": ["table_parsing"], "enable_rotate": True}, None, {}),
    ],
)
def test_what_the_model_can_do_passes(
    route: dict[str, Any], model: str | None, settings: dict[str, Any]
) -> None:
    refuse(route, model, **settings)


@pytest.mark.parametrize(
    ("route", "model", "settings", "says"),
    [
        ({"tasks": ["table_parsing"], "temperature": 2}, None, {}, "temperature is 2.0. It has to be"),
        (
            {"tasks": ["custom_prompt", "table_parsing"], "prompt": "x"},
            FIRST,
            {},
            "table_parsing: .*has no task",
        ),
        ({"tasks": ["table_parsing"], "max_tokens": 5000}, "qwen-vl-ocr-0828", {}, "at most 4096"),
        ({"tasks": ["table_parsing"], "max_pixels": 99_999_999}, None, {}, "max_pixels is 99999999"),
        ({"tasks": ["table_parsing"], "enable_rotate": True}, None, {"protocol": "openai"}, "enable_rotate"),
    ],
)
def test_what_it_cannot_is_refused(
    route: dict[str, Any], model: str | None, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"Route r, task .*{says}"):
        refuse(route, model, **settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.5),
        ("top_p", 0.9),
        ("top_k", 5),
        ("repetition_penalty", 1.05),
        ("presence_penalty", 0.1),
        ("seed", 7),
        ("stop", ["END"]),
    ],
)
def test_generation_parameters_reach_the_request(name: str, value: Any) -> None:
    route = Route.model_validate({"name": "r", "tasks": ["table_parsing"], name: value})
    assert request_options(route, Task.TABLE_PARSING) == RequestOptions(**{name: value})


def test_only_routes_in_use_are_refused() -> None:
    catalogue = configured_catalogue(region="beijing")
    bad = Route.model_validate({"name": "bad", "tasks": ["table_parsing"], "max_tokens": 9000})
    document = {"document_id": "d", "status": "accepted", "route": "bad"}
    page = {"document_id": "d", "status": "ready"}
    model = catalogue.model("beijing")
    with pytest.raises(ConfigurationError, match="Route bad, task table_parsing"):
        request_rows([document], [page], [bad], model, catalogue)
    assert request_rows([document], [{**page, "status": "rejected"}], [bad], model, catalogue) == []
