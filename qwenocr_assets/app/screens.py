"""The addresses that answer with a page to look at, a picture or a file."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pyarrow.compute as pc
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from qwenocr_assets.app import looking
from qwenocr_assets.app.charts import chart
from qwenocr_assets.app.page import Page, html, html_as_it_comes, in_thread, number_of, page_of
from qwenocr_assets.errors import UsageError
from qwenocr_assets.report.html import behaviour, style, usd
from qwenocr_assets.report.pictures import ReportPicture, report_picture
from qwenocr_assets.report.reading import documents_of_batch
from qwenocr_assets.report.views import DocumentView
from qwenocr_assets.schemas import DOCUMENTS, PAGES
from qwenocr_assets.steps.first_look.suggesting import save, suggest
from qwenocr_assets.storage.table_files import read_all_batches
from qwenocr_assets.warehouse.export import export_query
from qwenocr_assets.warehouse.places.published import is_published
from qwenocr_assets.warehouse.search import search_pages
from qwenocr_assets.warehouse.texts.marking import marked

_STATIC: dict[str, tuple[str, Callable[[], str]]] = {
    "app.css": ("text/css", lambda: style() + _own("app.css")),
    "report.js": ("text/javascript", behaviour),
    "correct.js": ("text/javascript", lambda: _own("correct.js")),
    "places.js": ("text/javascript", lambda: _own("places.js")),
    "drop.js": ("text/javascript", lambda: _own("sending.js") + _own("drop.js")),
    "try.js": ("text/javascript", lambda: _own("sending.js") + _own("try.js")),
}
_DOWNLOADS = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


async def _documents(request: Request) -> Response:
    words, state, number = (
        request.query_params.get("q", ""),
        request.query_params.get("state", ""),
        number_of(request),
    )
    found = None
    if is_published(page_of(request).environment.data):
        found = await in_thread(looking.documents, page_of(request).warehouse, words, state, number)
    return html(request, "documents.html.j2", found=found, words=words, state=state)


async def _document(request: Request) -> Response:
    page, document_id = page_of(request), request.path_params["document_id"]
    view, pictures = await in_thread(_view, page, document_id)
    return html_as_it_comes(
        request, "correct.html.j2",
        document=view, pictures=pictures, index="/", before=None, after=None, editable=True,
    )  # fmt: skip


def _view(page: Page, document_id: str) -> tuple[DocumentView, dict[str, str]]:
    """The document, and the addresses of its page images that are there."""
    data = page.environment.data
    known = page.warehouse if is_published(data) else None
    view = next(
        iter(documents_of_batch(data, _batch_of(page, document_id), only=[document_id], warehouse=known))
    )
    there = (p.page_id for p in view.pages if p.uri and (data.root / p.uri).exists())
    return view, {page_id: f"/images/{quote(page_id)}" for page_id in there}


def _batch_of(page: Page, document_id: str) -> str:
    there = is_published(page.environment.data)
    known = looking.batch_of(page.warehouse, document_id) if there else None
    if known is not None:
        return known
    where = pc.field("document_id") == document_id  # read, and not published yet
    rows = read_all_batches(page.environment.data, DOCUMENTS, ["batch_id", "document_id"], where)
    if not rows:
        raise UsageError(f"There is no document {document_id}.", "See the list of documents.")
    return rows[-1]["batch_id"]


async def _place(request: Request) -> Response:
    page_id = request.path_params["page_id"]
    row = await in_thread(looking.place_of_page, page_of(request).warehouse, page_id)
    if row is None:
        raise UsageError(f"There is no page {page_id}.", "See the list of documents.")
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/documents/{quote(row[0])}{query}#p{row[1]}", status_code=303)


async def _image(request: Request) -> Response:
    picture = await in_thread(_picture, page_of(request), request.path_params["page_id"])
    if picture is None:
        return JSONResponse({"error": "The page image is not there."}, status_code=404)
    media_type = {".png": "image/png", ".webp": "image/webp"}.get(picture.suffix, "image/jpeg")
    return Response(
        picture.content, media_type=media_type, headers={"cache-control": "private, max-age=3600"}
    )


def _picture(page: Page, page_id: str) -> ReportPicture | None:
    data = page.environment.data
    for uri, media_type in _places_of_picture(page, page_id):
        with contextlib.suppress(OSError):  # vacuumed or moved away
            return report_picture((data.root / uri).read_bytes(), media_type)
    return None


def _places_of_picture(page: Page, page_id: str) -> Iterator[tuple[str, str | None]]:
    """Where the image of a page may be: as the warehouse says, and as the table files do, the newest first."""
    if is_published(page.environment.data) and (known := looking.picture_of_page(page.warehouse, page_id)):
        yield known
    columns = ["batch_id", "uri", "media_type"]
    rows = read_all_batches(page.environment.data, PAGES, columns, pc.field("page_id") == page_id)
    yield from ((row["uri"], row["media_type"]) for row in reversed(rows) if row["uri"])


async def _search(request: Request) -> Response:
    words, hits = request.query_params.get("q", "").strip(), None
    if words:
        found = await in_thread(search_pages, page_of(request).warehouse, words)
        hits = [_hit(dict(zip(found.columns, row, strict=True)), words) for row in found.rows]
    return html(request, "search.html.j2", words=words, hits=hits)


def _hit(found: dict[str, Any], words: str) -> dict[str, Any]:
    """A place that was found, with its box as the document's page takes it."""
    sides = [found[side] for side in ("left_px", "top_px", "right_px", "bottom_px")]
    box = "" if None in sides else ",".join(f"{side:g}" for side in sides)
    return found | {"box": box, "parts": marked(found["excerpt"], words)}


