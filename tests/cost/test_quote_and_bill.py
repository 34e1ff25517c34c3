"""A batch of mixed pages at the emulated service: what was quoted for the input is what is settled."""

import asyncio
import io
import random
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from qwenocr_assets.asking.records import Asked, record_of
from qwenocr_assets.cost.batch_funds import LedgerFunds
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.drift import input_drift
from qwenocr_assets.cost.entries import Reserved
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.ledger_rows import ledger_row
from qwenocr_assets.cost.purse import calls_of, open_purse
from qwenocr_assets.cost.quote import quote_request
from qwenocr_assets.cost.requests import request_rows
from qwenocr_assets.emulator import EmulatorTransport, create_emulator
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from qwenocr_assets.errors import AboveReserve, ConfigurationError
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.qwenocr.answers import Answer, Usage
from qwenocr_assets.qwenocr.catalogue import Model, load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.prices import Tokens, to_pico, to_usd
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Mode, Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.state.database import sqlite_url

CATALOGUE = load_catalogue()
MODEL = replace(CATALOGUE.model("singapore"), requests_per_minute=None, tokens_per_minute=None)
SIZES = [(1654, 2339), (1240, 1754), (600, 1400), (320, 240), (3000, 2000), (64, 900), (2480, 3508)]
ROUTES = [
    Route.model_validate({"name": "receipts", "tasks": ["advanced_recognition", "multi_lan"]}),
    Route.model_validate(
        {
            "name": "invoices",
            "tasks": ["key_information_extraction", "table_parsing"],
            "schema": {"発行日": "", "number": "", "items": [{"description": "", "amount": ""}]},
        }
    ),
    Route.model_validate({"name": "small", "tasks": ["text_recognition"], "max_pixels": 1_000_000}),
    Route.model_validate(
        {"name": "stamps", "tasks": ["custom_prompt"], "prompt": "Which stamps are on the page? Only names."}
    ),
]


class SomeLines:
    """Reads some lines on every page, more on larger ones."""

    def read(self, image: bytes) -> ReadPage:
        with Image.open(io.BytesIO(image)) as picture:
            width, height = picture.size
        lines = tuple(
            Line(f"Line {n} of the page, 1,284.50", (1, n * 9, 50, n * 9, 50, n * 9 + 8, 1, n * 9 + 8), 0.99)
            for n in range(1 + height // 60)
        )
        return ReadPage(width, height, 0, 0.0, lines, lines, ())


def batch(pages: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, bytes]]:
    """Documents and pages of many sizes on all routes, with their images."""
    chance = random.Random(11)
    documents, rows, images = [], [], {}
    for number in range(pages):
        width, height = chance.choice(SIZES)
        width, height = width + chance.randint(-30, 30), height + chance.randint(-30, 30)
        file = io.BytesIO()
        Image.new("1", (width, height), 1).save(file, "png", compress_level=1)
        images[f"p{number}"] = file.getvalue()
        documents.append(
            {"document_id": f"d{number}", "status": "accepted", "route": chance.choice(ROUTES).name}
        )
        rows.append(
            {
                "batch_id": "b1",
                "document_id": f"d{number}",
                "page_id": f"p{number}",
                "status": "ready",
                "sha256": f"sha-{number}",
                "width_px": width,
                "height_px": height,
            }
        )
    return documents, rows, images


def _request(row: dict[str, Any], images: dict[str, bytes]) -> Request:
    image = ImageBytes(images[row["page_id"]], "image/png")
    return Request(image, Task(row["task"]), RequestOptions.from_json(row["options"]))


