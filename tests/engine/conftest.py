"""What the engine's tests share: a page that is already read, and a way to post to the app."""

import base64
import functools
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.geometry import Quad

Send = Callable[..., httpx.Response]
Body = Callable[..., dict[str, Any]]

MODEL = "qwen-vl-ocr-2025-11-20"


def _line(text: str, left: float, top: float, right: float, bottom: float) -> Line:
    quad: Quad = (left, top, right, top, right, bottom, left, bottom)
    return Line(text, quad, 0.99)


_LINES = (
    _line("Invoice", 40, 30, 240, 70),
    _line("Invoice No: 10283819", 40, 100, 340, 130),
    _line("Date: 2013-06-29", 40, 150, 300, 180),
    _line("合计：￥12.50", 40, 200, 230, 230),
    _line("Item", 40, 300, 120, 330),
    _line("Price", 240, 300, 320, 330),
    _line("Tea", 40, 350, 100, 380),
    _line("3.20", 240, 350, 310, 380),
)
_CELLS = (
    Cell(0, 0, 1, 1, "Item"),
    Cell(0, 1, 1, 1, "Price"),
    Cell(1, 0, 1, 1, "Tea"),
    Cell(1, 1, 1, 1, "3.20"),
)


@dataclass(frozen=True, slots=True)
class FixedReader:
    """A reader that has read one page and answers it at once, whatever the image; it reads all lines twice alike."""

    page: ReadPage

    def read(self, image: bytes) -> ReadPage:
        return self.page

    def read_wider(self, image: bytes, quads: Sequence[Quad], stretched: float = 1.0) -> list[Line]:
        lines = {line.quad: line for line in self.page.lines}
        return [lines[quad] for quad in quads]


@pytest.fixture(scope="session")
def read_page() -> ReadPage:
    """A page of 640 × 480 pixels with a title, three pairs and a table."""
    return ReadPage(
        width=640,
        height=480,
        rotation=0,
        skew=0.0,
        lines=_LINES,
        upright_lines=_LINES,
        tables=(Table(_CELLS, (30.0, 290.0, 360.0, 390.0)),),
    )


@pytest.fixture(scope="session")
def app(read_page: ReadPage) -> Starlette:
    """The engine with a reader that answers at once with `read_page`."""
    from qwenocr_assets.engine.app import create_app

    return create_app(FixedReader(read_page))


@pytest.fixture(scope="session")
def blank_image() -> Callable[..., str]:
    """The data: URL of a blank image: `blank_image(width, height, kind)`."""

    def _blank(width: int, height: int, kind: str = "PNG") -> str:
        file = io.BytesIO()
        Image.new("L", (width, height), 255).save(file, kind)
        return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"

    return _blank


@pytest.fixture(scope="session")
def image_url(blank_image: Callable[..., str]) -> str:
    """A blank image as large as `read_page`."""
    return blank_image(640, 480)


@pytest.fixture(scope="session")
def send() -> Send:
    """One request to an app, in-process, over the transport that the pipeline uses: `send(app, path, json=…)`."""

    def _send(app: Starlette, path: str, method: str = "POST", **request: Any) -> httpx.Response:
        async def _request() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
                return await client.request(method, path, **request)

        return anyio.run(_request)

    return _send


@pytest.fixture
def post(app: Starlette, send: Send) -> Send:
    """`send` to the app with the fixed page: `post(path, json=…)`."""
    return functools.partial(send, app)


@pytest.fixture(scope="session")
def native_body() -> Body:
    """A native request for an image: `native_body(url, task, **parameters)`."""

    def _body(image: str, task: str | None = None, **parameters: Any) -> dict[str, Any]:
        if task is not None:
            parameters["ocr_options"] = {"task": task} | parameters.pop("ocr_options", {})
        content = [{"image": image, "min_pixels": 3072, "max_pixels": 8388608, "enable_rotate": False}]
        messages = [{"role": "user", "content": content}]
        return {"model": MODEL, "input": {"messages": messages}, "parameters": parameters}

    return _body


@pytest.fixture(scope="session")
def compatible_body() -> Body:
    """An OpenAI-compatible request for an image: `compatible_body(url, prompt, **parameters)`."""

    def _body(image: str, prompt: str, **parameters: Any) -> dict[str, Any]:
        picture = {
            "type": "image_url",
            "image_url": {"url": image},
            "min_pixels": 3072,
            "max_pixels": 8388608,
        }
        content = [picture, {"type": "text", "text": prompt}]
        return {"model": MODEL, "messages": [{"role": "user", "content": content}]} | parameters

    return _body
