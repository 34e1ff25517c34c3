"""What the emulated service answers beside OCR calls: temporary uploads, and questions about itself."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from qwenocr_assets.emulator.batch_jobs import Batches
from qwenocr_assets.emulator.batch_routes import batch_routes
from qwenocr_assets.emulator.offered import Offered
from qwenocr_assets.emulator.uploads import FORM_PATH, UploadRefused, Uploads
from qwenocr_assets.engine.wire import native
from qwenocr_assets.engine.wire.errors import WireError, invalid_parameter
from qwenocr_assets.engine.wire.values import JsonObject
from qwenocr_assets.qwenocr.regions import NATIVE_PATH


def emulator_routes(
    app: Any,
    *,
    uploads: Callable[[], Uploads],
    bill: Callable[[], JsonObject],
    calls: Callable[[], JsonObject],
    reset: Callable[[], None],
    batches: Callable[[], Batches],
    offered: Offered,
) -> Starlette:
    """An ASGI app with these routes before those of `app`."""

    async def policy(request: Request) -> Response:
        asked = request.query_params
        try:
            if asked.get("action") != "getPolicy" or not asked.get("model"):
                raise invalid_parameter("action=getPolicy and a model are required.")
            base_url = str(request.base_url).rstrip("/")
            return JSONResponse(uploads().policy(asked["model"], base_url, _now()))
        except WireError as error:
            return native.failed(error, str(uuid4()))

    async def form(request: Request) -> Response:
        async with request.form() as posted:
            fields = {name: value for name, value in posted.items() if isinstance(value, str)}
            file = posted.get("file")
            try:
                if not isinstance(file, UploadFile) or not fields.keys() >= {"Signature", "key"}:
                    raise UploadRefused(400, "InvalidArgument", "Signature, key and file are required.")
                uploads().store(
                    fields["Signature"],
                    fields["key"],
                    await file.read(),
                    _now(),
                    forbid_overwrite=fields.get("x-oss-forbid-overwrite") == "true",
                )
            except UploadRefused as refused:
                return Response(refused.as_xml(), refused.status, media_type="application/xml")
        # The storage answers 204 unless the form wants another status.
        return Response(status_code=200 if fields.get("success_action_status") == "200" else 204)

    async def list_models(request: Request) -> Response:
        asked = request.query_params
        try:
            number, size = (int(asked.get(name) or 1) for name in ("page_no", "page_size"))
        except ValueError:
            return native.failed(invalid_parameter("page_no and page_size are numbers."), str(uuid4()))
        page = offered.page(max(number, 1), size, asked.get("model"))
        return JSONResponse({"request_id": str(uuid4()), "output": page})

    async def show_quotas(_request: Request) -> Response:
        return JSONResponse({"request_id": str(uuid4()), "output": offered.quotas()})

    async def show_bill(_request: Request) -> Response:
        return JSONResponse(bill())

    async def show_calls(_request: Request) -> Response:
        return JSONResponse(calls())

    async def start_anew(_request: Request) -> Response:
        reset()
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/api/v1/uploads", policy, methods=["GET"]),
            Route(f"{NATIVE_PATH}/models", list_models, methods=["GET"]),
            Route(f"{NATIVE_PATH}/quotas", show_quotas, methods=["GET"]),
            Route(f"{NATIVE_PATH}/models/limits", show_quotas, methods=["GET"]),
            Route(FORM_PATH, form, methods=["POST"]),
            Route("/emulator/bill", show_bill, methods=["GET"]),
            Route("/emulator/calls", show_calls, methods=["GET"]),
            Route("/emulator/reset", start_anew, methods=["POST"]),
            *batch_routes(batches),
            Mount("/", app),
        ]
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