@pytest.mark.slow
def test_the_quote_of_500_mixed_pages_is_what_their_input_costs(tmp_path: Path) -> None:
    documents, pages, images = batch(500)
    requests = request_rows(documents, pages, ROUTES, MODEL, CATALOGUE)
    emulator = create_emulator(create_app(SomeLines()))

    async def run(ledger: Ledger) -> int:
        calls = calls_of(requests, MODEL, CATALOGUE.version, "run-1")
        async with (
            open_purse(ledger, Caps(), calls) as purse,
            Client(
                CATALOGUE.region("singapore"),
                MODEL,
                transport=EmulatorTransport(emulator),
                purse=purse,
                options=ClientOptions(stream="never", concurrency=16),
            ) as client,
        ):
            replies = await asyncio.gather(
                *(client.ask(_request(row, images), row["request_key"]) for row in requests)
            )
            return sum(reply.answer is not None for reply in replies)

    with Ledger.open(sqlite_url(tmp_path / "ledger.db")) as ledger:
        assert asyncio.run(run(ledger)) == len(requests)
        rows = [ledger_row(entry, None) for entry in ledger.entries()]

    quoted = sum(row["usd_per_million_input"] * row["estimated_input_tokens"] for row in rows) / 1_000_000
    settled = sum(row["usd_per_million_input"] * row["input_tokens"] for row in rows) / 1_000_000
    assert abs(settled / quoted - 1) <= 0.01
    assert abs(input_drift(rows).share) <= 0.01
    assert len(rows) == len(requests) >= 500
    total = sum(row["cost_usd"] for row in rows)
    assert to_usd(to_pico(total)) == emulator.bill.total.usd
    assert all(row["cost_usd"] <= row["reserved_usd"] for row in rows)


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@given(
    model=st.sampled_from([*CATALOGUE.models, *CATALOGUE.earlier]),
    mode=st.sampled_from(Mode),
    task=st.sampled_from(Task),
    size=st.tuples(st.integers(11, 6_000), st.integers(11, 6_000)),
    max_tokens=st.none() | st.integers(1, 40_000),
    used=st.tuples(st.integers(0, 130_000), st.integers(0, 130_000)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_costs_no_more_than_was_set_aside_or_is_the_last(
    ledger: Ledger,
    model: Model,
    mode: Mode,
    task: Task,
    size: tuple[int, int],
    max_tokens: int | None,
    used: tuple[int, int],
) -> None:
    """For any model, edition of its prices and answer: else the run ends, and says which answer it was and why."""
    if mode is Mode.BATCH and model.batch_discount is None:
        return
    quote = quote_request(*size, task, RequestOptions(max_tokens=max_tokens), model, mode)
    rows = [
        {"request_key": key, "batch_id": "b", "task": task.value, "route": "r", **asdict(quote)}
        for key in "12"
    ]
    calls = calls_of(rows, model, CATALOGUE.version, "run", mode)
    request = Request(ImageBytes(b"", "image/png"), task)

    async def ask_twice() -> None:
        async with open_purse(ledger, Caps(), calls) as purse:
            for key in calls:
                hold = await purse.reserve(request, key)
                assert hold is not None
                await hold.settle(Usage(*used), None)

    before = len(ledger.entries())
    too_dear = model.price(mode).cost_usd(Tokens(*used)) > quote.worst_cost_usd
    if too_dear:
        with pytest.raises(AboveReserve, match=f"{task.value}.*cost .* more than") as ended:
            asyncio.run(ask_twice())
        assert ended.value.next_step
    else:
        asyncio.run(ask_twice())
    entries = ledger.entries()[before:]
    assert len(entries) == (1 if too_dear else 2)
    assert all((e["settled_pico"] > e["reserved_pico"]) is too_dear for e in entries)


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@given(
    model=st.sampled_from([*CATALOGUE.models, *CATALOGUE.earlier]),
    mode=st.sampled_from(Mode),
    task=st.sampled_from(Task),
    size=st.tuples(st.integers(11, 6_000), st.integers(11, 6_000)),
    max_tokens=st.none() | st.integers(1, 4_096),
    used=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    pages=st.just(0) | st.integers(1, 50),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_quote_reservation_bill_and_record_are_one_sum(
    ledger: Ledger,
    model: Model,
    mode: Mode,
    task: Task,
    size: tuple[int, int],
    max_tokens: int | None,
    used: tuple[float, float],
    pages: int,
) -> None:
    """The worst that is quoted is what is set aside; what is settled is no more, and what the record says.

    Of a page, and with `pages` of a PDF that is asked about whole.
    """
    if mode is Mode.BATCH and model.batch_discount is None:
        with pytest.raises(ConfigurationError, match="not offered in batches"):
            quote_request(*size, task, RequestOptions(), model, mode)
        return
    options = RequestOptions(max_tokens=max_tokens)
    quote = quote_request(*size, task, options, model, mode, of_pdf=pages > 0)
    row = {"batch_id": "b", "document_id": "d", "task": task.value, "route": "r", **asdict(quote)}
    whole, shares = ("w", pages) if pages else (None, 1)
    rows = [{**row, "request_key": f"k{n}", "whole_key": whole} for n in range(shares)]
    calls = calls_of(rows, model, CATALOGUE.version, "run", mode)
    reserved = ledger.reserve(calls[whole or "k0"], Caps(), "lease")
    assert isinstance(reserved, Reserved)
    (entry,) = [e for e in ledger.entries() if e["entry_id"] == reserved.entry_id]
    assert shares * quote.worst_cost_usd == to_usd(entry["reserved_pico"])
    assert shares * quote.expected_cost_usd == to_usd(entry["expected_pico"])

    usage = Usage(
        round(used[0] * shares * quote.worst_input_tokens),
        round(used[1] * shares * quote.worst_output_tokens),
    )
    assert usage.billed is not None
    settled = to_usd(ledger.settle(reserved.entry_id, usage.billed))
    assert settled <= shares * quote.worst_cost_usd
    with ledger.reading() as connection:
        price, version = LedgerFunds(ledger, Caps(), {}).priced(connection, [reserved.entry_id])[
            reserved.entry_id
        ]
    assert (price, version) == (model.price(mode), CATALOGUE.version)
    reply = Reply(
        Answer("x", usage=usage), None, None, attempts=1, latency_ms=1.0, answered_at=datetime.now(UTC)
    )
    record = record_of("k", task, reply, None, Asked(model.region, model.name, price, version))
    assert record.cost_usd == settled
