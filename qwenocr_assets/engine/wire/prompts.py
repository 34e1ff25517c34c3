"""What a request asks for: the name of a task, or a prompt.

The OpenAI-compatible dialect has no tasks: clients send the prompt that the service itself uses for one (product
guide, the tables in section Built-in tasks). It is known as a whole, or by a phrase, in English, Chinese and the
Japanese of the guide. Any other prompt that holds a JSON object is taken as a template to fill; a
prompt without one is answered with the page's text.
"""

import ast
import json
from itertools import islice
from typing import Any

from qwenocr_assets.engine.wire.errors import invalid_parameter
from qwenocr_assets.engine.wire.values import Instruction, JsonObject
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.prompts import prompt_tokens

MAX_SCHEMA_DEPTH = 3

_PHRASES: tuple[tuple[Task, tuple[str, ...]], ...] = (
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
"""What the prompts of the tasks that the guide shows are known by when the words around differ."""

_MAX_TEMPLATE_STARTS = 64
"""Opening braces tried in one prompt, so that a hostile one costs little."""


def by_task(name: object, schema: object) -> Instruction:
    """The instruction for `ocr_options.task` and its `result_schema`, None if there is none.

    Raises WireError for a name that is no task, and for a schema that is no JSON object of at most three levels.
    """
    built_in = {task.value: task for task in Task if task.spec.is_built_in}
    if not isinstance(name, str) or name not in built_in:
        raise invalid_parameter(
            f"The task {name!r} is not supported. It should be one of: {', '.join(built_in)}"
        )
    task = built_in[name]
    if not task.spec.takes_schema or schema is None:
        return Instruction(task, prompt_tokens(task))
    if not isinstance(schema, dict) or not schema:
        raise invalid_parameter("result_schema should be a JSON object with at least one key.")
    return _extraction(task, schema)


def by_prompt(prompt: str) -> Instruction:
    """The instruction for a prompt in the user's or in the service's own words; empty asks for the text.

    Raises WireError for a template of more than three levels.
    """
    plain = _plain(prompt)
    if not plain:
        return Instruction(Task.TEXT_RECOGNITION, prompt_tokens(Task.TEXT_RECOGNITION))
    if task := _task_of(plain):
        if task.spec.takes_schema and (template := _template(prompt)):
            return _extraction(task, template)
        return Instruction(task, prompt_tokens(task))
    tokens = prompt_tokens(Task.CUSTOM_PROMPT, own_prompt=prompt)
    if template := _template(prompt):
        return Instruction(Task.KEY_INFORMATION_EXTRACTION, tokens, _shallow(template))
    return Instruction(Task.TEXT_RECOGNITION, tokens)


def _task_of(plain: str) -> Task | None:
    """The task whose prompt this is: the longest that it holds as a whole, else one that it shares a phrase with."""
    whole = [
        (len(words), task)
        for task in Task
        for words in (
            _plain(task.spec.prompt),
            _plain((task.spec.schema_prompt or "").partition("{schema}")[0]),
        )
        if words and words in plain
    ]
    if whole:
        return max(whole, key=lambda found: found[0])[1]
    return next((task for task, phrases in _PHRASES if any(phrase in plain for phrase in phrases)), None)


def _plain(prompt: str | None) -> str:
    return " ".join((prompt or "").split()).casefold()


def _extraction(task: Task, schema: JsonObject) -> Instruction:
    return Instruction(task, prompt_tokens(task, _shallow(schema)), schema)


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
