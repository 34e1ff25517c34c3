"""Words that come with an image stand in the place of recognised ones, whichever way up the page lies."""

import base64
import io

import cv2
import numpy as np
import orjson
import pytest
from PIL import Image
from starlette.applications import Starlette

from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.geometry import Turn, quad_of
from qwenocr_assets.engine.reading.own_text import page_of_own_text
from qwenocr_assets.engine.reading.pictures import Picture, turned
from qwenocr_assets.engine.reading.reader import Reader
from qwenocr_assets.engine.wire.native import PATH
from qwenocr_assets.geometry import Quad
from qwenocr_assets.own_text import OwnLine, to_json

from .conftest import Body, Send

SIZE = 700, 500
ROWS = [("Item", "Pieces", "Price"), ("Tea", "2", "3.20"), ("Bread", "10", "41.75"), ("Salt", "1", "0.90")]


def words(*placed: tuple[str, float, float], top: float) -> OwnLine:
    """One line of words from left to right, as PDFium gives a row of a table."""
    left, right = placed[0][1], placed[-1][2]
    return OwnLine(
        " ".join(text for text, _, _ in placed),
        Quad(left, top, right, top, right, top + 20, left, top + 20),
        tuple(((start - left) / (right - left), (end - left) / (right - left)) for _, start, end in placed),
    )


OWN = [
    words(
        *((text, x, x + 10 * len(text)) for text, x in zip(row, (60, 300, 500), strict=True)),
        top=100 + 50 * n,
    )
    for n, row in enumerate(ROWS)
]


def picture(*, ruled: bool) -> Picture:
    page = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    if ruled:
        for y in range(85, 300, 50):
            cv2.line(page, (40, y), (600, y), (0, 0, 0), 2)
        for x in (40, 280, 480, 600):
            cv2.line(page, (x, 85), (x, 285), (0, 0, 0), 2)
    return page


def cells(page_tables: tuple) -> list[tuple[str, ...]]:
    [table] = page_tables
    rows = sorted({cell.row for cell in table.cells})
    return [
        tuple(c.text for c in sorted(table.cells, key=lambda c: c.column) if c.row == row) for row in rows
    ]


@pytest.mark.parametrize("ruled", [True, False])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_table_is_found_whichever_way_up(rotation: int, ruled: bool) -> None:
    lying = Turn(*SIZE, rotation)
    own = [
        OwnLine(
            one.text,
            # the text turns with the page: its corners begin where it begins
            quad_of(
                np.array(lying.matrix[:2, :2] @ np.array(one.quad).reshape(4, 2).T).T + lying.matrix[:2, 2]
            ),
            one.words,
        )
        for one in OWN
    ]
    page = page_of_own_text(turned(picture(ruled=ruled), lying), own)
    assert page.rotation == -rotation % 360
    assert cells(page.tables) == ROWS
    for line in page.lines:
        (of,) = [one for one in own if line.text in one.text.split(" ")]
        assert of.quad.box.overlap_x(line.quad.box) > 0
        assert of.quad.box.overlap_y(line.quad.box) > 0


def test_no_words_are_an_empty_page() -> None:
    page = page_of_own_text(picture(ruled=True), [])
    assert (page.lines, page.tables) == ((), ())


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Starlette:
    """An engine that would fail if it recognised anything."""
    reader = Reader()
    monkeypatch.setattr(reader, "_weights", None)
    return create_app(reader)


def body_of(native_body: Body, task: str, own_text: object) -> dict:
    file = io.BytesIO()
    Image.fromarray(picture(ruled=True)).save(file, "PNG")
    body = native_body("data:image/png;base64," + base64.b64encode(file.getvalue()).decode(), task)
    body["input"]["messages"][0]["content"][0]["own_text"] = own_text
    return body


@pytest.mark.parametrize(
    "task", ["table_parsing", "advanced_recognition", "text_recognition", "document_parsing"]
)
def test_every_task_is_answered_from_them(
    engine: Starlette, send: Send, native_body: Body, task: str
) -> None:
    reply = send(engine, PATH, json=body_of(native_body, task, orjson.loads(to_json(OWN))))
    text = reply.json()["output"]["choices"][0]["message"]["content"][0]["text"]
    assert all(cell in text for row in ROWS for cell in row)


def test_what_is_no_text_is_refused(engine: Starlette, send: Send, native_body: Body) -> None:
    reply = send(engine, PATH, json=body_of(native_body, "table_parsing", [["text", None]]))
    assert reply.status_code == 400
    assert "own_text" in reply.json()["message"]
