"""The emulated service's files and batches over HTTP, as the official `openai` SDK calls them."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from qwenocr_assets.emulator.asgi import OWN_SEND, drop
from qwenocr_assets.emulator.batch_files import MOST_FILE_BYTES, StoredFile
from qwenocr_assets.emulator.batch_jobs import Batch, Batches
from qwenocr_assets.engine.wire import openai_compatible
from qwenocr_assets.engine.wire.errors import ErrorCode, WireError, invalid_parameter

_PREFIX = "/compatible-mode/v1"
_PIECE_BYTES = 65_536
_MOST_LISTED = 100


def batch_routes(batches: Callable[[], Batches]) -> list[Route]:
    """The routes of files and batches."""

    async def upload(request: Request) -> Response:
        async with request.form() as posted:
            file = posted.get("file")
            if posted.get("purpose") != "batch" or not isinstance(file, UploadFile):
                raise invalid_parameter("purpose=batch and a file are required.")
            if (file.size or 0) > MOST_FILE_BYTES:
                raise invalid_parameter("The file is larger than 500 MB.")
            stored = batches().files.new("file-batch", file.filename or "", "batch")
            with stored.path.open("wb") as target:
                while piece := await file.read(_PIECE_BYTES):
                    target.write(piece)
        return JSONResponse(stored.as_json())

    async def list_files(_request: Request) -> Response:
        return JSONResponse(_list([file.as_json() for file in batches().files.all()], has_more=False))

    async def show_file(request: Request) -> Response:
        return JSONResponse(_file(batches(), request).as_json())

    async def delete_file(request: Request) -> Response:
        stored = _file(batches(), request)
        batches().files.delete(stored.id)
        return JSONResponse({"id": stored.id, "object": "file", "deleted": True})

    async def content(request: Request) -> Response:
        stored = _file(batches(), request)
        tears = next((b for b in batches().all() if stored.id in (b.output_file_id, b.error_file_id)), None)
        half = None
        if tears is not None and tears.torn < tears.fault.tears_results:
            tears.torn += 1
            half = stored.path.stat().st_size // 2
        # The length is announced, so an answer that ends before it is known to be torn. There is no Content-Type.
        length = {"content-length": str(stored.path.stat().st_size)}
        response = StreamingResponse(_pieces(stored, half), headers=length)
        response.raw_headers = [h for h in response.raw_headers if h[0] != b"content-type"]
        return response if half is None else _Torn(response)

    async def create(request: Request) -> Response:
        batch = batches().create(_json(await request.body()))
        if batch.fault.loses_create:
            return _Torn(None)
        return JSONResponse(batch.as_json())

    async def show(request: Request) -> Response:
        return JSONResponse(batches().get(request.path_params["batch_id"]).as_json())

    async def cancel(request: Request) -> Response:
        return JSONResponse(batches().cancel(request.path_params["batch_id"]).as_json())

    async def list_batches(request: Request) -> Response:
        asked = request.query_params
        found = [batch for batch in batches().all() if _fits(batch, asked)]
        if after := asked.get("after"):
            ids = [batch.id for batch in found]
            if after not in ids:
                raise invalid_parameter(f"after {after} does not exist.")
            found = found[ids.index(after) + 1 :]
        limit = int(asked.get("limit") or 20)
        if not 1 <= limit <= _MOST_LISTED:
            raise invalid_parameter("limit has to be between 1 and 100.")
        page = [batch.as_json() for batch in found[:limit]]
        return JSONResponse(_list(page, has_more=len(found) > limit))

    def guarded(handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                response: Response = await handler(request)
            except WireError as error:
                return openai_compatible.failed(error, str(uuid4()))
            return response

        return answer

    return [
        Route(f"{_PREFIX}/files", guarded(upload), methods=["POST"]),
        Route(f"{_PREFIX}/files", guarded(list_files), methods=["GET"]),
        Route(f"{_PREFIX}/files/{{file_id}}", guarded(show_file), methods=["GET"]),
        Route(f"{_PREFIX}/files/{{file_id}}", guarded(delete_file), methods=["DELETE"]),
        Route(f"{_PREFIX}/files/{{file_id}}/content", guarded(content), methods=["GET"]),
        Route(f"{_PREFIX}/batches", guarded(create), methods=["POST"]),
        Route(f"{_PREFIX}/batches", guarded(list_batches), methods=["GET"]),
        Route(f"{_PREFIX}/batches/{{batch_id:path}}/cancel", guarded(cancel), methods=["POST"]),
        Route(f"{_PREFIX}/batches/{{batch_id:path}}", guarded(show), methods=["GET"]),
    ]


class _Torn(Response):
    """An answer that ends with the connection, before it began or in its middle."""

    def __init__(self, begun: Response | None) -> None:
        super().__init__()
        self._begun = begun

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._begun is not None:

            async def unended(message: Any) -> None:
                if message.get("body") or message["type"] == "http.response.start":
                    await send({**message, **({"more_body": True} if "body" in message else {})})

            await self._begun(scope, receive, unended)
        await drop(receive, scope[OWN_SEND], begun=self._begun is not None)


def _list(page: list[Any], *, has_more: bool) -> dict[str, Any]:
    """A page of a list; the service writes null for an empty one."""
    ids = [item["id"] for item in page]
    return {
        "object": "list",
        "data": page or None,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
        "has_more": has_more,
    }


def _fits(batch: Batch, asked: Any) -> bool:
    created = datetime.fromtimestamp(batch.created_at, UTC).strftime("%Y%m%d%H%M%S")
    return (
        asked.get("ds_name", "") in str(batch.metadata.get("ds_name", ""))
        and ("input_file_ids" not in asked or batch.input.id in asked["input_file_ids"].split(","))
        and ("status" not in asked or batch.status in asked["status"].split(","))
        and asked.get("create_after", "") <= created
        and created <= asked.get("create_before", "9")
    )


def _file(batches: Batches, request: Request) -> StoredFile:
    file_id = request.path_params["file_id"]
    stored = batches.files.get(file_id)
    if stored is None:
        raise WireError(ErrorCode.NOT_FOUND, f"File {file_id} does not exist.")
    return stored


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise invalid_parameter("The body is no JSON object.")
    return value


async def _pieces(stored: StoredFile, most: int | None) -> AsyncIterator[bytes]:
    left = stored.path.stat().st_size if most is None else most
    with stored.path.open("rb") as file:
        while left > 0 and (piece := file.read(min(_PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
