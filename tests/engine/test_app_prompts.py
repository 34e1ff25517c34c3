"""Prompts and task names, and what the engine takes them to ask for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.engine.wire.errors import WireError
from qwenocr_assets.engine.wire.prompts import by_prompt, by_task
from qwenocr_assets.qwenocr.tasks import Task

SCHEMA = {"Ride Date": "YYYY-MM-DD, e.g. 2025-03-05", "Invoice Number": "digits only"}

FILL_ENGLISH = (
    "Assume you are an information extraction expert. You are given a JSON schema. Fill the value part of this "
    "schema with information from the image. Note that if the value is a list, the schema will provide a "
    "template for each element. The content of the input JSON schema is as follows: "
)
FILL_CHINESE = (
    "假设你是一名信息提取专家。现在给你一个JSON模式，用图像中的信息填充该模式的值部分。"
    "请按要求输出结果。输入的JSON模式内容如下: "
)
# The guide's sample lays its prompt out over indented lines and ends it with a full stop after the schema.
FILL_JAPANESE = (
    "あなたは情報抽出の専門家であると仮定します。JSON スキーマが与えられます。このスキーマの値の部分を"
    "画像からの情報で埋めてください。\n            対応する値がない場合は、null で埋めてください。\n\n        "
)
TICKET = (
    "\n列車乗車券の画像から抽出してください。クエスチョンマーク (?) に置き換えてください。\n"
    "データを JSON 形式で返してください:{'Invoice Number': 'xxx', 'Passenger Name': 'xxx'}\n"
)


@pytest.mark.parametrize(
    ("prompt", "task", "schema"),
    [
        pytest.param("", Task.TEXT_RECOGNITION, None, id="none"),
        pytest.param(
            "Please output only the text content from the image without any additional descriptions or "
            "formatting.",
            Task.TEXT_RECOGNITION,
            None,
            id="text, English",
        ),
        pytest.param(
            "画像からテキストコンテンツのみを出力し、追加の説明やフォーマットは含めないでください。",
            Task.TEXT_RECOGNITION,
            None,
            id="text, Japanese",
        ),
        pytest.param(
            "Locate all text lines and return the coordinates of the rotated rectangle "
            "([cx, cy, width, height, angle]).",
            Task.ADVANCED_RECOGNITION,
            None,
            id="lines, English",
        ),
        pytest.param(
            "すべてのテキスト行を特定し、回転した長方形の座標 ([cx, cy, width, height, angle]) を返します。",
            Task.ADVANCED_RECOGNITION,
            None,
            id="lines, Japanese",
        ),
        pytest.param(
            FILL_ENGLISH + json.dumps(SCHEMA), Task.KEY_INFORMATION_EXTRACTION, SCHEMA, id="schema, English"
        ),
        pytest.param(
            FILL_CHINESE + json.dumps(SCHEMA, ensure_ascii=False) + "。",
            Task.KEY_INFORMATION_EXTRACTION,
            SCHEMA,
            id="schema, Chinese",
        ),
        pytest.param(
            FILL_JAPANESE + json.dumps(SCHEMA, indent=10) + "\n        。",
            Task.KEY_INFORMATION_EXTRACTION,
            SCHEMA,
            id="schema, Japanese, laid out",
        ),
        pytest.param(
            FILL_ENGLISH + "{'Name': \"it's {here}\", 'Items': [{'Price': ''}]}",
            Task.KEY_INFORMATION_EXTRACTION,
            {"Name": "it's {here}", "Items": [{"Price": ""}]},
            id="schema with nesting, quotes and braces in strings",
        ),
        pytest.param(
            "Assume you are an information extraction expert. Please extract all key-value pairs from the "
            "image, with the result in JSON dictionary format.",
            Task.KEY_INFORMATION_EXTRACTION,
            None,
            id="all pairs, English",
        ),
        pytest.param(
            "In a safe, sandbox environment, you're tasked with converting tables from a synthetic image into "
            "HTML. Transcribe each table using <tr> and <td> tags. Begin.",
            Task.TABLE_PARSING,
            None,
            id="table, English",
        ),
        pytest.param(
            "In a secure sandbox, transcribe the text, tables, and equations in the provided image into LaTeX "
            "format without modification. Begin.",
            Task.DOCUMENT_PARSING,
            None,
            id="document, English",
        ),
        pytest.param(
            "Extract and output the LaTeX representation of the formula from the image, without any additional "
            "text or descriptions.",
            Task.FORMULA_RECOGNITION,
            None,
            id="formula, English",
        ),
        pytest.param(
            TICKET,
            Task.KEY_INFORMATION_EXTRACTION,
            {"Invoice Number": "xxx", "Passenger Name": "xxx"},
            id="the guide's ticket, a single-quoted dict",
        ),
        pytest.param("What does it say?", Task.TEXT_RECOGNITION, None, id="anything else"),
        pytest.param("Use {braces} and {} freely", Task.TEXT_RECOGNITION, None, id="braces, no object"),
        pytest.param(
            "Not {this} but {'a': 'b'}", Task.KEY_INFORMATION_EXTRACTION, {"a": "b"}, id="second brace"
        ),
        pytest.param("{'a': {1, 2}}", Task.TEXT_RECOGNITION, None, id="a Python set is no template"),
        pytest.param("{" * 5000, Task.TEXT_RECOGNITION, None, id="five thousand braces"),
    ],
)
def test_prompt_is_understood(prompt: str, task: Task, schema: dict[str, Any] | None) -> None:
    instruction = by_prompt(prompt)

    assert (instruction.task, instruction.schema) == (task, schema)
    assert instruction.text_tokens > 0


@pytest.mark.parametrize("task", [task for task in Task if task.spec.is_built_in])
def test_every_task_of_the_service_is_known_by_name(task: Task) -> None:
    assert by_task(task.value, None).task is task


def test_only_key_information_extraction_has_a_schema() -> None:
    assert by_task("key_information_extraction", SCHEMA).schema == SCHEMA
    assert by_task("table_parsing", SCHEMA).schema is None


@pytest.mark.parametrize(
    ("name", "schema", "message"),
    [
        pytest.param("ocr", None, "'ocr' is not supported", id="no such task"),
        pytest.param("custom_prompt", None, "not supported", id="ours, not the service's"),
        pytest.param(["table_parsing"], None, "not supported", id="not a string"),
        pytest.param("key_information_extraction", "Name", "JSON object", id="schema is a string"),
        pytest.param("key_information_extraction", {}, "at least one key", id="schema is empty"),
        pytest.param(
            "key_information_extraction", {"a": {"b": {"c": {"d": ""}}}}, "3 levels", id="schema of 4 levels"
        ),
    ],
)
def test_wrong_task_is_refused(name: object, schema: object, message: str) -> None:
    with pytest.raises(WireError, match=message):
        by_task(name, schema)


_LEAVES = st.text(max_size=20) | st.none()
_FLAT = st.dictionaries(st.text(max_size=10), _LEAVES, min_size=1, max_size=4)


@given(
    schema=st.dictionaries(st.text(max_size=10), _LEAVES | _FLAT | st.lists(_FLAT, max_size=2), min_size=1)
)
def test_any_schema_survives_its_prompt(schema: dict[str, Any]) -> None:
    assert by_prompt(FILL_ENGLISH + json.dumps(schema, ensure_ascii=False)).schema == schema
    assert by_prompt(FILL_ENGLISH + repr(schema)).schema == schema
