"""Requests: their bodies are the official SDK's, their keys mean the question."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.requests import RequestOptions, request_body, request_key
from qwenocr_assets.qwenocr.tasks import Task

SDK_BODIES: dict[str, Any] = json.loads((Path(__file__).parent / "sdk_bodies.json").read_text())
"""What the official SDK puts on the wire for the product guide's examples."""

IMAGE = b"\x89PNG\r\n\x1a\n and so on"
DATA_URL = "data:image/png;base64," + base64.b64encode(IMAGE).decode()


@pytest.mark.parametrize("name", SDK_BODIES)
def test_body_equals_the_sdks_but_for_the_image(name: str) -> None:
    recorded = SDK_BODIES[name]
    [content, *texts] = recorded["input"]["messages"][0]["content"]
    ocr = recorded["parameters"].get("ocr_options", {})
    task = Task(ocr["task"]) if ocr else Task.CUSTOM_PROMPT
    options = RequestOptions(
        min_pixels=content["min_pixels"],
        max_pixels=content["max_pixels"],
        result_schema=ocr.get("task_config", {}).get("result_schema"),
        prompt=texts[0]["text"] if texts else None,
    )
    content["image"] = DATA_URL
    assert json.loads(request_body(IMAGE, "image/png", task, recorded["model"], options)) == recorded


def test_unset_options_are_left_to_the_service() -> None:
    body = json.loads(request_body(IMAGE, "image/png", Task.TABLE_PARSING, "m", RequestOptions()))
    assert body["input"]["messages"][0]["content"] == [{"image": DATA_URL, "enable_rotate": False}]
    assert body["parameters"] == {"ocr_options": {"task": "table_parsing"}}


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
    ],
    ids=["image", "task", "model", "schema", "pixels", "rotate", "no schema"],
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
