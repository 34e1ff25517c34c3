"""The page as an ASGI application.

Work that takes long (decoding, reading, DuckDB) is done in threads; a request waits for no other one.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import anyio.to_thread
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from qwenocr_assets.app.calls import CALLS
from qwenocr_assets.app.debounced import Debounced
from qwenocr_assets.app.dropping import Drops
from qwenocr_assets.app.guard import AsgiApp, Guard, TooLarge
from qwenocr_assets.app.kept_warehouse import KeptWarehouse
from qwenocr_assets.app.page import Page, html
from qwenocr_assets.app.presence import Presence
from qwenocr_assets.app.screens import SCREENS
from qwenocr_assets.app.trying import Tries
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode, QwenocrError
from qwenocr_assets.quality.rule_work import RuleWork

_STATUS_OF = {ExitCode.USAGE: 404, ExitCode.NOTHING_READABLE: 422, ExitCode.OUT_OF_MONEY: 402}


def create_app(
    environment: Environment,
    *,
    publish: Callable[[Sequence[str]], None],
    token: str | None = None,
    pause_seconds: float = 2.0,
    runs_url: str | None = None,
) -> AsgiApp:
    """The page as an ASGI application.

    `publish` brings the warehouse up to date after these batches were read or corrected; it is called from a thread,
    `pause_seconds` after the last change, and once more at the end. With a `token`, everybody has to give it.
    """
    work = RuleWork(batch_seconds=float("inf"))
    published = Debounced(lambda batches: publish(sorted(batches)), pause_seconds)

    def read(batches: Sequence[str]) -> None:
        for batch_id in batches:
            published.ask(batch_id)

    tries, kept = Tries(environment), KeptWarehouse(environment.data)
    page = Page(environment, Drops(environment, read), tries, Presence(), kept, work, published, runs_url)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with work:
            yield
        tries.close()
        await anyio.to_thread.run_sync(published.close)
        kept.close()

    app = Starlette(
        lifespan=lifespan,
        routes=[*SCREENS, *CALLS],
        exception_handlers={QwenocrError: _failed, TooLarge: _too_large, ValidationError: _invalid},
    )
    app.state.page = page
    return Guard(app, token)


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, QwenocrError)
    status = _STATUS_OF.get(error.exit_code, 500)
    if request.url.path.startswith(("/api/", "/v1/")):
        return JSONResponse({"error": str(error)}, status_code=status)
    return html(request, "error.html.j2", status=status, error=error)


async def _too_large(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": "The file is too large."}, status_code=413)


async def _invalid(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": str(error)}, status_code=422)
