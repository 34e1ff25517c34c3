"""Requests on the wire: their JSON in both dialects.

Where parameters stand is the same in the product guide's samples and in what the official SDKs send: pixel limits
and `enable_rotate` beside the image, task options and generation parameters under `parameters` (native) or at the
top (OpenAI-compatible).
"""

from typing import Any

import orjson

from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.prompts import prompt_for

_GENERATION = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "seed",
    "stop",
    "repetition_penalty",
    "presence_penalty",
    "top_logprobs",
)


def request_body(
    protocol: Protocol, model: str, image: str, task: Task, options: RequestOptions, *, stream: bool = False
) -> bytes:
    """The body as UTF-8 JSON; `image` is a data URL or an address."""
    write = _native if protocol is Protocol.NATIVE else _compatible
    return orjson.dumps(write(model, image, task, options, stream))


def _native(model: str, image: str, task: Task, options: RequestOptions, stream: bool) -> dict[str, Any]:
    part = {"image": image, **_pixel_limits(options), "enable_rotate": options.enable_rotate}
    content: list[dict[str, Any]] = [part]
    parameters = _generation(options)
    if stream:
        parameters["incremental_output"] = True
    if task is Task.CUSTOM_PROMPT:
        content.extend(_text_part(options.prompt))
    else:
        parameters["ocr_options"] = _ocr_options(task, options)
    message = {"role": "user", "content": content}
    return {"model": model, "parameters": parameters, "input": {"messages": [message]}}


def _compatible(model: str, image: str, task: Task, options: RequestOptions, stream: bool) -> dict[str, Any]:
    content = [
        {"type": "image_url", "image_url": {"url": image}, **_pixel_limits(options)},
        *_text_part(prompt_for(task, options.result_schema, options.prompt)),
    ]
    body = {"model": model, "messages": [{"role": "user", "content": content}], **_generation(options)}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _text_part(prompt: str | None) -> list[dict[str, Any]]:
    return [{"type": "text", "text": prompt}] if prompt else []


def _pixel_limits(options: RequestOptions) -> dict[str, int]:
    limits = {"min_pixels": options.min_pixels, "max_pixels": options.max_pixels}
    return {name: value for name, value in limits.items() if value is not None}


def _generation(options: RequestOptions) -> dict[str, Any]:
    chosen = {name: value for name in _GENERATION if (value := getattr(options, name)) is not None}
    return chosen | ({"logprobs": True} if options.logprobs else {})


def _ocr_options(task: Task, options: RequestOptions) -> dict[str, Any]:
    if task is Task.KEY_INFORMATION_EXTRACTION and options.result_schema is not None:
        return {"task": task.value, "task_config": {"result_schema": options.result_schema}}
    return {"task": task.value}
