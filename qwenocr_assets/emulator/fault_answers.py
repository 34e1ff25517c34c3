"""What goes out for each kind of fault, in the dialect that was called."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from starlette.responses import Response

from qwenocr_assets.emulator.faults import (
    Call,
    Drop,
    ErrorAnswer,
    Fault,
    RawAnswer,
    StreamError,
    Torn,
    Truncated,
)
from qwenocr_assets.engine.wire import native, openai_compatible, responses_api
from qwenocr_assets.engine.wire.answers import NO_ANSWER, WireAnswer, of_response, truncated, whole
from qwenocr_assets.engine.wire.errors import WireError

_FAILED: dict[str, Callable[[WireError, str], Response]] = {
    native.PATH: native.failed,
    openai_compatible.PATH: openai_compatible.failed,
    responses_api.PATH: openai_compatible.failed,
}
_ERROR_EVENT: dict[str, Callable[[int, WireError, str], bytes]] = {
    native.PATH: native.error_event,
    openai_compatible.PATH: openai_compatible.error_event,
    responses_api.PATH: openai_compatible.error_event,
}
OCR_PATHS = frozenset(_FAILED)


def refusal(path: str, error: WireError) -> WireAnswer:
    """An error in the dialect of a path."""
    return of_response(_FAILED[path](error, str(uuid4())))


def instead_of_answer(fault: Fault | None, call: Call) -> WireAnswer | None:
    """What goes out for a fault that needs no answer of the app; None for the others."""
    match fault:
        case ErrorAnswer():
            return _error_answer(fault, call)
        case StreamError() if not call.streams:
            return refusal(call.path, WireError(fault.code, fault.message))
        case RawAnswer(status, body, content_type):
            headers = () if content_type is None else ((b"content-type", content_type.encode()),)
            return whole(status, headers, body)
        case Drop(billed=False):
            return NO_ANSWER
        case _:
            return None


def spoiled(answer: WireAnswer, fault: Fault | None, call: Call) -> WireAnswer:
    """What becomes of an answer under a fault that needs one; without such a fault it stays."""
    match fault:
        case Drop():
            return NO_ANSWER
        case Torn(kept_share):
            return answer.torn(kept_share)
        case Truncated(kept_share):
            return truncated(answer, kept_share)
        case StreamError(code, message, after_events):
            begun = answer.pieces[:-1][:after_events]  # at the latest the error takes the place of the end
            event = _ERROR_EVENT[call.path](len(begun) + 1, WireError(code, message), str(uuid4()))
            return replace(answer, pieces=(*begun, event))
        case _:
            return answer


def _error_answer(fault: ErrorAnswer, call: Call) -> WireAnswer:
    message = fault.message
    if fault.echo_authorization:
        message += f" (Authorization: {call.headers.get('authorization', '')})"
    answer = refusal(call.path, WireError(fault.code, message))
    if fault.http_status is not None:
        answer = replace(answer, status=fault.http_status)
    if fault.retry_after_seconds is not None:
        answer = answer.with_header(b"retry-after", str(fault.retry_after_seconds))
    return answer if fault.content_type else answer.without(b"content-type")
