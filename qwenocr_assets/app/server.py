"""The page's addresses: what is asked, by whom it is answered, and as which page.

Work that takes long (decoding, reading, DuckDB) is done in threads; a request waits for no other one.
"""

import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import anyio.to_thread
import jinja2
import pyarrow.compute as pc
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from qwenocr_assets.app import looking
from qwenocr_assets.app.charts import bars
from qwenocr_assets.app.correcting import Debounced, Presence, Typed, answer, history
from qwenocr_assets.app.dropping import Drops
from qwenocr_assets.app.guard import AsgiApp, Guard, TooLarge
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode, QwenocrError, RejectedInput, UsageError
from qwenocr_assets.quality.rule_work import RuleWork
from qwenocr_assets.report.html import behaviour, style, templates
from qwenocr_assets.report.pictures import report_picture
from qwenocr_assets.report.reading import documents_of_batch
from qwenocr_assets.report.views import DocumentView
from qwenocr_assets.review.statements import Statement, Verdict
from qwenocr_assets.schemas import DOCUMENTS, PAGES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import local_path
from qwenocr_assets.storage.table_files import read_all_batches
from qwenocr_assets.warehouse.export import export_query
from qwenocr_assets.warehouse.search import search_pages

_HERE = Path(__file__).parent
_STATIC: dict[str, tuple[str, Callable[[], str]]] = {
    "app.css": ("text/css", lambda: style() + _own("app.css")),
    "report.js": ("text/javascript", behaviour),
    "correct.js": ("text/javascript", lambda: _own("correct.js")),
    "drop.js": ("text/javascript", lambda: _own("drop.js")),
}
_DOWNLOADS = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_STATUS_OF = {ExitCode.USAGE: 404, ExitCode.NOTHING_READABLE: 422, ExitCode.OUT_OF_MONEY: 402}


@dataclass(frozen=True, slots=True)
class Page:
    """All that requests share."""

    environment: Environment
    drops: Drops
    presence: Presence
    work: RuleWork
    published: Debounced
    """Asked after every change: rules of whole batches, then the warehouse."""
    runs_url: str | None
    """Where Dagster's runs are seen."""

    @property
    def warehouse(self) -> Path:
        return local_path(self.environment.data.warehouse)


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

    page = Page(environment, Drops(environment, read), Presence(), work, published, runs_url)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with work:
            yield
        await anyio.to_thread.run_sync(published.close)

    app = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", _documents),
            Route("/documents/{document_id}", _document),
            Route("/pages/{page_id}", _place),
            Route("/images/{page_id}", _image),
            Route("/search", _search),
            Route("/tables", _tables),
            Route("/tables/{table}", _table),
            Route("/charts", _charts),
            Route("/drop", _drop),
            Route("/api/corrections", _correct, methods=["POST"]),
            Route("/api/history", _history),
            Route("/api/presence", _presence, methods=["POST"]),
            Route("/api/drops", _begin_drop, methods=["POST"]),
            Route("/api/drops/{drop_id}", _tell_drop),
            Route("/api/drops/{drop_id}/files", _put_file, methods=["POST"]),
            Route("/api/drops/{drop_id}/quote", _price_drop, methods=["POST"]),
            Route("/api/drops/{drop_id}/read", _read_drop, methods=["POST"]),
            Route("/v1/documents", _post_document, methods=["POST"]),
            Route("/static/{name}", _static),
            Route("/favicon.ico", _no_icon),
        ],
        exception_handlers={QwenocrError: _failed, TooLarge: _too_large, ValidationError: _invalid},
    )
    app.state.page = page
    return Guard(app, token)


async def _documents(request: Request) -> Response:
    words, state, number = (
        request.query_params.get("q", ""),
        request.query_params.get("state", ""),
        _number(request),
    )
    found = None
    if _page(request).warehouse.exists():
        found = await _in_thread(looking.documents, _page(request).warehouse, words, state, number)
    return _html(request, "documents.html.j2", found=found, words=words, state=state)


