"""What all addresses of the page share: what they work with, threads for what takes long, and templates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio.to_thread
import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from qwenocr_assets.app.debounced import Debounced
from qwenocr_assets.app.dropping import Drops
from qwenocr_assets.app.kept_warehouse import KeptWarehouse
from qwenocr_assets.app.presence import Presence
from qwenocr_assets.app.trying import Tries
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.quality.rule_work import RuleWork
from qwenocr_assets.report.html import templates
from qwenocr_assets.warehouse.connect import Readable

_PART = 4000
"""Pieces of a template that are sent together."""
_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Page:
    """All that requests share."""

    environment: Environment
    drops: Drops
    tries: Tries
    presence: Presence
    kept: KeptWarehouse
    work: RuleWork
    published: Debounced
    """Asked after every change: rules of whole batches, then the warehouse."""
    runs_url: str | None
    """Where Dagster's runs are seen."""

    @property
    def warehouse(self) -> Readable:
        """The published file. Raises `WarehouseError` while there is none."""
        return self.kept.newest()


def page_of(request: Request) -> Page:
    """What the server of a request works with."""
    page: Page = request.app.state.page
    return page


async def in_thread(do: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a thread, and wait for what it returns."""
    return await anyio.to_thread.run_sync(lambda: do(*arguments))


def html(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A template as an answer, with what all of them show."""
    return HTMLResponse(_filled(request, template, values).render(), status_code=status)


def html_as_it_comes(request: Request, template: str, **values: Any) -> Response:
    """A long template, sent while it is written: its beginning is shown before its end is made."""
    parts = _filled(request, template, values).parts()
    return StreamingResponse(parts, media_type="text/html")


@dataclass(frozen=True, slots=True)
class _Filled:
    """A template with its values."""

    template: jinja2.Template
    values: dict[str, Any]

    def render(self) -> str:
        return self.template.render(**self.values)

    def parts(self) -> Iterator[str]:
        stream = self.template.stream(**self.values)
        stream.enable_buffering(_PART)
        return iter(stream)


def _filled(request: Request, template: str, values: dict[str, Any]) -> _Filled:
    shared: dict[str, Any] = {
        "editable": False,
        "here": request.url.path,
        "runs_url": page_of(request).runs_url,
    }
    return _Filled(_templates().get_template(template), shared | values)


@cache
def _templates() -> jinja2.Environment:
    environment = templates(_TEMPLATES)
    environment.filters["query"] = lambda values: urlencode(
        {k: v for k, v in values.items() if v not in ("", None)}
    )
    return environment


def number_of(request: Request) -> int:
    """Which part of a list is asked for, from 0."""
    text = request.query_params.get("page", "0")
    return int(text) if text.isdecimal() else 0
