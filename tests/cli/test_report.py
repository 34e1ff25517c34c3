"""`qwenocr report` and `qwenocr draw` as a person types them, and what docs/report.md says about them."""

import io
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image, ImageChops
from typer.testing import CliRunner, Result
from upath import UPath

from qwenocr_assets.cli.app import app
from qwenocr_assets.cli.commands.draw import boxes_of_answer
from qwenocr_assets.errors import QwenocrError, RejectedInput
from qwenocr_assets.imaging.draw import draw_boxes
from qwenocr_assets.schemas import DOCUMENTS, KEY_VALUES, PAGES, TEXT_LINES
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically
from qwenocr_assets.storage.table_files import read_table, write_table

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "tests" / "tables" / "guide"
PAGE_SIZE = (1500, 660)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def message(result: Result) -> str:
    assert isinstance(result.exception, QwenocrError), result.output
    return str(result.exception)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "page.png"
    Image.new("RGB", PAGE_SIZE, "white").save(path)
    return path


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Path) -> DataFolder:
    """Two documents of one batch, both called invoice.png in folders of their own."""
    monkeypatch.setenv("QWENOCR_DATA", str(tmp_path / "data"))
    folder = DataFolder(UPath(tmp_path / "data"))
    write_atomically(folder.manifest("b1"), b"{}")
    write_atomically(folder.root / "pages" / "a.png", picture.read_bytes())
    names = {"d1": "acme/invoice.png", "d2": "請求書/invoice.png"}
    document = {"batch_id": "b1", "uri": "", "sha256": "", "size_bytes": 1, "status": "accepted"}
    write_table(folder, DOCUMENTS, "b1", [{**document, "document_id": i, "name": names[i]} for i in names])
    page = {"batch_id": "b1", "page_number": 1, "status": "ready", "uri": "pages/a.png"}
    page |= {"media_type": "image/png", "width_px": PAGE_SIZE[0], "height_px": PAGE_SIZE[1]}
    write_table(folder, PAGES, "b1", [{**page, "document_id": i, "page_id": f"{i}-p1"} for i in names])
    box = {"left_px": 100.0, "top_px": 50.0, "right_px": 300.0, "bottom_px": 90.0}
    line = {"batch_id": "b1", "document_id": "d1", "page_id": "d1-p1", "task": "advanced_recognition"}
    line |= {"request_key": "k", "line_index": 0, "text": "合計 12", "ground": "given", **box}
    write_table(folder, TEXT_LINES, "b1", [line])
    value = {**line, "path": "total", "key": "total", "value": "12", "value_type": "number", "ground": "line"}
    write_table(folder, KEY_VALUES, "b1", [{k: v for k, v in value.items() if k in KEY_VALUES.column_names}])
    return folder


def drawn(path: Path) -> tuple[int, int, int, int] | None:
    with Image.open(path) as image:
        image = image.convert("RGB")
        dark = ImageChops.difference(image, Image.new("RGB", image.size, "white")).convert("L")
        return dark.point(lambda value: 255 * (value > 60)).getbbox()


@pytest.mark.parametrize("arguments", [(), ("b1",)], ids=["newest", "by-its-name"])
def test_a_report_says_where_it_opens(data: DataFolder, arguments: tuple[str, ...]) -> None:
    result = invoke("report", *arguments)
    index = Path(data.root.path) / "reports" / "b1" / "index.html"
    assert result.output.splitlines() == ["2 documents, 0 failed, 0 to look at.", index.as_uri()]
    assert "acme/invoice.png" in index.read_text(encoding="utf-8")


def test_what_is_fine_can_be_left_out(data: DataFolder) -> None:
    rows = read_table(data, DOCUMENTS, "b1")
    write_table(data, DOCUMENTS, "b1", [rows[0], {**rows[1], "status": "rejected", "reason": "It is torn."}])
    result = invoke("report", "--doubtful")
    assert result.output.splitlines()[0] == "1 document, 1 failed, 0 to look at."


