"""The Responses dialect of the engine and the account around it: whole PDFs, images, and what is refused."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pybase64
import pytest
from PIL import Image

from qwenocr_assets.emulator import NAMED_FAULTS, EmulatorTransport, Fault, create_emulator
from qwenocr_assets.emulator.emulator import Emulator
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.images import ImageBytes, SentAs
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.pdfs import Pdf, PdfAt, PdfBytes
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task

CATALOGUE = load_catalogue()
DOCUMENT = Task.DOCUMENT_PARSING


class WidthReader:
    """Reads the width of each picture."""

    def read(self, image: bytes) -> ReadPage:
        with Image.open(io.BytesIO(image)) as picture:
            width, height = picture.size
        line = Line(f"{width} wide", (20, 20, 200, 20, 200, 40, 20, 40), 0.99)
        return ReadPage(width, height, 0, 0.0, (line,), (line,), ())


def pdf(*widths: int) -> bytes:
    """A PDF with a page for each width, at 200 dpi."""
    pages = [Image.new("L", (width, 400), 255) for width in widths]
    written = io.BytesIO()
    pages[0].save(written, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return written.getvalue()


def account(fault: Fault | None = None, pictures: Mapping[str, bytes] | None = None) -> Emulator:
    return create_emulator(
        create_app(WidthReader()),
        region="beijing",
        faults=lambda _: fault,
        pictures=pictures or {},
        keep_log=True,
    )


def ask(
    emulator: Emulator,
    page: Pdf | ImageBytes,
    task: Task = DOCUMENT,
    model: str = "qwen3.5-ocr",
    options: RequestOptions = RequestOptions(),  # noqa: B008  frozen
    **region: Any,
) -> Reply:
    there = replace(CATALOGUE.region("beijing"), **{"protocol": Protocol.RESPONSES, **region})

    async def ask_once() -> Reply:
        transport = EmulatorTransport(emulator)
        async with Client(there, model, options=ClientOptions(max_attempts=1), transport=transport) as client:
            return await client.ask(Request(page, task, options))

    return asyncio.run(ask_once())


@pytest.mark.parametrize(
    ("page", "way"),
    [(PdfBytes(pdf(500, 600), 2), SentAs.UPLOAD), (PdfAt("https://example.com/a.pdf", 2), SentAs.URL)],
)
def test_a_pdf_goes_whole_and_each_part_names_its_page(page: Pdf, way: SentAs) -> None:
    emulator = account(pictures={"https://example.com/a.pdf": pdf(500, 600)})
    reply = ask(emulator, page)
    assert reply.error is None
    assert reply.answer is not None
    assert [(p.page, p.text) for p in reply.answer.layouts] == [(0, "500 wide"), (1, "600 wide")]
    assert (reply.sent_as, reply.answer.finish_reason) == (way, "stop")
    assert emulator.bill.total.calls == 1
    billed = reply.answer.usage.billed
    assert billed is not None
    assert emulator.bill.total.usd == CATALOGUE.model("beijing", "qwen3.5-ocr").price().cost_usd(billed)


def test_a_limit_of_tokens_cuts_the_answer_and_it_says_so() -> None:
    reply = ask(account(), PdfBytes(pdf(500, 600, 700), 3), options=RequestOptions(max_tokens=8))
    assert reply.answer is not None
    assert reply.answer.finish_reason == "length"
    assert [p.page for p in reply.answer.layouts] == [0, 1]


def test_an_image_goes_as_well() -> None:
    written = io.BytesIO()
    Image.new("L", (300, 200), 255).save(written, "PNG")
    reply = ask(account(), ImageBytes(written.getvalue(), "image/png"), Task.TEXT_RECOGNITION)
    assert reply.answer is not None
    assert reply.answer.text == "300 wide"


@pytest.mark.parametrize(
    ("page", "task", "model", "region", "said"),
    [
        (PdfBytes(pdf(500), 51), DOCUMENT, "qwen3.5-ocr", {}, "51 pages.* takes 50"),
        (PdfBytes(pdf(500), 11), Task.TABLE_PARSING, "qwen3.5-ocr", {}, "11 pages.* takes 10"),
        (PdfBytes(pdf(500), 1), DOCUMENT, "qwen-vl-ocr", {}, "takes no whole PDFs"),
        (PdfBytes(pdf(500), 1), DOCUMENT, "qwen3.5-ocr", {"offers_uploads": False}, "no temporary uploads"),
        (PdfBytes(b"x" * 100_000_001, 1), DOCUMENT, "qwen3.5-ocr", {}, "at most 100,000,000"),
        (PdfBytes(b"no pdf", 1), DOCUMENT, "qwen3.5-ocr", {}, "cannot be opened"),
        (PdfBytes(pdf(*[20] * 51), 50), DOCUMENT, "qwen3.5-ocr", {}, "at most 50 are supported"),
        (PdfAt("https://example.com/none.pdf", 1), DOCUMENT, "qwen3.5-ocr", {}, "Failed to download"),
    ],
)
def test_what_cannot_be_is_refused_and_costs_nothing(
    page: Pdf, task: Task, model: str, region: dict[str, Any], said: str
) -> None:
    emulator = account()
    reply = ask(emulator, page, task, model, **region)
    assert reply.answer is None
    with pytest.raises(Exception, match=said):
        raise reply.error  # type: ignore[misc]
    assert not emulator.bill.total.calls


@pytest.mark.parametrize("name", sorted(NAMED_FAULTS))
def test_every_fault_of_the_account_is_an_answer_or_an_error_in_this_dialect(name: str) -> None:
    fault = NAMED_FAULTS[name]
    if getattr(fault, "after_seconds", 0):
        fault = replace(fault, after_seconds=0.0)  # type: ignore[type-var]
    if name in ("rate_quota", "allocation_quota", "burst_rate", "stream_error"):
        return  # waited for until the limit has room: the same in each dialect
    reply = ask(account(fault), PdfBytes(pdf(500, 600), 2))
    assert (reply.answer is None) != (reply.error is None)


def test_the_embedded_engine_takes_one_inside_the_request() -> None:
    app = create_app(WidthReader())
    address = "data:application/pdf;base64," + pybase64.b64encode(pdf(500, 600)).decode()
    body = {
        "model": "embedded-ocr",
        "input": [{"role": "user", "content": [{"type": "input_file", "file_url": address}]}],
        "ocr_options": {"task": "document_parsing"},
    }

    async def post() -> Any:
        import httpx

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://engine") as http:
            return (await http.post("/compatible-mode/v1/responses", json=body)).json()

    answer = asyncio.run(post())
    layouts = answer["output"][0]["content"][0]["ocr_result"]["layouts"]
    assert [layout["pageNum"] for layout in layouts] == [0, 1]