async def _document(request: Request) -> Response:
    page, document_id = _page(request), request.path_params["document_id"]
    view = await _in_thread(_view, page, document_id)
    pictures = {p.page_id: f"/images/{quote(p.page_id)}" for p in view.pages if p.uri}
    return _html(
        request, "correct.html.j2",
        document=view, pictures=pictures, index="/", before=None, after=None, editable=True,
    )  # fmt: skip


def _view(page: Page, document_id: str) -> DocumentView:
    batch_id = _batch_of(page, document_id)
    views = documents_of_batch(page.environment.data, batch_id, only=[document_id])
    return next(iter(views))


def _batch_of(page: Page, document_id: str) -> str:
    known = looking.batch_of(page.warehouse, document_id)
    if known is not None:
        return known
    where = pc.field("document_id") == document_id  # read, and not published yet
    rows = read_all_batches(page.environment.data, DOCUMENTS, ["batch_id", "document_id"], where)
    if not rows:
        raise UsageError(f"There is no document {document_id}.", "See the list of documents.")
    return rows[-1]["batch_id"]


async def _place(request: Request) -> Response:
    page_id = request.path_params["page_id"]
    row = await _in_thread(looking.place_of_page, _page(request).warehouse, page_id)
    if row is None:
        raise UsageError(f"There is no page {page_id}.", "See the list of documents.")
    return RedirectResponse(f"/documents/{quote(row[0])}#p{row[1]}", status_code=303)


async def _image(request: Request) -> Response:
    picture = await _in_thread(_picture, _page(request), request.path_params["page_id"])
    if picture is None:
        return JSONResponse({"error": "The page image is not there."}, status_code=404)
    media_type = {".png": "image/png", ".webp": "image/webp"}.get(picture.suffix, "image/jpeg")
    return Response(
        picture.content, media_type=media_type, headers={"cache-control": "private, max-age=3600"}
    )


def _picture(page: Page, page_id: str) -> Any:
    data = page.environment.data
    rows = read_all_batches(data, PAGES, ["batch_id", "uri", "media_type"], pc.field("page_id") == page_id)
    for row in rows[::-1]:
        with contextlib.suppress(OSError):  # vacuumed or moved away
            if row["uri"]:
                return report_picture((data.root / row["uri"]).read_bytes(), row["media_type"])
    return None


async def _correct(request: Request) -> Response:
    page, typed = _page(request), Typed.model_validate_json(await request.body())
    status, said = await _in_thread(answer, page.environment, typed, page.work)
    if status == 200:
        page.published.ask(typed.batch_id)
    return JSONResponse(said, status_code=status)


async def _history(request: Request) -> Response:
    asked = request.query_params
    place = Statement("", "", "", asked["page_id"], asked["task"], asked["place"], Verdict.RIGHT)
    return JSONResponse(await _in_thread(history, _page(request).environment, place))


async def _presence(request: Request) -> Response:
    said = json.loads(await request.body())
    return JSONResponse({"others": _page(request).presence.others(str(said["document_id"]), str(said["by"]))})


async def _search(request: Request) -> Response:
    words, hits = request.query_params.get("q", "").strip(), None
    if words:
        found = await _in_thread(search_pages, _page(request).warehouse, words)
        hits = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    return _html(request, "search.html.j2", words=words, hits=hits)


async def _tables(request: Request) -> Response:
    return _html(request, "tables.html.j2", tables=await _in_thread(looking.tables, _page(request).warehouse))


async def _table(request: Request) -> Response:
    page, asked = _page(request), request.query_params
    table, column, words = request.path_params["table"], asked.get("column", ""), asked.get("q", "")
    sql = await _in_thread(looking.table_query, page.warehouse, table, column, words)
    if (kind := asked.get("as", "")) in _DOWNLOADS:
        folder = tempfile.TemporaryDirectory(prefix="qwenocr-app-")
        file = Path(folder.name) / f"{table}.{kind}"
        await _in_thread(export_query, page.warehouse, sql, file, kind)
        return FileResponse(
            file, media_type=_DOWNLOADS[kind], filename=file.name, background=BackgroundTask(folder.cleanup)
        )
    found = await _in_thread(looking.table_rows, page.warehouse, sql, _number(request))
    return _html(request, "table.html.j2", table=table, column=column, words=words, found=found)