async def _tables(request: Request) -> Response:
    return html(request, "tables.html.j2", tables=await in_thread(looking.tables, page_of(request).warehouse))


async def _table(request: Request) -> Response:
    page, asked = page_of(request), request.query_params
    table, column, words = request.path_params["table"], asked.get("column", ""), asked.get("q", "")
    sql = await in_thread(looking.table_query, page.warehouse, table, column, words)
    if (kind := asked.get("as", "")) in _DOWNLOADS:
        folder = tempfile.TemporaryDirectory(prefix="qwenocr-app-")
        file = Path(folder.name) / f"{table}.{kind}"
        await in_thread(export_query, page.warehouse, sql, file, kind)
        return FileResponse(
            file, media_type=_DOWNLOADS[kind], filename=file.name, background=BackgroundTask(folder.cleanup)
        )
    found = await in_thread(looking.table_rows, page.warehouse, sql, number_of(request))
    about = await in_thread(looking.about_table, page.warehouse, table)
    return html(request, "table.html.j2", table=table, column=column, words=words, found=found, about=about)


async def _charts(request: Request) -> Response:
    found = await in_thread(looking.overview, page_of(request).warehouse)
    days = found.by_day
    charts = [
        chart("Pages a day", [(day, pages) for day, pages, _, _ in days], "{:,.0f}".format),
        chart(
            "Cost a day",
            [(day, float(cost)) for day, _, cost, _ in days],
            lambda amount: usd(Decimal(f"{amount:.6f}")),
        ),
        chart(
            "Share of values to review", [(day, share or 0.0) for day, _, _, share in days], "{:.1%}".format
        ),
    ]
    return html(request, "charts.html.j2", charts=charts, found=found)


async def _drop(request: Request) -> Response:
    return html(request, "drop.html.j2", is_local=page_of(request).environment.region.is_local)


async def _try(request: Request) -> Response:
    environment = page_of(request).environment
    known = [
        (schema.name, orjson.dumps(schema.keys, option=orjson.OPT_INDENT_2).decode())
        for schema in environment.result_schemas
    ]
    return html(request, "try.html.j2", is_local=environment.region.is_local, known=known)


async def _suggestion(request: Request) -> Response:
    page, document_id = page_of(request), request.path_params["document_id"]
    name = request.query_params.get("name") or None
    found = await in_thread(
        lambda: suggest(page.environment, _batch_of(page, document_id), document_id, name)
    )
    saved = await in_thread(save, found) if request.method == "POST" else None
    return html(request, "suggestion.html.j2", document_id=document_id, found=found, saved=saved)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return JSONResponse({"error": f"There is no {name}."}, status_code=404)
    media_type, content = _STATIC[name]
    return Response(content(), media_type=media_type, headers={"cache-control": "no-cache"})


def _own(name: str) -> str:
    return (Path(__file__).parent / "static" / name).read_text(encoding="utf-8")


async def _no_icon(request: Request) -> Response:  # noqa: ARG001  Starlette's signature
    return Response(status_code=204)


SCREENS = [
    Route("/", _documents),
    Route("/documents/{document_id}", _document),
    Route("/documents/{document_id}/schema", _suggestion, methods=["GET", "POST"]),
    Route("/pages/{page_id}", _place),
    Route("/images/{page_id}", _image),
    Route("/search", _search),
    Route("/tables", _tables),
    Route("/tables/{table}", _table),
    Route("/charts", _charts),
    Route("/drop", _drop),
    Route("/try", _try),
    Route("/static/{name}", _static),
    Route("/favicon.ico", _no_icon),
]
