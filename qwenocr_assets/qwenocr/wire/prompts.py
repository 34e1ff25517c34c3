"""The prompt of a request: its text, for the OpenAI-compatible dialect, and its tokens."""

import json
from typing import Any

import orjson

from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.tokens import text_tokens


def prompt_for(task: Task, result_schema: dict[str, Any] | None = None, own_prompt: str | None = None) -> str:
    """The prompt of a task, with the schema's JSON in it where there is one; `own_prompt` for a task without."""
    spec = task.spec
    if spec.prompt is None:
        return own_prompt or ""
    if spec.schema_prompt is not None and result_schema is not None:
        return spec.schema_prompt.replace("{schema}", orjson.dumps(result_schema).decode())
    return spec.prompt


def prompt_tokens(
    task: Task, result_schema: dict[str, Any] | None = None, own_prompt: str | None = None
) -> int:
    """Estimated tokens of the prompt: those of the task's own, and of the schema or text of the user's own in it."""
    spec = task.spec
    if spec.prompt is None:
        return spec.prompt_tokens + text_tokens(own_prompt or "")
    if spec.takes_schema and result_schema is not None:
        return spec.prompt_tokens + text_tokens(json.dumps(result_schema, ensure_ascii=False))
    return spec.prompt_tokens
