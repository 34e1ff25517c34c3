"""The OpenAI-compatible dialect: POST /compatible-mode/v1/chat/completions.

It has no tasks and no rotation; the service's own prompts are recognised instead (`prompts.py`). Shapes
follow the product guide's request and response samples; what `native.py` says of parameters holds here too.
"""

import time
from collections.abc import Iterator, Mapping

import orjson
from starlette.responses import Response

from qwenocr_assets.engine.wire import fields, prompts
from qwenocr_assets.engine.wire.errors import WireError, invalid_parameter
from qwenocr_assets.engine.wire.responses import event_stream, json_response, pieces
from qwenocr_assets.engine.wire.usage import Usage
from qwenocr_assets.engine.wire.values import Answer, JsonObject, OcrRequest

PATH = "/compatible-mode/v1/chat/completions"
PREFIX = "/compatible-mode/"


def parse(body: bytes, _headers: Mapping[str, str]) -> OcrRequest:
    """Read a request. Raises WireError, and UnreadableImage for its image."""
    request = fields.json_object(body)
    parts = fields.last_user_content(request.get("messages"))
    images = [(_url(part), part) for part in parts if "image_url" in part]
    prompt = "\n".join(fields.text(part) for part in parts if "image_url" not in part)
    limit = "max_completion_tokens" if "max_completion_tokens" in request else "max_tokens"
    model = fields.model(request)
    return OcrRequest(
        model=model,
        instruction=prompts.by_prompt(prompt),
        image=fields.only_image(images, model),
        max_tokens=fields.max_tokens(request, model, limit),
        stream=fields.flag(request, "stream"),
        stream_usage=fields.flag(fields.child(request, "stream_options"), "include_usage"),
    )


def _url(part: JsonObject) -> object:
    """The URL, in its object or bare."""
    image_url = part["image_url"]
    if isinstance(image_url, dict):
        return image_url.get("url")
    if isinstance(image_url, str):
        return image_url
    raise invalid_parameter("Input should be a valid dictionary: image_url")


def answered(request: OcrRequest, answer: Answer, request_id: str) -> Response:
    """The finished answer, whole or as a stream."""
    if request.stream:
        return event_stream(_frames(request, answer, request_id), request_id)
    choice = {
        "message": {"role": "assistant", "content": answer.text, **answer.beside, **_result(answer)},
        "finish_reason": answer.finish_reason,
        "index": 0,
        "logprobs": None,
    }
    body = _envelope("chat.completion", request.model, request_id)
    return json_response(200, body | {"choices": [choice], "usage": _usage(answer.usage)}, request_id)


def _result(answer: Answer) -> JsonObject:
    return {"ocr_result": answer.ocr_result} if answer.in_chat and answer.ocr_result is not None else {}


def failed(error: WireError, request_id: str) -> Response:
    """A refusal; the same for a request that asked for a stream, since none has begun."""
    return json_response(error.code.status, _error_body(error, request_id), request_id)


def error_event(_number: int, error: WireError, request_id: str) -> bytes:
    """A refusal inside a stream that has begun."""
    return _frame(_error_body(error, request_id))


def _error_body(error: WireError, request_id: str) -> JsonObject:
    fault = {
        "message": error.message,
        "type": "invalid_request_error" if error.code.status < 500 else "server_error",
        "param": None,
        "code": error.code.compatible,
    }
    return {"error": fault, "request_id": request_id}


def _envelope(kind: str, model: str, request_id: str) -> JsonObject:
    return {
        "id": f"chatcmpl-{request_id}",
        "object": kind,
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": None,
    }


def _usage(usage: Usage) -> JsonObject:
    return {
        "prompt_tokens": usage.input_tokens,
        "prompt_tokens_details": {"image_tokens": usage.image_tokens, "text_tokens": usage.text_tokens},
        "completion_tokens": usage.output_tokens,
        "completion_tokens_details": {"text_tokens": usage.output_tokens},
        "total_tokens": usage.total_tokens,
    }


def _frames(request: OcrRequest, answer: Answer, request_id: str) -> Iterator[bytes]:
    """The role, the pieces of text, the finish reason, the usage if asked for, and the end mark."""
    envelope = _envelope("chat.completion.chunk", request.model, request_id)

    def chunk(delta: JsonObject, finish_reason: str | None) -> bytes:
        choice = {"delta": delta, "finish_reason": finish_reason, "index": 0, "logprobs": None}
        return _frame(envelope | {"choices": [choice], "usage": None})

    yield chunk({"role": "assistant", "content": ""}, None)
    for piece in pieces(answer.text):
        yield chunk({"content": piece}, None)
    result = _result(answer) if answer.in_stream else {}
    yield chunk({"content": "", **answer.beside, **result}, answer.finish_reason)
    if request.stream_usage:
        yield _frame(envelope | {"choices": [], "usage": _usage(answer.usage)})
    yield b"data: [DONE]\n\n"


def _frame(data: JsonObject) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(data)
