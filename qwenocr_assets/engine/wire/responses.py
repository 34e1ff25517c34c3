"""Responses, whole and streamed.

The engine recognises a whole page before it writes; what is streamed is the writing.
"""

from collections.abc import AsyncIterator, Iterable, Iterator

import orjson
from starlette.responses import Response, StreamingResponse

from qwenocr_assets.engine.wire.values import JsonObject

PIECE_CHARACTERS = 64


def json_response(status: int, body: JsonObject, request_id: str) -> Response:
    """One JSON object."""
    return Response(
        orjson.dumps(body),
        status_code=status,
        headers={"x-request-id": request_id},
        media_type="application/json",
    )


def pieces(text: str) -> Iterator[str]:
    """The text in order, in pieces of at most PIECE_CHARACTERS."""
    for start in range(0, len(text), PIECE_CHARACTERS):
        yield text[start : start + PIECE_CHARACTERS]


def event_stream(frames: Iterable[bytes], request_id: str) -> StreamingResponse:
    """A response of server-sent events."""
    return StreamingResponse(
        _sent(frames),
        headers={"x-request-id": request_id, "cache-control": "no-cache"},
        media_type="text/event-stream;charset=UTF-8",
    )


async def _sent(frames: Iterable[bytes]) -> AsyncIterator[bytes]:
    # Asynchronous on purpose: Starlette would walk a plain iterator in one worker thread after another.
    for frame in frames:
        yield frame
