"""The addresses that answer with JSON: what the page's scripts ask, and the endpoint for programs."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from qwenocr_assets.app.correcting import Typed, answer, history
from qwenocr_assets.app.page import in_thread, page_of
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.review.statements import Statement, Verdict
from qwenocr_assets.statuses import AnswerStatus


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
    return JSONResponse({"name": await in_thread(drops.put, drop, name, content)}, status_code=201)


async def _price_drop(request: Request) -> Response:
    return await _on_drop(request, page_of(request).drops.price)


async def _read_drop(request: Request) -> Response:
    return await _on_drop(request, page_of(request).drops.read)


async def _on_drop(request: Request, do: Callable[..., None]) -> Response:
    drop = page_of(request).drops.get(request.path_params["drop_id"])
    return JSONResponse(drop.told(), status_code=202, background=BackgroundTask(do, drop))


async def _post_document(request: Request) -> Response:
    page = page_of(request)
    drop = await in_thread(page.drops.begin)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1) as form:
            file = form.get("file")
            if file is None or isinstance(file, str):
                raise RejectedInput("The form has no file.", "Send it as the field `file`.")
            await in_thread(page.drops.put, drop, file.filename or "", await file.read())
    else:
        await in_thread(page.drops.put, drop, request.query_params.get("name", ""), await request.body())
    await in_thread(page.drops.read, drop)
    if drop.error:
        return JSONResponse({"error": drop.error}, status_code=502 if drop.batches else 422)
    documents = await in_thread(page.drops.documents, drop)
    return JSONResponse(documents[0] if len(documents) == 1 else {"documents": documents})


CALLS = [
    Route("/api/corrections", _correct, methods=["POST"]),
    Route("/api/history", _history),
    Route("/api/presence", _presence, methods=["POST"]),
    Route("/api/drops", _begin_drop, methods=["POST"]),
    Route("/api/drops/{drop_id}", _tell_drop),
    Route("/api/drops/{drop_id}/files", _put_file, methods=["POST"]),
    Route("/api/drops/{drop_id}/quote", _price_drop, methods=["POST"]),
    Route("/api/drops/{drop_id}/read", _read_drop, methods=["POST"]),
    Route("/v1/documents", _post_document, methods=["POST"]),
]
