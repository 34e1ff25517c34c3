"""Requests: a key means the question, and options survive the table they are kept in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import RequestOptions, request_key
from qwenocr_assets.qwenocr.tasks import Task

BASE: dict[str, Any] = {
    "page_sha256": "ab" * 32,
    "task": Task.KEY_INFORMATION_EXTRACTION,
    "model": "qwen-vl-ocr-2025-11-20",
    "options": RequestOptions(result_schema={"total": ""}),
}


@pytest.mark.parametrize(
    "change",
    [
        {"page_sha256": "cd" * 32},
        {"task": Task.TABLE_PARSING},
        {"model": "qwen-vl-ocr"},
        {"options": RequestOptions(result_schema={"total": "", "date": ""})},
        {"options": RequestOptions(result_schema={"total": ""}, max_pixels=1_000_000)},
        {"options": RequestOptions(result_schema={"total": ""}, enable_rotate=True)},
        {"options": RequestOptions()},
        {"options": RequestOptions(result_schema={"total": ""}, temperature=0.0)},
        {"protocol": Protocol.OPENAI},
    ],
    ids=["image", "task", "model", "schema", "pixels", "rotate", "no schema", "sampling", "protocol"],
)
def test_another_question_has_another_key(change: dict[str, Any]) -> None:
    assert request_key(**BASE) != request_key(**{**BASE, **change})


def test_the_key_stays_the_same_between_versions() -> None:
    """A changed key would send every page again, and everybody would pay again."""
    assert request_key(**BASE) == "75ead9ed53182b307766c20c483cc713"


JSON = st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3), max_leaves=6)


@given(
    options=st.builds(
        RequestOptions,
        min_pixels=st.none() | st.integers(1, 10**8),
        enable_rotate=st.booleans(),
        result_schema=st.none() | st.dictionaries(st.text(), JSON, min_size=1, max_size=4),
        prompt=st.none() | st.text(min_size=1),
    )
)
def test_options_survive_the_table_they_are_kept_in(options: RequestOptions) -> None:
    assert RequestOptions.from_json(options.to_json()) == options
