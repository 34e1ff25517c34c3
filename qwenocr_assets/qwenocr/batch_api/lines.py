"""The lines of the files: requests in, results out.

Shapes: product guide, page Batch API (OpenAI compatible), sections Input file and Result file. The order of results
is not promised, so a line's `custom_id`, here the request key, is what joins them.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from qwenocr_assets.qwenocr.answers import Answer, MalformedAnswer
from qwenocr_assets.qwenocr.batch_api.limits import ENDPOINT
from qwenocr_assets.qwenocr.errors import ServiceError, ServiceFault, Unreadable, classify
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.qwenocr.wire.bodies import fault_in, parsed, written
from qwenocr_assets.qwenocr.wire.redaction import Redactor
from qwenocr_assets.qwenocr.wire.request_bodies import request_body


def input_line(
    request_key: str, model: str, image: str | ImageBytes, task: Task, options: RequestOptions
) -> bytes:
    """One line with its end; `image` is its bytes, or an address."""
    body = request_body(Protocol.OPENAI, model, image, task, options)
    head = orjson.dumps({"custom_id": request_key, "method": "POST", "url": ENDPOINT})
    return b'%s,"body":%s}\n' % (head[:-1], body)


@dataclass(frozen=True, slots=True)
class Result:
    """What a line of a result file says of one request."""

    custom_id: str
    result: Answer | ServiceError
    raw: str
    """The answer's body, or the whole line of an error."""


def read_result(line: bytes) -> Result | None:
    """A line of an output or error file; None for what is no result at all: nothing can be joined to it."""
    said = parsed(line)
    custom_id = said.get("custom_id") if isinstance(said, dict) else None
    if not isinstance(custom_id, str) or not custom_id:
        return None
    response = _object(said.get("response"))
    body = response.get("body")
    status = response.get("status_code")
    error = _object(said.get("error")) or _object(_object(body).get("error"))
    whole = line.decode("utf-8", "replace").strip()
    if error or status != 200:
        known = status if type(status) is int and 100 <= status < 1000 and status != 200 else 0
        told = {"error": error, "request_id": response.get("request_id")}
        fault = fault_in(known, told, Redactor())
        return Result(custom_id, classify(fault), whole)
    try:
        return Result(custom_id, parse_answer(body), written(body))
    except MalformedAnswer as problem:
        return Result(custom_id, Unreadable(ServiceFault(200, "", str(problem))), whole)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
