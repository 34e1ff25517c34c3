"""JSON bodies: read, written, and the fault that one tells of."""

from typing import Any

import orjson

from qwenocr_assets.qwenocr.answers import MalformedAnswer
from qwenocr_assets.qwenocr.errors import ServiceFault
from qwenocr_assets.qwenocr.wire.redaction import Redactor

_MOST_MESSAGE = 2_000
_MOST_CODE = 100
"""Characters. A message is for people and a code for a column: what is longer is neither."""


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text; None for what is no JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def written(value: Any) -> str:
    """A value that came as JSON, as JSON again. Raises MalformedAnswer when it is nested too deeply: orjson reads
    1,024 levels and writes 254."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        raise MalformedAnswer("the answer is nested too deeply") from error


def names_an_error(body: Any) -> bool:
    """A 200 may hold an error all the same, and so may an event of a stream."""
    return isinstance(body, dict) and bool(body.get("code") or body.get("error"))


def fault_in(status: int, body: Any, redact: Redactor, otherwise: str = "no message") -> ServiceFault:
    """The fault in an error body; the OpenAI-compatible dialect nests it under `error`.

    `otherwise` is the message of a body that has none.
    """
    top = body if isinstance(body, dict) else {}
    nested = top.get("error")
    source = nested if isinstance(nested, dict) else top
    message = source.get("message") or (nested if isinstance(nested, str) else None) or otherwise
    request_id = top.get("request_id")
    return ServiceFault(
        status,
        str(source.get("code") or source.get("type") or "")[:_MOST_CODE],
        redact.message(str(message)[:_MOST_MESSAGE]),
        request_id[:_MOST_CODE] if isinstance(request_id, str) else None,
    )
