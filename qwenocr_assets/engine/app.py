"""The embedded engine as an ASGI app that speaks the dialects of Qwen-OCR.

Mount it in-process with `httpx.ASGITransport(create_app())`, or serve it on a port with `serve`. Any API key is
accepted, and none is needed. Nothing is fetched: images and PDFs come as `data:` URLs, one a request.
"""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import metadata

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from qwenocr_assets.engine.errors import EngineError
from qwenocr_assets.engine.shapes import SHAPES_BY_MODEL, Shape, Shapes
from qwenocr_assets.engine.wire import native, openai_compatible, responses_api
from qwenocr_assets.engine.wire.errors import ErrorCode, WireError, refusal
from qwenocr_assets.engine.wire.values import Answer, OcrRequest, PageReader
from qwenocr_assets.qwenocr.catalogue import load_catalogue

__all__ = ["SHAPES_BY_MODEL", "Revise", "Shape", "Shapes", "create_app", "with_short_paths"]

_logger = logging.getLogger(__name__)

Revise = Callable[[OcrRequest, Answer], Answer]
"""What makes another answer of the one to a request, before it goes out."""


def create_app(
    reader: PageReader | None = None, revise: Revise | None = None, shapes: Shapes = SHAPES_BY_MODEL
) -> Starlette:
    """The engine's ASGI app. Without a `reader` it recognises for real, loading its models at the first page.

    With `revise` its answers go out as that changes them: a `Corruption` plants errors in them. `shapes` says which
    models answer otherwise than the guide's samples do.
    """
    # Imported here, for they load OpenCV: whoever only needs to name this module should not pay for that.
    from qwenocr_assets.engine.answers import answer

    if reader is None:
        from qwenocr_assets.engine.reading.reader import Reader

        reader = Reader()

    def recognise(request: OcrRequest) -> Answer:
        found = answer(request, reader, shapes.get(request.model, ()))
        return found if revise is None else revise(request, found)

    return Starlette(
        routes=[
            Route(native.PATH, _endpoint(_NATIVE, recognise), methods=["POST"]),
            Route(openai_compatible.PATH, _endpoint(_COMPATIBLE, recognise), methods=["POST"]),
            Route(responses_api.PATH, _endpoint(_RESPONSES, recognise), methods=["POST"]),
            Route(f"{openai_compatible.PREFIX}v1/models", _models, methods=["GET"]),
            Route("/health", _health, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _no_such_route},
    )


def with_short_paths(app: ASGIApp) -> ASGIApp:
    """The app, or an account around it, with the OpenAI-compatible dialect below /v1 too, as servers of one's own
    have it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            path = openai_compatible.PREFIX + scope["path"].removeprefix("/")
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    return answer


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How one dialect reads requests and writes responses; the last argument of a writer is the request's id."""

    wants_stream: Callable[[Mapping[str, str]], bool]
    """Whether a refusal, too, has to come as a stream."""
    parse: Callable[[bytes, Mapping[str, str]], OcrRequest]
    answered: Callable[[OcrRequest, Answer, str], Response]
    failed: Callable[[WireError, str], Response]
    failed_in_stream: Callable[[WireError, str], Response]


_NATIVE = _Dialect(native.wants_stream, native.parse, native.answered, native.failed, native.failed_in_stream)
_COMPATIBLE = _Dialect(
    lambda _headers: False,
    openai_compatible.parse,
    openai_compatible.answered,
    openai_compatible.failed,
    openai_compatible.failed,
)
_RESPONSES = _Dialect(
    lambda _headers: False,
    responses_api.parse,
    responses_api.answered,
    openai_compatible.failed,
    openai_compatible.failed,
)


_Recognise = Callable[[OcrRequest], Answer]


def _endpoint(dialect: _Dialect, recognise: _Recognise) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        return await anyio.to_thread.run_sync(_respond, dialect, recognise, body, request.headers)

    return endpoint


def _respond(dialect: _Dialect, recognise: _Recognise, body: bytes, headers: Mapping[str, str]) -> Response:
    request_id = str(uuid.uuid4())
    try:
        request = dialect.parse(body, headers)
        return dialect.answered(request, recognise(request), request_id)
    except WireError as error:
        fault = error
    except EngineError as error:
        fault = refusal(error)
    except Exception as error:
        # A defect of the engine: this page fails, as with the service, and the log has the traceback.
        _logger.exception("request %s failed", request_id)
        fault = WireError(ErrorCode.INTERNAL_ERROR, f"The embedded engine failed: {type(error).__name__}.")
    write = dialect.failed_in_stream if dialect.wants_stream(headers) else dialect.failed
    return write(fault, request_id)


def more_scripts() -> list[str]:
    """The scripts that Tesseract reads here beside those of the engine's own networks."""
    from qwenocr_assets.engine.reading import tesseract

    return tesseract.more_scripts()


def runtime() -> str | None:
    """Name and version of the package that runs the networks here; None when none can be loaded."""
    from qwenocr_assets.engine.reading.networks import installed_runtime

    name = installed_runtime()
    return None if name is None else f"{name} {metadata.version(name)}"


async def _models(_request: Request) -> Response:
    """The list of models in OpenAI's form: the engine's own, whatever others it answers as."""
    names = [model.name for model in load_catalogue().models_in("local")]
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "qwenocr-assets"} for name in names]
    return JSONResponse({"object": "list", "data": models})


async def _health(_request: Request) -> Response:
    from qwenocr_assets.engine.reading.networks import RUNTIMES

    versions = {name: _installed_version(name) for name in ("rapidocr", *RUNTIMES, "tesserocr")}
    return JSONResponse(
        {
            "status": "ok",
            "engine": f"qwenocr-assets {metadata.version('qwenocr-assets')}",
            "models": {name: version for name, version in versions.items() if version},
        }
    )


def _installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


async def _no_such_route(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, in the shape of the dialect that was probably meant."""
    if isinstance(error, HTTPException) and error.status_code == ErrorCode.METHOD_NOT_ALLOWED.status:
        fault = WireError(
            ErrorCode.METHOD_NOT_ALLOWED, f"Request method '{request.method}' is not supported."
        )
    else:
        fault = WireError(ErrorCode.NOT_FOUND, f"No such path: {request.url.path}")
    compatible = request.url.path.startswith(openai_compatible.PREFIX)
    write = openai_compatible.failed if compatible else native.failed
    return write(fault, str(uuid.uuid4()))
