"""Answers that stopped at their output limit are asked again in halves, until they are whole."""

import base64
import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from qwenocr_assets.emulator import EmulatorTransport, create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import QuietProgress
from qwenocr_assets.schemas import OCR_RESPONSES, PAGES, TEXT_LINES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.steps import run
from qwenocr_assets.steps.pages import halve_pages, make_pages
from qwenocr_assets.steps.pipeline import run_batch
from qwenocr_assets.storage.table_files import read_table

HEIGHT, LINE = 1600, 40


class Reader(CannedAnswers):
    """Answers with a line for each bar on the picture, and stops at ten of them."""

    def _answer(self, scope: Any, body: bytes) -> tuple[str, bytes]:
        [picture] = re.findall(rb"base64,([A-Za-z0-9+/=]+)", body)
        image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("L")
        column = [image.getpixel((200, y)) < 128 for y in range(image.height)]
        starts = [y for y, dark in enumerate(column) if dark and not (y and column[y - 1])]
        self.text = "\n".join(f"level {image.getpixel((300, y + 2))}" for y in starts[:10])
        kind, answer = super()._answer(scope, body)
        return kind, answer.replace(b'"stop"', b'"length"') if len(starts) > 10 else answer


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page of 40 bars, each told by its grey at one place."""
    path = tmp_path / "in" / "page.png"
    path.parent.mkdir()
    picture = Image.new("L", (800, HEIGHT), 255)
    for number in range(HEIGHT // LINE):
        top = number * LINE + 10
        ImageDraw.Draw(picture).rectangle((180, top, 330, top + 15), fill=0)
        for left in range(400, 700, 8):  # as many edges as writing has
            ImageDraw.Draw(picture).rectangle((left, top, left + 3, top + 15), fill=0)
        ImageDraw.Draw(picture).rectangle((290, top, 310, top + 15), fill=60 + number)
    picture.save(path)
    return path


def environment_of(tmp_path: Path, reader: Reader, **route: Any) -> Environment:
    settings = load_settings(
        data=str(tmp_path / "data"),
        region="singapore",
        stream="never",
        decoders=0,
        routes=[{"name": "all", "tasks": ["text_recognition"], **route}],
    )
    emulator = create_emulator(reader, region="singapore")
    return Environment(settings, lambda _: EmulatorTransport(emulator))


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", "sk-test")


def texts(environment: Environment, batch_id: str) -> list[str]:
    rows = read_table(environment.data, TEXT_LINES, batch_id)
    assert len({row["page_id"] for row in rows}) == 1
    return [row["text"] for row in sorted(rows, key=lambda row: row["line_index"])]


def statuses(environment: Environment, batch_id: str) -> list[str]:
    return [row["status"] for row in read_table(environment.data, OCR_RESPONSES, batch_id)]


ALL = [f"level {60 + number}" for number in range(HEIGHT // LINE)]


def test_by_itself_where_the_route_says_so(page: Path, tmp_path: Path) -> None:
    reader = Reader()
    environment = environment_of(tmp_path, reader, split_long_answers=True)
    [outcome] = run(environment, [page])
    assert texts(environment, outcome.batch_id) == ALL
    assert set(statuses(environment, outcome.batch_id)) == {"ok"}
    assert outcome.sent == reader.calls
    calls = reader.calls
    run(environment, [page])
    assert reader.calls == calls, "what was answered is not asked again"


def test_otherwise_when_a_person_says_so(page: Path, tmp_path: Path) -> None:
    environment = environment_of(tmp_path, Reader())
    [outcome] = run(environment, [page])
    batch_id = outcome.batch_id
    assert (statuses(environment, batch_id), len(texts(environment, batch_id))) == (["partial"], 10)
    for parts in (2, 4, 8):
        if not halve_pages(environment, batch_id):
            break
        run_batch(environment, batch_id, QuietProgress())
        assert len(statuses(environment, batch_id)) <= parts
    assert texts(environment, batch_id) == ALL
    assert halve_pages(environment, batch_id) == 0


def test_pages_made_anew_stay_cut_until_their_picture_changes(page: Path, tmp_path: Path) -> None:
    environment = environment_of(tmp_path, Reader())
    [outcome] = run(environment, [page])
    batch_id = outcome.batch_id
    whole = read_table(environment.data, PAGES, batch_id)
    halve_pages(environment, batch_id)
    cut = read_table(environment.data, PAGES, batch_id)
    tiled, upper, lower = cut
    assert (tiled["status"], upper["tile_of"], lower["tile_of"]) == ("tiled", *[whole[0]["page_id"]] * 2)
    assert lower["tile_top_px"] + lower["height_px"] == HEIGHT
    assert upper["height_px"] - lower["tile_top_px"] <= 64, "cut between two bars"
    assert lower["to_original"][5] == lower["tile_top_px"]
    make_pages(environment, batch_id, QuietProgress())
    assert read_table(environment.data, PAGES, batch_id) == cut
    other = environment_of(tmp_path, Reader(), enhance=["contrast", "denoise_mean"])
    make_pages(other, batch_id, QuietProgress())
    assert [row["status"] for row in read_table(other.data, PAGES, batch_id)] == ["ready"]
