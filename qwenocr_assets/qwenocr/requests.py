"""What is asked of the service: the request as a value, its key, and its body on the wire."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
import pybase64

from qwenocr_assets.qwenocr.tasks import Task

PROTOCOL = "native"
"""The service's own dialect, `multimodal-generation`: the only one with built-in tasks and positions."""

GENERATION_PATH = "/api/v1/services/aigc/multimodal-generation/generation"


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What a route may set for a request; None leaves the service's default."""

    min_pixels: int | None = None
    max_pixels: int | None = None
    enable_rotate: bool = False
    max_tokens: int | None = None
    result_schema: dict[str, Any] | None = None
    """Keys to extract (key_information_extraction only); None extracts every pair."""
    prompt: str | None = None
    """The prompt of custom_prompt."""

    def to_json(self) -> str:
        """The options that are set, as canonical JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        chosen = {name: value for name, value in values.items() if value is not None and value is not False}
        return orjson.dumps(chosen, option=orjson.OPT_SORT_KEYS).decode()

    @classmethod
    def from_json(cls, text: str) -> "RequestOptions":
        return cls(**orjson.loads(text))


def request_key(page_sha256: str, task: Task, model: str, options: RequestOptions) -> str:
    """The identity of a request: the same key means the same question, which is never paid for twice.

    32 hexadecimal digits over page image, task, model, options (with schema and prompt) and protocol.
    """
    parts = (page_sha256, task.value, model, options.to_json(), PROTOCOL)
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]


def request_body(image: bytes, media_type: str, task: Task, model: str, options: RequestOptions) -> bytes:
    """The body as UTF-8 JSON, the image as a data URL.

    Pixel limits and `enable_rotate` stand beside `image`, task options under `parameters`
    (product guide, section Built-in tasks; so does the official SDK).
    """
    part: dict[str, Any] = {"image": f"data:{media_type};base64,{pybase64.b64encode(image).decode('ascii')}"}
    if options.min_pixels is not None:
        part["min_pixels"] = options.min_pixels
    if options.max_pixels is not None:
        part["max_pixels"] = options.max_pixels
    part["enable_rotate"] = options.enable_rotate
    content: list[dict[str, Any]] = [part]
    parameters: dict[str, Any] = {}
    if options.max_tokens is not None:
        parameters["max_tokens"] = options.max_tokens
    if task is Task.CUSTOM_PROMPT:
        content.append({"type": "text", "text": options.prompt or ""})
    else:
        parameters["ocr_options"] = _ocr_options(task, options)
    return orjson.dumps(
        {
            "model": model,
            "parameters": parameters,
            "input": {"messages": [{"role": "user", "content": content}]},
        }
    )


def _ocr_options(task: Task, options: RequestOptions) -> dict[str, Any]:
    if task is Task.KEY_INFORMATION_EXTRACTION and options.result_schema is not None:
        return {"task": task.value, "task_config": {"result_schema": options.result_schema}}
    return {"task": task.value}
