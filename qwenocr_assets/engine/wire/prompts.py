"""What a request asks for: the name of a task, or a prompt.

The OpenAI-compatible dialect has no tasks: clients send the prompt that the service itself uses for one (product
guide, the tables in section Built-in tasks). `_OWN_PROMPTS` knows them by a phrase, in English, Chinese and
the Japanese of the guide. Any other prompt that holds a JSON object is taken as a template to fill; a
prompt without one is answered with the page's text.
"""

import ast
import json
from itertools import islice
from typing import Any

from qwenocr_assets.engine.wire.errors import invalid_parameter
from qwenocr_assets.engine.wire.usage import estimate_tokens
from qwenocr_assets.engine.wire.values import Instruction, JsonObject
from qwenocr_assets.qwenocr.tasks import Task

BUILT_IN_TASKS = tuple(task for task in Task if task is not Task.CUSTOM_PROMPT)
MAX_SCHEMA_DEPTH = 3

_TASK_TOKENS = {
    Task.ADVANCED_RECOGNITION: 33,
    Task.TEXT_RECOGNITION: 35,
    Task.MULTI_LAN: 35,
    Task.FORMULA_RECOGNITION: 39,
    Task.DOCUMENT_PARSING: 66,
    Task.TABLE_PARSING: 85,
    Task.KEY_INFORMATION_EXTRACTION: 150,
}
"""Input tokens of each task's own prompt: input less image tokens in the guide's samples, which for
key_information_extraction (211) hold a schema as well: the schema's estimate comes on top of the 150."""

_CHAT_TOKENS = 18
"""What the conversation's frame adds to a prompt: 35 tokens for text_recognition, whose prompt has 17."""

_OWN_PROMPTS = (
    (
        Task.KEY_INFORMATION_EXTRACTION,
        (
            "extract all key-value pairs from the image",
            "fill the value part of this schema",
            "用图像中的信息填充该模式的值部分",
            "画像からすべてのキーと値のペアを抽出",
            "このスキーマの値の部分を画像からの情報で埋め",
        ),
    ),
    (
        Task.TABLE_PARSING,
        (
            "converting tables from a synthetic image into html",
            "合成画像からテーブルを html に変換する",
        ),
    ),
    (
        Task.DOCUMENT_PARSING,
        (
            "transcribe the text, tables, and equations in the provided image into latex",
            "画像からテキスト、テーブル、数式を修正せずに latex 形式に転写",
        ),
    ),
    (
        Task.FORMULA_RECOGNITION,
        (
            "extract and output the latex representation of the formula",
            "画像から数式の latex 表現を抽出",
        ),
    ),
    (
        Task.ADVANCED_RECOGNITION,
        (
            "locate all text lines and return the coordinates of the rotated rectangle",
            "すべてのテキスト行を特定し、回転した長方形の座標",
        ),
    ),
    (
        Task.TEXT_RECOGNITION,
        (
            "output only the text content from the image",
            "画像からテキストコンテンツのみを出力",
        ),
    ),
)

_MAX_TEMPLATE_STARTS = 64
"""Opening braces tried in one prompt, so that a hostile one costs little."""


def by_task(name: object, schema: object) -> Instruction:
    """The instruction for `ocr_options.task` and its `result_schema`, None if there is none.

    Raises WireError for a name that is no task, and for a schema that is no JSON object of at most three levels.
    """
    if not isinstance(name, str) or name not in BUILT_IN_TASKS:
        raise invalid_parameter(
            f"The task {name!r} is not supported. It should be one of: {', '.join(BUILT_IN_TASKS)}"
        )
    task = Task(name)
    if task is not Task.KEY_INFORMATION_EXTRACTION or schema is None:
        return Instruction(task, _TASK_TOKENS[task])
    if not isinstance(schema, dict) or not schema:
        raise invalid_parameter("result_schema should be a JSON object with at least one key.")
    return _extraction(schema)


def by_prompt(prompt: str) -> Instruction:
    """The instruction for a prompt in the user's or in the service's own words; empty asks for the text.

    Raises WireError for a template of more than three levels.
    """
    plain = " ".join(prompt.split()).casefold()
    if not plain:
        return Instruction(Task.TEXT_RECOGNITION, _TASK_TOKENS[Task.TEXT_RECOGNITION])
    for task, phrases in _OWN_PROMPTS:
        if any(phrase in plain for phrase in phrases):
            if task is Task.KEY_INFORMATION_EXTRACTION and (template := _template(prompt)):
                return _extraction(template)
            return Instruction(task, _TASK_TOKENS[task])
    tokens = _CHAT_TOKENS + estimate_tokens(prompt)
    if template := _template(prompt):
        return Instruction(Task.KEY_INFORMATION_EXTRACTION, tokens, _shallow(template))
    return Instruction(Task.TEXT_RECOGNITION, tokens)


def _extraction(schema: JsonObject) -> Instruction:
    written = json.dumps(_shallow(schema), ensure_ascii=False)
    task = Task.KEY_INFORMATION_EXTRACTION
    return Instruction(task, _TASK_TOKENS[task] + estimate_tokens(written), schema)


def _shallow(schema: JsonObject) -> JsonObject:
    if _depth(schema) > MAX_SCHEMA_DEPTH:
        raise invalid_parameter(f"result_schema supports at most {MAX_SCHEMA_DEPTH} levels of nesting.")
    return schema


def _depth(value: Any) -> int:
    """Levels of objects in `value`: 1 for a flat object; lists add none."""
    match value:
        case dict():
            return 1 + max(map(_depth, value.values()), default=0)
        case list():
            return max(map(_depth, value), default=0)
        case _:
            return 0


def _template(prompt: str) -> JsonObject | None:
    """The first JSON object in a prompt that has keys; single-quoted Python dicts count, as in the guide."""
    starts = (i for i, character in enumerate(prompt) if character == "{")
    for start in islice(starts, _MAX_TEMPLATE_STARTS):
        end = _closing_brace(prompt, start)
        if end is not None and (template := _object(prompt[start : end + 1])):
            return template
    return None


def _closing_brace(text: str, start: int) -> int | None:
    """Where the object that opens at `start` closes, braces inside quotes not counted."""
    depth = 0
    quote = ""
    escaped = False
    for i in range(start, len(text)):
        character = text[i]
        if quote:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return i
    return None


def _object(text: str) -> JsonObject | None:
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
            # Through JSON once more: what Python can write and JSON cannot is no template.
            return json.loads(json.dumps(value)) if isinstance(value, dict) else None
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
    return None
