"""The addresses that answer with JSON: what the page's scripts ask, and the endpoint for programs."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from qwenocr_assets.app.correcting import Typed, answer, history
from qwenocr_assets.app.dropping import Drop, State, put
from qwenocr_assets.app.page import in_thread, page_of
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.review.statements import Statement, Verdict
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.first_look.trying import read_schema

D = TypeVar("D", bound=Drop)


async def _correct(request: Request) -> Response:
    page, typed = page_of(request), Typed.model_validate_json(await request.body())
    status, said = await in_thread(answer, page.environment, typed, page.work)
    if status == 200:
        page.published.ask(typed.batch_id)
    return JSONResponse(said, status_code=status)


async def _history(request: Request) -> Response:
    asked = request.query_params
    place = Statement("", "", "", asked["page_id"], asked["task"], asked["place"], Verdict.RIGHT)
    return JSONResponse(await in_thread(history, page_of(request).environment, place))


async def _presence(request: Request) -> Response:
    said = json.loads(await request.body())
    return JSONResponse(
        {"others": page_of(request).presence.others(str(said["document_id"]), str(said["by"]))}
    )


async def _begin_drop(request: Request) -> Response:
    drop = await in_thread(page_of(request).drops.begin)
    return JSONResponse(drop.told(), status_code=201)


async def _tell_drop(request: Request) -> Response:
    page = page_of(request)
    drop = page.drops.get(request.path_params["drop_id"])
    told = drop.told()
    if drop.state == "read":
        told["documents"] = [_summary(d) for d in await in_thread(page.drops.documents, drop)]
    return JSONResponse(told)


def _summary(document: Mapping[str, Any]) -> dict[str, Any]:
    values = [value for value in document["key_values"] if value["value"] is not None]
    return {
        "document_id": document["document_id"], "name": document["name"], "status": document["status"],
        "reason": document["reason"], "pages": len(document["pages"]), "lines": len(document["text_lines"]),
        "values": len(values) + len(document["table_cells"]),
        "failed": [f"{a['task']}: {a['reason']}" for a in document["answers"] if a["status"] != AnswerStatus.OK],
    }  # fmt: skip


async def _put_file(request: Request) -> Response:
    drops = page_of(request).drops
    drop = drops.get(request.path_params["drop_id"])
    name, content = request.query_params.get("name", ""), await request.body()
    return JSONResponse({"name": await in_thread(put, drop, name, content)}, status_code=201)


async def _price_drop(request: Request) -> Response:
    drops = page_of(request).drops
    return _in_background(drops.get(request.path_params["drop_id"]), "quoting", drops.price)


async def _read_drop(request: Request) -> Response:
    drops = page_of(request).drops
    return _in_background(drops.get(request.path_params["drop_id"]), "reading", drops.read)


def _in_background(drop: D, state: State, do: Callable[[D], None]) -> Response:
    drop.state = state  # at once: who asks how far it is finds it busy
    return JSONResponse(drop.told(), status_code=202, background=BackgroundTask(do, drop))


async def _post_document(request: Request) -> Response:
    page = page_of(request)
    drop = await in_thread(page.drops.begin)
    name, content, _ = await _sent(request)
    await in_thread(put, drop, name, content)
    await in_thread(page.drops.read, drop)
    if drop.error:
        return JSONResponse({"error": drop.error}, status_code=502 if drop.batches else 422)
    return _as_one(await in_thread(page.drops.documents, drop))


async def _post_try(request: Request) -> Response:
    tries, (name, content, schema) = page_of(request).tries, await _sent(request)
    tried = await in_thread(tries.begin, name, content, read_schema(schema))
    await in_thread(tries.read, tried)
    if tried.error:
        return JSONResponse({"error": tried.error}, status_code=502 if tried.results else 422)
    return _as_one(tried.results)


def _as_one(documents: list[dict[str, Any]]) -> Response:
    return JSONResponse(documents[0] if len(documents) == 1 else {"documents": documents})


async def _sent(request: Request) -> tuple[str, bytes, str | bytes]:
    """Name and content of the file that was sent, and the schema beside it, if there is one."""
    asked = request.query_params
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return asked.get("name", ""), await request.body(), asked.get("schema", "")
    async with request.form(max_files=2) as form:
        file, schema = form.get("file"), form.get("schema", "")
        if file is None or isinstance(file, str):
            raise RejectedInput("The form has no file.", "Send it as the field `file`.")
        text = schema if isinstance(schema, str) else await schema.read()
        return file.filename or "", await file.read(), text


async def _begin_try(request: Request) -> Response:
    name, content, schema = await _sent(request)
    tried = await in_thread(page_of(request).tries.begin, name, content, read_schema(schema))
    return JSONResponse(tried.told(), status_code=201)


async def _tell_try(request: Request) -> Response:
    return JSONResponse(page_of(request).tries.get(request.path_params["try_id"]).told())


async def _price_try(request: Request) -> Response:
    tries = page_of(request).tries
    return _in_background(tries.get(request.path_params["try_id"]), "quoting", tries.price)


async def _read_try(request: Request) -> Response:
    tries = page_of(request).tries
    return _in_background(tries.get(request.path_params["try_id"]), "reading", tries.read)


CALLS = [
    Route("/api/corrections", _correct, methods=["POST"]),
    Route("/api/history", _history),
    Route("/api/presence", _presence, methods=["POST"]),
    Route("/api/drops", _begin_drop, methods=["POST"]),
    Route("/api/drops/{drop_id}", _tell_drop),
    Route("/api/drops/{drop_id}/files", _put_file, methods=["POST"]),
    Route("/api/drops/{drop_id}/quote", _price_drop, methods=["POST"]),
    Route("/api/drops/{drop_id}/read", _read_drop, methods=["POST"]),
    Route("/api/tries", _begin_try, methods=["POST"]),
    Route("/api/tries/{try_id}", _tell_try),
    Route("/api/tries/{try_id}/quote", _price_try, methods=["POST"]),
    Route("/api/tries/{try_id}/read", _read_try, methods=["POST"]),
    Route("/v1/documents", _post_document, methods=["POST"]),
    Route("/v1/try", _post_try, methods=["POST"]),
]
