"""The Responses dialect: POST /compatible-mode/v1/responses, where a PDF goes whole.

Fields follow the API reference of 2026 and the shapes that the `openai` SDK reads; `ocr_options` stands at the top and
`ocr_result` beside the text of the message. It does not stream here.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from qwenocr_assets.engine.wire import fields, native, prompts
from qwenocr_assets.engine.wire.errors import invalid_parameter
from qwenocr_assets.engine.wire.images import file_content
from qwenocr_assets.engine.wire.pdfs import pdf_pages
from qwenocr_assets.engine.wire.responses import json_response
from qwenocr_assets.engine.wire.values import Answer, JsonObject, OcrRequest, most_pdf_pages

PATH = "/compatible-mode/v1/responses"


def parse(body: bytes, _headers: Mapping[str, str]) -> OcrRequest:
    """Read a request. Raises WireError, and UnreadableImage for its image or PDF."""
    request = fields.json_object(body)
    if fields.flag(request, "stream"):
        raise invalid_parameter("The embedded engine does not stream in this dialect.")
    parts = _parts(request.get("input"))
    prompt = "\n".join(fields.text(part) for part in parts if "text" in part)
    images = [(part["image_url"], part) for part in parts if "image_url" in part]
    files = [part for part in parts if part.get("type") == "input_file"]
    model = fields.model(request)
    options = fields.child(request, "ocr_options")
    instruction = native.instruction(options, prompt) if options else prompts.by_prompt(prompt)
    if not files:
        return OcrRequest(
            model=model,
            instruction=instruction,
            image=fields.only_image(images, model),
            max_tokens=fields.max_tokens(request, model, "max_output_tokens"),
        )
    if images or len(files) > 1:
        raise invalid_parameter("One file a request, and no image beside it.")
    most = most_pdf_pages(model, instruction.task)
    if not most:
        raise invalid_parameter(f"The model {model} takes no files.")
    pages = pdf_pages(file_content(_address(files[0])), most)
    if not pages:
        raise invalid_parameter("The file has no pages.")
    return OcrRequest(
        model=model,
        instruction=instruction,
        image=pages[0],
        pages=pages,
        max_tokens=fields.whole_number(request, "max_output_tokens"),
    )


def _parts(given: Any) -> list[JsonObject]:
    """The parts of the last message of the user; a text alone is a message."""
    return fields.last_user_content([{"role": "user", "content": given}] if isinstance(given, str) else given)


def _address(part: JsonObject) -> str:
    url = part.get("file_url")
    if not isinstance(url, str):
        raise invalid_parameter("Field required: file_url")
    return url


def answered(request: OcrRequest, answer: Answer, request_id: str) -> Response:
    """The finished answer."""
    item: JsonObject = {"type": "output_text", "text": answer.text, "annotations": [], **answer.beside}
    if answer.ocr_result is not None:
        item["ocr_result"] = answer.ocr_result
    is_cut = answer.finish_reason == "length"
    status = "incomplete" if is_cut else "completed"
    usage = answer.usage
    body = {
        "id": f"resp_{request_id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "error": None,
        "model": request.model,
        "output": [
            {
                "id": f"msg_{request_id}",
                "type": "message",
                "role": "assistant",
                "status": status,
                "content": [item],
            }
        ],
        "usage": {
            "input_tokens": usage.input_tokens,
            "input_tokens_details": {"image_tokens": usage.image_tokens, "text_tokens": usage.text_tokens},
            "output_tokens": usage.output_tokens,
            "output_tokens_details": {"text_tokens": usage.output_tokens},
            "total_tokens": usage.total_tokens,
        },
    }
    return json_response(200, body, request_id)
