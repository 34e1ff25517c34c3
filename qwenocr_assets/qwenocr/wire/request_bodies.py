"""Requests on the wire: their JSON in each dialect.

Where parameters stand is the same in the product guide's samples and in what the official SDKs send: pixel limits
and `enable_rotate` beside the image, task options and generation parameters under `parameters` (native) or at the
top (OpenAI-compatible). In the Responses dialect task options stand at the top as well (API reference, 2026).
"""

from secrets import token_hex
from typing import Any

import orjson
import pybase64

from qwenocr_assets.qwenocr.images import FileBytes
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.prompts import prompt_for

_FILE = f"file-{token_hex(16)}"
"""Where the image or PDF goes; no prompt or schema can hold it."""

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
    protocol: Protocol,
    model: str,
    file: FileBytes | str,
    task: Task,
    options: RequestOptions,
    *,
    own_text: str | None = None,
    stream: bool = False,
    is_pdf: bool = False,
) -> bytes:
    """The body as UTF-8 JSON, the image or PDF in it as a data URL, or as the address that is given.

    Its base64 is put into the finished JSON: written through the encoder it would be copied four times, and with
    hundreds of images in flight those copies are most of the memory.

    `own_text` goes into the native dialect alone, beside the image.

    Raises:
        ValueError: a PDF in another dialect than that of the Responses API, or a stream of that.
    """
    if stream if protocol is Protocol.RESPONSES else is_pdf:
        raise ValueError("A PDF goes in the Responses dialect, and that is not streamed.")
    address = file if isinstance(file, str) else _FILE
    match protocol:
        case Protocol.NATIVE:
            written = _native(model, address, task, options, own_text, stream)
        case Protocol.OPENAI:
            written = _compatible(model, address, task, options, stream)
        case Protocol.RESPONSES:
            written = _responses(model, address, task, options, is_pdf)
    body = orjson.dumps(written)
    if isinstance(file, str):
        return body
    head, tail = body.split(_FILE.encode())
    return b"".join((head, file.data_url_prefix.encode(), pybase64.b64encode(file.data), tail))


def _native(
    model: str, image: str, task: Task, options: RequestOptions, own_text: str | None, stream: bool
) -> dict[str, Any]:
    part: dict[str, Any] = {"image": image, **_pixel_limits(options), "enable_rotate": options.enable_rotate}
    if own_text is not None:
        part["own_text"] = orjson.Fragment(own_text)
    content: list[dict[str, Any]] = [part]
    parameters = _generation(options)
    if stream:
        parameters["incremental_output"] = True
    if task.spec.is_built_in:
        parameters["ocr_options"] = _ocr_options(task, options)
    else:
        content.extend(_text_part(options.prompt))
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


def _responses(model: str, file: str, task: Task, options: RequestOptions, is_pdf: bool) -> dict[str, Any]:
    part: dict[str, Any] = (
        {"type": "input_file", "file_url": file}
        if is_pdf
        else {"type": "input_image", "image_url": file, **_pixel_limits(options)}
    )
    content = [part]
    generation = _generation(options)
    if "max_tokens" in generation:
        generation["max_output_tokens"] = generation.pop("max_tokens")
    if task.spec.is_built_in:
        generation["ocr_options"] = _ocr_options(task, options)
    elif options.prompt:
        content.append({"type": "input_text", "text": options.prompt})
    return {"model": model, "input": [{"role": "user", "content": content}], **generation}


def _text_part(prompt: str | None) -> list[dict[str, Any]]:
    return [{"type": "text", "text": prompt}] if prompt else []


def _pixel_limits(options: RequestOptions) -> dict[str, int]:
    limits = {"min_pixels": options.min_pixels, "max_pixels": options.max_pixels}
    return {name: value for name, value in limits.items() if value is not None}


def _generation(options: RequestOptions) -> dict[str, Any]:
    chosen = {name: value for name in _GENERATION if (value := getattr(options, name)) is not None}
    return chosen | ({"logprobs": True} if options.logprobs else {})


def _ocr_options(task: Task, options: RequestOptions) -> dict[str, Any]:
    if task.spec.takes_schema and options.result_schema is not None:
        return {"task": task.value, "task_config": {"result_schema": options.result_schema}}
    return {"task": task.value}
