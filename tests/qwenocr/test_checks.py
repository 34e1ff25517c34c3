"""What the service would refuse is refused before it is sent, and the message names what would work."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.errors import ConfigurationError, QwenocrError, RejectedInput
from qwenocr_assets.qwenocr.catalogue import Model, load_catalogue
from qwenocr_assets.qwenocr.checks import check_image, check_request, schema_problem
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.tokens import image_tokens

CATALOGUE = load_catalogue()
LARGE = CATALOGUE.model("beijing", "qwen-vl-ocr-2025-11-20")
SMALL = CATALOGUE.model("beijing", "qwen-vl-ocr-2025-08-28")
FIRST = CATALOGUE.model("beijing", "qwen-vl-ocr-2024-10-28")
LINES = Task.ADVANCED_RECOGNITION


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda m: f"{m.region}-{m.name}")
def test_every_model_takes_its_own_tasks_and_limits(model: Model) -> None:
    for task in model.tasks:
        check_request(model, task, RequestOptions())
        check_request(
            model,
            task,
            RequestOptions(
                min_pixels=model.min_pixels,
                max_pixels=model.max_pixels_limit,
                max_tokens=model.max_output_tokens,
            ),
        )


@pytest.mark.parametrize(
    ("model", "task", "options", "says"),
    [
        (
            FIRST,
            LINES,
            {},
            "2024-10-28 of region beijing has no task advanced_recognition. Models there that have it: "
            "qwen-vl-ocr-2025-11-20, qwen-vl-ocr, qwen3.5-ocr",
        ),
        (
            SMALL,
            LINES,
            {"max_tokens": 4097},
            "max_tokens is 4097; qwen-vl-ocr-2025-08-28 of region beijing gives at most 4096. Lower it, or set model "
            "to qwen-vl-ocr-2025-11-20 or qwen-vl-ocr or qwen3.5-ocr",
        ),
        (LARGE, LINES, {"max_tokens": 8193}, "gives at most 8192. Lower it, or set model to qwen3.5-ocr"),
        (LARGE, LINES, {"max_tokens": 16385}, "gives at most 8192. Lower it.$"),
        (LARGE, LINES, {"max_tokens": 0}, "max_tokens is 0. It has to be at least 1"),
        (LARGE, LINES, {"min_pixels": 3071}, "min_pixels is 3071; .* takes 3072 to 30720000"),
        (SMALL, LINES, {"min_pixels": 3072}, "min_pixels is 3072; .* takes 3136 to 23520000"),
        (LARGE, LINES, {"max_pixels": 30_720_001}, "max_pixels is 30720001; .* takes 3072 to 30720000"),
        (LARGE, LINES, {"max_pixels": 100}, "max_pixels is 100; .* takes 3072"),
        (
            LARGE,
            LINES,
            {"min_pixels": 9000, "max_pixels": 8000},
            r"min_pixels \(9000\) is above max_pixels \(8000\)",
        ),
        (LARGE, LINES, {"min_pixels": 9_000_000}, r"above max_pixels \(8388608, the model's default\)"),
        (
            LARGE,
            Task.KEY_INFORMATION_EXTRACTION,
            {"result_schema": {"a": {"b": {"c": {"d": ""}}}}},
            "nests 4 levels deep; the service takes 3",
        ),
    ],
)
def test_a_request_is_refused_with_the_alternative(
    model: Model, task: Task, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        check_request(model, task, RequestOptions(**options))


def test_rotation_exists_in_the_native_dialect_only() -> None:
    options = RequestOptions(enable_rotate=True)
    check_request(LARGE, LINES, options, protocol="native")
    with pytest.raises(ConfigurationError, match='protocol = "native"'):
        check_request(LARGE, LINES, options, protocol="openai")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("temperature", [0, 0.01, 1.99], [-0.1, 2]),
        ("top_p", [0.001, 1], [0, 1.1]),
        ("repetition_penalty", [0.1, 1.0, 5], [0, -1, float("inf"), float("nan")]),
        ("presence_penalty", [-2, 0, 2], [-2.1, 2.1]),
        ("seed", [0, 2**31 - 1], [-1, 2**31]),
        ("top_logprobs", [0, 5], [-1, 6]),
    ],
)
def test_generation_parameters(name: str, good: list[float], bad: list[float]) -> None:
    for value in good:
        check_request(LARGE, LINES, RequestOptions(**{name: value}))  # type: ignore[arg-type]
    for value in bad:
        with pytest.raises(ConfigurationError, match=f"{name} is {value}. It has to be"):
            check_request(LARGE, LINES, RequestOptions(**{name: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"a": ""}, None),
        ({"発行日": "YYYY-MM-DD"}, None),
        ({"a": {"b": {"c": ""}}}, None),
        ({"items": [{"price": {"value": ""}}]}, None),
        ({"names": [""]}, None),
        ([{"a": ""}], "is a list, and has to be an object"),
        ("a", "is a text, and has to be an object"),
        (None, "is null, and has to be an object"),
        ({}, "is empty"),
        ({"a": {"b": {"c": {"d": ""}}}}, "nests 4 levels"),
        ({"a": [{"b": {"c": {"d": ""}}}]}, "nests 4 levels"),
        ({"a": {"b": 1}}, "has a number at a.b"),
        ({"a": None}, "has null at a;"),
        ({"a": True}, "has true or false at a;"),
        ({"a": {}}, "has no keys at a"),
        ({"a": []}, "has 0 elements in the list a;"),
        ({"a": ["", ""]}, "has 2 elements in the list a;"),
        ({"a": [{"b": 2.5}]}, r"has a number at a[].b"),
    ],
)
def test_a_schema(schema: Any, problem: str | None) -> None:
    found = schema_problem(schema)
    assert found is None if problem is None else problem in (found or "")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_a_schema_or_is_explained(value: Any) -> None:
    problem = schema_problem(value)
    assert problem is None or problem
    if problem is None:
        assert isinstance(value, dict)


@pytest.mark.parametrize(
    ("width", "height", "options", "model", "error", "says"),
    [
        (10, 900, {}, LARGE, RejectedInput, "more than 10 on each side"),
        (900, 10, {}, LARGE, RejectedInput, "more than 10 on each side"),
        (2300, 11, {}, LARGE, RejectedInput, "at most 200:1"),
        (11, 2300, {}, LARGE, RejectedInput, "at most 200:1"),
        (
            8000,
            8000,
            {"max_pixels": 30_720_000},
            LARGE,
            None,
            "",
        ),
        (
            9600,
            3200,
            {"max_pixels": 30_720_000},
            LARGE,
            ConfigurationError,
            "makes 30,002 .* at most 30208000",
        ),
        (
            8400,
            2800,
            {"max_pixels": 23_520_000},
            SMALL,
            ConfigurationError,
            "makes 30,002 .* at most 23128000",
        ),
        (11, 11, {}, LARGE, None, ""),
        (2200, 11, {}, LARGE, None, ""),
        (6000, 3000, {}, LARGE, None, ""),
        (20_000, 15_000, {}, SMALL, None, ""),
    ],
)
def test_an_image(
    width: int,
    height: int,
    options: dict[str, int],
    model: Model,
    error: type[QwenocrError] | None,
    says: str,
) -> None:
    if error is None:
        check_image(width, height, model, RequestOptions(**options))
    else:
        with pytest.raises(error, match=says):
            check_image(width, height, model, RequestOptions(**options))


@given(st.integers(11, 20_000), st.integers(11, 20_000), st.sampled_from([LARGE, SMALL]), st.floats(0, 1))
def test_what_passes_fits_and_what_does_not_fits_as_suggested(
    width: int, height: int, model: Model, share: float
) -> None:
    span = model.max_pixels_limit - model.max_pixels
    options = RequestOptions(max_pixels=model.max_pixels + int(share * span))
    try:
        check_image(width, height, model, options)
    except RejectedInput:
        assert max(width, height) > 200 * min(width, height)
        return
    except ConfigurationError as error:
        suggested = int(error.next_step.rstrip(".").rsplit(" ", 1)[-1])
        options = RequestOptions(max_pixels=suggested)
        check_image(width, height, model, options)
    tokens = image_tokens(
        width,
        height,
        token_pixels=model.token_pixels,
        min_pixels=model.min_pixels,
        max_pixels=options.max_pixels or 0,
    )
    assert tokens <= model.max_image_tokens