def test_a_report_of_one_document_has_only_this_one(data: DataFolder, tmp_path: Path) -> None:
    result = invoke("report", "--document", "acme/invoice.png", "-o", tmp_path / "out")
    [page] = (tmp_path / "out" / "documents").iterdir()
    assert result.output.splitlines()[1] == page.as_uri()
    assert "合計 12" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("report", "b2"), "There is no intake b2. There are b1."),
        (("report", "--document", "invoice.png"), "could be any of acme/invoice.png, 請求書/invoice.png"),
        (("report", "--document", "letter.png"), "There is no document letter.png."),
        (("draw", "-o", "x.png"), "A picture and the answer to it are needed."),
        (("draw", "no.png", "no.json", "-o", "x.png"), "no.png cannot be read"),
        (("draw", "--document", "acme/invoice.png", "-o", "x.gif"), "cannot be written as x.gif"),
        (("draw", "--document", "acme/invoice.png", "--page", 2, "-o", "x.png"), "no page image 2"),
        (
            ("draw", "--document", "acme/invoice.png", "--boxes", "cells", "-o", "x.png"),
            "no cells with a box",
        ),
        (("draw", "--document", "acme/invoice.png", "--boxes", "all", "-o", "x.png"), "no boxes of all"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said(data: DataFolder, arguments: tuple[Any, ...], wrong: str) -> None:
    assert wrong in message(invoke(*arguments))


def test_nothing_read_yet_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_DATA", str(tmp_path / "empty"))
    assert "Nothing was read yet" in message(invoke("report"))


def test_the_guides_sample_answer_is_drawn_where_it_says(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "boxes.png"
    result = invoke("draw", picture, GUIDE / "shell_script_lines.json", "-o", out)
    assert result.output == f"11 boxes in {out}\n"
    left, top, right, bottom = drawn(out) or (0, 0, 0, 0)
    assert (left, right, bottom) == pytest.approx((50, 1458, 633), abs=3)
    assert 30 < top < 54  # the first line's label stands above it


@pytest.mark.parametrize(
    "name", ["load_table", "taxi_receipt", "train_ticket", "formula", "shell_script_text"]
)
def test_the_guides_answers_without_boxes_are_named(picture: Path, tmp_path: Path, name: str) -> None:
    said = message(invoke("draw", picture, GUIDE / f"{name}.json", "-o", tmp_path / "x.png"))
    assert "has no boxes" in said
    assert "advanced_recognition" in said


def answer(text: str) -> bytes:
    return orjson.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})


@pytest.mark.parametrize(
    ("rectangle", "corners"),
    [
        ([500, 500, 400, 100, 0], (300, 900, 700, 900, 700, 1100, 300, 1100)),
        ([500, 500, 100, 400, 90], (300, 900, 700, 900, 700, 1100, 300, 1100)),
        ([500, 500, 100, 400, -90], (300, 900, 700, 900, 700, 1100, 300, 1100)),
    ],
    ids=["level", "quarter-turn", "quarter-turn-back"],
)
def test_rectangles_in_thousandths_become_corners(rectangle: list[int], corners: tuple[int, ...]) -> None:
    body = answer(orjson.dumps([{"rotate_rect": rectangle, "text": "Total"}]).decode())
    [(box, text)] = boxes_of_answer(body, (1000, 2000))
    assert (tuple(box), text) == (pytest.approx(corners), "Total")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"output": {}}', b'{"code": "InvalidApiKey"}'])
def test_what_is_no_answer_is_named(body: bytes) -> None:
    with pytest.raises(RejectedInput, match="no answer of Qwen-OCR"):
        boxes_of_answer(body, (10, 10))


@pytest.mark.parametrize(
    ("what", "explained"), [("lines", "1  合計 12\n"), ("fields", "")], ids=["numbered", "latin"]
)
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_document_is_drawn(
    data: DataFolder, tmp_path: Path, what: str, explained: str, suffix: str
) -> None:
    out = tmp_path / f"boxes.{suffix}"
    result = invoke("draw", "--document", "acme/invoice.png", "--boxes", what, "-o", out)
    assert result.output == f"{explained}1 boxes in {out}\n"
    left, _, right, bottom = drawn(out) or (0, 0, 0, 0)
    assert (left, right, bottom) == pytest.approx((100, 300, 90), abs=3)


def test_the_docs_say_what_the_program_does(picture: Path) -> None:
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    used = set(re.findall(r"(?<!\w)--[a-z]+", text))
    known = {o for c in ("report", "draw") for o in re.findall(r"--[a-z]+", invoke(c, "--help").output)}
    assert used <= known
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope = {"page_bytes": picture.read_bytes()}
    exec(example, scope)
    assert scope["draw_boxes"] is draw_boxes
    with Image.open(io.BytesIO(scope["jpeg"])) as image:
        assert image.size == PAGE_SIZE