async def _charts(request: Request) -> Response:
    found = await _in_thread(looking.overview, _page(request).warehouse)
    days = found.by_day
    charts = [
        ("Pages a day", bars([(str(day), pages, f"{pages:,}") for day, pages, _, _ in days])),
        ("Cost a day", bars([(str(day), float(cost), f"${cost:f}") for day, _, cost, _ in days])),
        (
            "Share of values to review",
            bars([(str(d), share or 0, f"{share or 0:.1%}") for d, _, _, share in days]),
        ),
    ]
    return _html(request, "charts.html.j2", charts=charts, found=found)


async def _drop(request: Request) -> Response:
    return _html(request, "drop.html.j2", is_local=_page(request).environment.region.is_local)


async def _begin_drop(request: Request) -> Response:
    drop = await _in_thread(_page(request).drops.begin)
    return JSONResponse(drop.told(), status_code=201)


async def _tell_drop(request: Request) -> Response:
    page = _page(request)
    drop = page.drops.get(request.path_params["drop_id"])
    told = drop.told()
    if drop.state == "read":
        told["documents"] = [_summary(d) for d in await _in_thread(page.drops.documents, drop)]
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
    drops = _page(request).drops
    drop = drops.get(request.path_params["drop_id"])
    name, content = request.query_params.get("name", ""), await request.body()
    return JSONResponse({"name": await _in_thread(drops.put, drop, name, content)}, status_code=201)


async def _price_drop(request: Request) -> Response:
    return await _on_drop(request, _page(request).drops.price)


async def _read_drop(request: Request) -> Response:
    return await _on_drop(request, _page(request).drops.read)


async def _on_drop(request: Request, do: Callable[..., None]) -> Response:
    drop = _page(request).drops.get(request.path_params["drop_id"])
    return JSONResponse(drop.told(), status_code=202, background=BackgroundTask(do, drop))


async def _post_document(request: Request) -> Response:
    page = _page(request)
    drop = await _in_thread(page.drops.begin)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1) as form:
            file = form.get("file")
            if file is None or isinstance(file, str):
                raise RejectedInput("The form has no file.", "Send it as the field `file`.")
            await _in_thread(page.drops.put, drop, file.filename or "", await file.read())
    else:
        await _in_thread(page.drops.put, drop, request.query_params.get("name", ""), await request.body())
    await _in_thread(page.drops.read, drop)
    if drop.error:
        return JSONResponse({"error": drop.error}, status_code=502 if drop.batches else 422)
    documents = await _in_thread(page.drops.documents, drop)
    return JSONResponse(documents[0] if len(documents) == 1 else {"documents": documents})


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return JSONResponse({"error": f"There is no {name}."}, status_code=404)
    media_type, content = _STATIC[name]
    return Response(content(), media_type=media_type, headers={"cache-control": "no-cache"})


async def _no_icon(request: Request) -> Response:  # noqa: ARG001  Starlette's signature
    return Response(status_code=204)


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, QwenocrError)
    status = _STATUS_OF.get(error.exit_code, 500)
    if request.url.path.startswith(("/api/", "/v1/")):
        return JSONResponse({"error": str(error)}, status_code=status)
    return _html(request, "error.html.j2", status=status, error=error)


async def _too_large(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": "The file is too large."}, status_code=413)


async def _invalid(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": str(error)}, status_code=422)


def _html(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    shared: dict[str, Any] = {
        "editable": False,
        "here": request.url.path,
        "runs_url": _page(request).runs_url,
    }
    text = _templates().get_template(template).render(**(shared | values))
    return HTMLResponse(text, status_code=status)


@cache
def _templates() -> jinja2.Environment:
    environment = templates(_HERE / "templates")
    environment.filters["query"] = lambda values: urlencode(
        {k: v for k, v in values.items() if v not in ("", None)}
    )
    return environment


def _own(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")


def _page(request: Request) -> Page:
    page: Page = request.app.state.page
    return page


def _number(request: Request) -> int:
    text = request.query_params.get("page", "0")
    return int(text) if text.isdecimal() else 0


async def _in_thread(do: Callable[..., Any], *arguments: Any) -> Any:
    return await anyio.to_thread.run_sync(lambda: do(*arguments))
