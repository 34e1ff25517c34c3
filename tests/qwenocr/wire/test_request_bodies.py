"""Requests on the wire are those of the official SDKs, but for the differences that are listed here."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.prompts import prompt_for
from qwenocr_assets.qwenocr.wire.request_bodies import request_body

SDK: dict[str, Any] = json.loads((Path(__file__).parent / "sdk_requests.json").read_text(encoding="utf-8"))
"""What `dashscope` 2.0.2 and `openai` 3.54.0 put on the wire for the product guide's Python examples and more."""

ROTATE_SAID = "we always say `enable_rotate`, also when it is the default"
TYPE_SAID = "we always say that a text part is one"
SDKS_OWN = "`result_format` is the default of version 2 of that SDK; the endpoint has one format"
DIFFERENCES: dict[str, tuple[str, ...]] = {
    "11_dashscope_local_file": (ROTATE_SAID, TYPE_SAID),
    "13_dashscope_base64": (ROTATE_SAID, TYPE_SAID),
    "20_ds_stream_incremental_true": (ROTATE_SAID,),
    "21_ds_stream_incremental_false_SDK_forces_true": (ROTATE_SAID,),
    "25_ds_async": (ROTATE_SAID,),
    "44_ds_oss_url_given": (ROTATE_SAID,),
    "50_v2_multimodal_native": (ROTATE_SAID, SDKS_OWN),
    "56_v2_stream": (ROTATE_SAID, SDKS_OWN),
    "57_v2_workspace_header": (ROTATE_SAID, SDKS_OWN),
}
"""Everything else has to be equal."""

SERVER_DEFAULT = {"22_ds_stream_default": "we never leave `incremental_output` to the server in a stream"}
"""Recorded, but nothing that we can be made to send."""

EXAMPLES = [name for name in SDK if name not in SERVER_DEFAULT]


def as_we_say_it(body: dict[str, Any], differences: tuple[str, ...]) -> dict[str, Any]:
    for part in body.get("input", body)["messages"][0]["content"]:
        if "text" in part and TYPE_SAID in differences:
            part["type"] = "text"
        if "image" in part and ROTATE_SAID in differences:
            part.setdefault("enable_rotate", False)
    if SDKS_OWN in differences:
        del body["parameters"]["result_format"]
    return body


@pytest.mark.parametrize("name", EXAMPLES)
def test_body_equals_the_sdks(name: str) -> None:
    recorded = SDK[name]["body"]
    is_native = "input" in recorded
    [image, *texts] = recorded.get("input", recorded)["messages"][0]["content"]
    generation = recorded["parameters"] if is_native else recorded
    ocr = generation.get("ocr_options", {})
    given = {
        key: value
        for key, value in {**image, **generation}.items()
        if key in RequestOptions.__dataclass_fields__
    }
    options = RequestOptions(
        **given,
        result_schema=ocr.get("task_config", {}).get("result_schema"),
        prompt=texts[0]["text"] if texts else None,
    )
    body = request_body(
        Protocol.NATIVE if is_native else Protocol.OPENAI,
        recorded["model"],
        image["image"] if is_native else image["image_url"]["url"],
        Task(ocr["task"]) if ocr else Task.CUSTOM_PROMPT,
        options,
        stream=generation.get("stream", "incremental_output" in generation),
    )
    assert json.loads(body) == as_we_say_it(recorded, DIFFERENCES.get(name, ()))


@pytest.mark.parametrize("name", SDK)
def test_path_equals_the_sdks(name: str) -> None:
    protocol = Protocol.NATIVE if "input" in SDK[name]["body"] else Protocol.OPENAI
    region = replace(load_catalogue().region("singapore"), protocol=protocol)
    assert region.generation_url.removeprefix("https://dashscope-intl.aliyuncs.com") == SDK[name]["path"]


def test_unset_options_are_left_to_the_service() -> None:
    body = json.loads(request_body(Protocol.NATIVE, "m", "data:x", Task.TABLE_PARSING, RequestOptions()))
    assert body["input"]["messages"][0]["content"] == [{"image": "data:x", "enable_rotate": False}]
    assert body["parameters"] == {"ocr_options": {"task": "table_parsing"}}


@pytest.mark.parametrize("task", [task for task in Task if task is not Task.CUSTOM_PROMPT])
def test_without_built_in_tasks_the_services_own_prompt_is_sent(task: Task) -> None:
    body = json.loads(request_body(Protocol.OPENAI, "m", "data:x", task, RequestOptions()))
    [image, text] = body["messages"][0]["content"]
    assert image == {"type": "image_url", "image_url": {"url": "data:x"}}
    assert text == {"type": "text", "text": prompt_for(task)}
    assert len(text["text"]) > 50
    assert "ocr_options" not in body


def test_the_schema_stands_in_the_prompt_as_json_in_its_own_script() -> None:
    prompt = prompt_for(Task.KEY_INFORMATION_EXTRACTION, {"発行日": "", "items": [{"名前": ""}]})
    assert prompt.endswith('{"発行日":"","items":[{"名前":""}]}')
