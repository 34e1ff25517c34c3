"""The native dialect: POST /api/v1/services/aigc/multimodal-generation/generation.

Shapes follow the product guide's request and response samples. Differences that cannot be seen on the wire:

* `enable_rotate` is accepted and changes nothing. The service turns the image upright before it reads; the
  embedded engine reads text in every orientation anyway, and gives positions in the image as it was sent.
* sampling parameters (temperature, top_p, seed …) are accepted and change nothing: recognition is deterministic.
* beside the image there may be `own_text`, which the service does not know: the text that the page carries itself.
* `min_pixels` and `max_pixels` count tokens, but the image is read at its own resolution.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from starlette.responses import Response

from qwenocr_assets.engine.wire import fields, prompts
from qwenocr_assets.engine.wire.errors import WireError
from qwenocr_assets.engine.wire.responses import event_stream, json_response, pieces
from qwenocr_assets.engine.wire.usage import Usage
from qwenocr_assets.engine.wire.values import Answer, Instruction, JsonObject, OcrRequest
from qwenocr_assets.qwenocr.tokens import text_tokens

PATH = "/api/v1/services/aigc/multimodal-generation/generation"


def wants_stream(headers: Mapping[str, str]) -> bool:
    """Whether the client asks for server-sent events."""
    return headers.get("x-dashscope-sse", "").casefold() == "enable"


def parse(body: bytes, headers: Mapping[str, str]) -> OcrRequest:
    """Read a request. Raises WireError, and UnreadableImage for its image."""
    request = fields.json_object(body)
    parameters = fields.child(request, "parameters")
    parts = fields.last_user_content(fields.child(request, "input").get("messages"))
    images = [(part["image"], part) for part in parts if "image" in part]
    prompt = "\n".join(fields.text(part) for part in parts if "image" not in part)
    model = fields.model(request)
    return OcrRequest(
        model=model,
        instruction=instruction(fields.child(parameters, "ocr_options"), prompt),
        image=fields.only_image(images, model),
        own_text=fields.own_text(images[0][1]),
        max_tokens=fields.max_tokens(parameters, model),
        stream=wants_stream(headers),
        cumulative=not fields.flag(parameters, "incremental_output"),
    )


def instruction(ocr_options: JsonObject, prompt: str) -> Instruction:
    """With a task the prompt is ignored, as the service does."""
    if (task := ocr_options.get("task")) is None:
        return prompts.by_prompt(prompt)
    return prompts.by_task(task, fields.child(ocr_options, "task_config").get("result_schema"))


def answered(request: OcrRequest, answer: Answer, request_id: str) -> Response:
    """The finished answer, whole or as a stream. A stream carries `ocr_result` only where the answer says so."""
    if request.stream:
        return event_stream(_frames(request, answer, request_id), request_id)
    item: JsonObject = {"text": answer.text, **answer.beside}
    if answer.ocr_result is not None:
        item["ocr_result"] = answer.ocr_result
    return json_response(200, _body([item], answer.finish_reason, answer.usage, request_id), request_id)


def failed(error: WireError, request_id: str) -> Response:
    """A refusal."""
    return json_response(error.code.status, _error_body(error, request_id), request_id)


def failed_in_stream(error: WireError, request_id: str) -> Response:
    """A refusal of a request that asked for a stream: HTTP 200, the real status in a comment of the event."""
    return event_stream([error_event(1, error, request_id)], request_id)


def error_event(number: int, error: WireError, request_id: str) -> bytes:
    """A refusal as the n-th event of a stream."""
    return _frame(number, "error", error.code.status, _error_body(error, request_id))


def _error_body(error: WireError, request_id: str) -> JsonObject:
    return {"code": error.code.native, "message": error.message, "request_id": request_id}


def _body(content: list[Any], finish_reason: str, usage: Usage, request_id: str) -> JsonObject:
    choice = {"finish_reason": finish_reason, "message": {"role": "assistant", "content": content}}
    return {"output": {"choices": [choice]}, "usage": _usage(usage), "request_id": request_id}


def _usage(usage: Usage) -> JsonObject:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"image_tokens": usage.image_tokens, "text_tokens": usage.text_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"text_tokens": usage.output_tokens},
        "image_tokens": usage.image_tokens,
        "total_tokens": usage.total_tokens,
    }


def _frames(request: OcrRequest, answer: Answer, request_id: str) -> Iterator[bytes]:
    """One event per piece of text, with the usage so far, and a last one with the finish reason.

    The finish reason of all but the last is the *string* "null". In a cumulative stream every event holds the
    text so far; in an incremental one each holds its piece, and the last holds nothing.
    """
    written = ""
    number = 0
    for number, piece in enumerate(pieces(answer.text), start=1):
        written += piece
        content = [{"text": written if request.cumulative else piece}]
        so_far = Usage(answer.usage.image_tokens, answer.usage.text_tokens, text_tokens(written))
        yield _frame(number, "result", 200, _body(content, "null", so_far, request_id))
    last: JsonObject = ({"text": written} if request.cumulative else {}) | answer.beside
    if answer.in_stream and answer.ocr_result is not None:
        last["ocr_result"] = answer.ocr_result
    content = [last] if last else []
    yield _frame(number + 1, "result", 200, _body(content, answer.finish_reason, answer.usage, request_id))


def _frame(number: int, event: str, status: int, data: JsonObject) -> bytes:
    return b"id:%d\nevent:%s\n:HTTP_STATUS/%d\ndata:%s\n\n" % (
        number,
        event.encode(),
        status,
        orjson.dumps(data),
    )
