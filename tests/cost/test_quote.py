"""The quote: the service's own tokens where the guide shows them, and what to expect of an answer."""

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from qwenocr_assets.cost import expectations
from qwenocr_assets.cost.comparison import compare, dear
from qwenocr_assets.cost.expectations import PUBLISHED, Expectation, learn_expectations
from qwenocr_assets.cost.purse import calls_of
from qwenocr_assets.cost.quote import quote_request
from qwenocr_assets.cost.quote_totals import answered_keys, total_up
from qwenocr_assets.cost.requests import request_rows
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.intake.routes import DEFAULT_ROUTE, Route
from qwenocr_assets.qwenocr.catalogue import Model, load_catalogue
from qwenocr_assets.qwenocr.prices import Tokens, to_usd
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_REQUESTS, OCR_RESPONSES, TableSchema
from qwenocr_assets.storage import compaction
from qwenocr_assets.storage.compaction import compact
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table

CATALOGUE = load_catalogue()
SNAPSHOT = "qwen-vl-ocr-2025-11-20"
OLDER = "qwen-vl-ocr-2025-08-28"


@pytest.mark.parametrize(
    ("width", "height", "task", "model", "image", "input_tokens"),
    [
        pytest.param(689, 487, Task.KEY_INFORMATION_EXTRACTION, OLDER, 427, None, id="ticket"),
        pytest.param(689, 487, Task.TEXT_RECOGNITION, SNAPSHOT, 332, 367, id="ticket, larger patches"),
        pytest.param(1500, 1734, Task.DOCUMENT_PARSING, OLDER, 3350, 3416, id="page of a paper"),
        pytest.param(6000, 3000, Task.MULTI_LAN, OLDER, 8194, 8229, id="poster"),
        pytest.param(6000, 3000, Task.MULTI_LAN, SNAPSHOT, 8194, 8229, id="poster, larger patches"),
    ],
)
def test_the_guides_images(
    width: int, height: int, task: Task, model: str, image: int, input_tokens: int | None
) -> None:
    """`image_tokens` and `input_tokens` as the product guide's samples report them, where the size is known."""
    quote = quote_request(width, height, task, RequestOptions(), CATALOGUE.model("beijing", model))
    assert quote.image_tokens == image
    if input_tokens is not None:
        assert quote.image_tokens + quote.prompt_tokens == input_tokens


@pytest.mark.parametrize(
    ("task", "options", "tokens"),
    [
        pytest.param(Task.TABLE_PARSING, {}, 85, id="the service's own prompt"),
        pytest.param(Task.KEY_INFORMATION_EXTRACTION, {}, 150, id="every pair"),
        pytest.param(
            Task.KEY_INFORMATION_EXTRACTION, {"result_schema": {"total": ""}}, 150 + 4, id="a schema"
        ),
        pytest.param(
            Task.KEY_INFORMATION_EXTRACTION, {"result_schema": {"発行日": ""}}, 150 + 6, id="Japanese keys"
        ),
        pytest.param(Task.CUSTOM_PROMPT, {"prompt": "Read the stamp only."}, 18 + 6, id="an own prompt"),
    ],
)
def test_prompt_tokens(task: Task, options: dict[str, Any], tokens: int) -> None:
    model = CATALOGUE.model("singapore")
    assert quote_request(800, 600, task, RequestOptions(**options), model).prompt_tokens == tokens


@given(
    width=st.integers(11, 8_000),
    height=st.integers(11, 8_000),
    task=st.sampled_from(Task),
    model=st.sampled_from(CATALOGUE.models),
    max_tokens=st.none() | st.integers(1, 4_096),
)
def test_the_worst_case_is_the_worst(
    width: int, height: int, task: Task, model: Model, max_tokens: int | None
) -> None:
    options = RequestOptions(max_tokens=max_tokens)
    quote = quote_request(width, height, task, options, model)
    assert quote.expected_output_tokens <= quote.worst_output_tokens <= model.max_output_tokens
    assert quote.image_tokens + quote.prompt_tokens <= quote.worst_input_tokens <= model.max_input_tokens
    assert quote.expected_cost_usd <= quote.worst_cost_usd
    worst = Tokens(quote.worst_input_tokens, quote.worst_output_tokens)
    assert quote.worst_cost_usd == model.price().cost_usd(worst)


PAGES: list[dict[str, Any]] = [
    {
        "batch_id": "b1",
        "document_id": f"d{n}",
        "page_id": f"d{n}-0001",
        "status": "ready",
        "sha256": f"sha{n}",
        "width_px": 1240,
        "height_px": 1754,
    }
    for n in range(3)
]
DOCUMENTS: list[dict[str, Any]] = [
    {"document_id": f"d{n}", "status": "accepted", "route": DEFAULT_ROUTE.name} for n in range(3)
]


def rows_for(region: str, model: str | None = None) -> list[dict[str, Any]]:
    return request_rows(DOCUMENTS, PAGES, [], CATALOGUE.model(region, model), CATALOGUE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"usd_per_million_input": Decimal(0)}, "There is no price", id="no price"),
        pytest.param({"usd_per_million_output": Decimal("0.0000001")}, "more decimals", id="too fine"),
    ],
)
def test_without_a_price_nothing_is_quoted_and_nothing_sent(change: dict[str, Decimal], message: str) -> None:
    model = replace(CATALOGUE.model("singapore"), **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=message):
        request_rows(DOCUMENTS, PAGES, [], model, CATALOGUE)
    with pytest.raises(ConfigurationError, match=message):
        calls_of(rows_for("singapore"), model, "v", "run")


@pytest.mark.parametrize(
    ("text_layer", "doubt", "is_asked"),
    [("use", None, False), ("use", "Form fields.", True), ("compare", None, True), ("ignore", None, True)],
)
def test_own_text_that_is_all_one_sees_is_not_asked_for(
    text_layer: str, doubt: str | None, is_asked: bool
) -> None:
    route = Route(name=DEFAULT_ROUTE.name, match="*", tasks=["multi_lan"], text_layer=text_layer)
    pages = [{**page, "text_layer": "[]", "text_layer_doubt": doubt} for page in PAGES]
    rows = request_rows(DOCUMENTS, pages, [route], CATALOGUE.model("singapore"), CATALOGUE)
    assert bool(rows) == is_asked


PLACED = '[["Total 1.50",[0,0,90,0,90,20,0,20],[0,0.5,0.6,1],[0]]]'
UNPLACED = '[["Total 1.50",[0,0,90,0,90,20,0,20],[],[0]]]'


@pytest.mark.parametrize(
    ("region", "text_layer", "layer", "doubt", "goes_along"),
    [
        ("local", None, PLACED, None, True),
        ("local", "use", PLACED, None, True),
        ("local", "compare", PLACED, None, False),
        ("local", "ignore", PLACED, None, False),
        ("local", None, PLACED, "Form fields.", False),
        ("local", None, UNPLACED, None, False),
        ("local", None, None, None, False),
        ("singapore", None, PLACED, None, False),
        ("singapore", "use", PLACED, None, False),
    ],
)
def test_own_text_goes_along_to_the_embedded_engine_alone(
    region: str, text_layer: str | None, layer: str | None, doubt: str | None, goes_along: bool
) -> None:
    route = Route(name=DEFAULT_ROUTE.name, match="*", tasks=["table_parsing"], text_layer=text_layer)
    pages = [{**page, "text_layer": layer, "text_layer_doubt": doubt} for page in PAGES]
    [row, *_] = request_rows(DOCUMENTS, pages, [route], CATALOGUE.model(region), CATALOGUE)
    [bare, *_] = request_rows(DOCUMENTS, PAGES, [route], CATALOGUE.model(region), CATALOGUE)
    assert (RequestOptions.from_json(row["options"]).own_text is not None) == goes_along
    assert (row["request_key"] != bare["request_key"]) == goes_along


def test_a_call_is_reserved_at_its_worst_case() -> None:
    [row, *_] = rows_for("singapore")
    calls = calls_of([row], CATALOGUE.model("singapore"), "v", "run")
    assert to_usd(calls[row["request_key"]].worst_pico) == row["worst_cost_usd"]
    assert to_usd(calls[row["request_key"]].expected_pico) == row["expected_cost_usd"]


def test_a_quote_of_an_earlier_version_reserves_the_models_limit() -> None:
    model = CATALOGUE.model("singapore")
    [row, *_] = rows_for("singapore")
    del row["worst_input_tokens"]
    worst = calls_of([row], model, "v", "run")[row["request_key"]].worst_pico
    assert worst == model.price().cost(Tokens(model.max_input_tokens, model.max_output_tokens))


def test_every_offer_is_there_cheapest_first() -> None:
    rows = rows_for("singapore")
    offers = compare(rows, PAGES, CATALOGUE)
    complete = [o for o in offers if o.complete]
    assert {(o.region, o.model) for o in offers} == {
        (m.region, m.name) for m in CATALOGUE.models if m.region != "local"
    }
    assert [o.expected_usd for o in complete] == sorted(o.expected_usd for o in complete)
    assert complete[0].region == "beijing"
    assert offers[-1].missing_tasks == tuple(task.value for task in DEFAULT_ROUTE.tasks)
    at_once, batched = (
        next(o for o in offers if (o.region, o.model, o.batch) == ("beijing", "qwen-vl-ocr", batch))
        for batch in (False, True)
    )
    assert batched.expected_usd * 2 == at_once.expected_usd
    mine = next(o for o in offers if (o.region, o.model) == ("singapore", SNAPSHOT))
    assert mine.expected_usd == sum(r["expected_cost_usd"] for r in rows)
    assert mine.worst_usd == sum(r["worst_cost_usd"] for r in rows)


@pytest.mark.parametrize(
    ("region", "model", "says"),
    [
        pytest.param("singapore", "qwen-vl-ocr", None, id="the same price under a name that moves"),
        pytest.param("beijing", OLDER, SNAPSHOT, id="an old snapshot"),
        pytest.param("singapore", SNAPSHOT, None, id="another region is not equal"),
        pytest.param("virginia", "qwen-vl-ocr", None, id="the same price"),
    ],
)
def test_a_warning_from_twice_the_price_on(region: str, model: str, says: str | None) -> None:
    warning = dear(compare(rows_for(region, model), PAGES, CATALOGUE), region, model)
    assert (warning is None) == (says is None)
    assert says is None or says in (warning or "")


def test_what_is_answered_or_occurs_twice_costs_nothing() -> None:
    rows = rows_for("singapore")
    twice = [*rows, {**rows[0], "document_id": "d9", "batch_id": "b2"}]
    totals = total_up(twice, {rows[1]["request_key"]})
    assert (totals.all.requests, totals.all.answered) == (len(rows) + 1, 2)
    assert totals.all.expected_usd == sum(
        r["expected_cost_usd"] for r in rows if r["request_key"] != rows[1]["request_key"]
    )
    assert totals.all.saved_usd == rows[1]["expected_cost_usd"] + rows[0]["expected_cost_usd"]
    assert sum(t.expected_usd for t in totals.by_document.values()) == totals.all.expected_usd
    assert sum(t.worst_usd for t in totals.by_task.values()) == totals.all.worst_usd
    assert totals.by_batch["b2"].expected_usd == 0


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(UPath(tmp_path))


def answered(
    data: DataFolder, batch_id: str, rows: list[dict[str, Any]], tokens: list[int | None], **changes: Any
) -> None:
    """Write a batch whose n-th request was answered with so many output tokens."""
    rows = [{**row, "batch_id": batch_id} for row in rows]
    write_table(data, OCR_REQUESTS, batch_id, rows)
    write_table(
        data,
        OCR_RESPONSES,
        batch_id,
        [
            {
                "batch_id": batch_id,
                "document_id": row["document_id"],
                "page_id": row["page_id"],
                "task": row["task"],
                "request_key": row["request_key"],
                "model": row["model"],
                "status": "ok",
                "attempts": 1,
                "output_tokens": count,
                **changes,
            }
            for row, count in zip(rows, tokens, strict=True)
        ],
    )


TASK = Task.ADVANCED_RECOGNITION


def some_rows(count: int, route: str = "invoices", model: str = SNAPSHOT) -> list[dict[str, Any]]:
    [first, *_] = rows_for("singapore", model)
    return [{**first, "page_id": f"{route}-{n}", "route": route, "task": TASK.value} for n in range(count)]


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        pytest.param([], None, id="nothing yet"),
        pytest.param([("invoices", [100, 200, 300, 400], {})], None, id="too few"),
        pytest.param(
            [("invoices", [100, 200, 300, 400, 1000], {})],
            Expectation(400, "5 answers of this task and route"),
            id="of this route",
        ),
        pytest.param(
            [("letters", [10, 20, 30, 40, 50], {})],
            Expectation(30, "5 answers of this task"),
            id="of another route",
        ),
        pytest.param(
            [("invoices", [100] * 5, {}), ("letters", [10] * 5, {})],
            Expectation(100, "5 answers of this task and route"),
            id="the route's own before the task's",
        ),
        pytest.param([("invoices", [100] * 5, {"model": "embedded-ocr"})], None, id="of another model"),
        pytest.param([("invoices", [100] * 5, {"reused_from": "b0"})], None, id="taken over, counted there"),
        pytest.param([("invoices", [0] * 5, {"status": "rejected"})], None, id="no answers"),
    ],
)
def test_expectations_are_learned_from_past_answers(
    data: DataFolder,
    batches: list[tuple[str, list[int | None], dict[str, Any]]],
    expected: Expectation | None,
) -> None:
    for number, (route, tokens, changes) in enumerate(batches):
        answered(data, f"b{number}", some_rows(len(tokens), route), tokens, **changes)
    found = learn_expectations(data, CATALOGUE.model("singapore"))
    assert found.of(TASK, "invoices") == expected


def compact_all(data: DataFolder, tables: Sequence[TableSchema] = (OCR_REQUESTS, OCR_RESPONSES)) -> None:
    compact(data, tables, now=datetime.now(UTC) + timedelta(days=30))


@pytest.mark.parametrize("first", [OCR_REQUESTS, OCR_RESPONSES], ids=lambda table: table.name)
def test_each_answer_is_counted_once_wherever_it_lies(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, first: TableSchema
) -> None:
    """Compacted files of the two tables with other numbers, outdated rows in them, and a batch of each kind."""
    monkeypatch.setattr(compaction, "_LEAST_FILES", 1)
    answered(data, "a", some_rows(5), [900] * 5)
    compact_all(data, [first])
    answered(data, "b", some_rows(5), [500] * 5)
    compact_all(data)
    answered(data, "a", some_rows(5), [100] * 5)  # asked again
    answered(data, "c", some_rows(5), [300] * 5)
    found = learn_expectations(data, CATALOGUE.model("singapore"))
    assert found.of(TASK, "invoices") == Expectation(300, "15 answers of this task and route")
    answered(data, "b", some_rows(5), [None] * 5, status="failed")
    found = learn_expectations(data, CATALOGUE.model("singapore"))
    assert found.of(TASK, "invoices") == Expectation(200, "10 answers of this task and route")


@pytest.mark.parametrize("compacted", [False, True], ids=["own files", "compacted"])
def test_the_newest_batches_count(data: DataFolder, monkeypatch: pytest.MonkeyPatch, compacted: bool) -> None:
    monkeypatch.setattr(compaction, "_LEAST_FILES", 1)
    monkeypatch.setattr(expectations, "_MOST_BATCHES", 2)
    for number, batch in enumerate(("c", "a", "b")):  # c is the oldest
        answered(
            data, batch, some_rows(5), [100 * (number + 1)] * 5, answered_at=datetime(2026, 1, 1 + number)
        )
        written = data.table_file(OCR_RESPONSES.name, batch).path
        os.utime(written, (number, number))
        if compacted and batch == "a":
            compact_all(data)
    found = learn_expectations(data, CATALOGUE.model("singapore"))
    assert found.of(TASK, "invoices") == Expectation(250, "10 answers of this task and route")


def test_the_quote_says_where_its_expectation_comes_from(data: DataFolder) -> None:
    answered(data, "b0", some_rows(5, DEFAULT_ROUTE.name), [210] * 5)
    model = CATALOGUE.model("singapore")
    rows = request_rows(DOCUMENTS, PAGES, [], model, CATALOGUE, learn_expectations(data, model))
    sources = {(r["task"], r["expected_output_tokens"], r["expected_output_from"]) for r in rows}
    assert (TASK.value, 210, "5 answers of this task and route") in sources
    assert {source for task, _, source in sources if task != TASK} == {PUBLISHED}


def test_final_answers_are_found(data: DataFolder) -> None:
    rows = [{**row, "request_key": f"k{n}"} for n, row in enumerate(some_rows(3))]
    answered(data, "b0", rows[:2], [1, 1])
    answered(data, "b1", rows[2:], [None], status="unfunded")
    assert answered_keys(data, ["k0", "k2", "k9"]) == {"k0"}


def test_the_margin_covers_the_guides_largest_difference() -> None:
    """The guide reports 427 tokens for an image that its formula gives 332 for the model asked for."""
    quote = quote_request(
        689,
        487,
        Task.KEY_INFORMATION_EXTRACTION,
        RequestOptions(),
        CATALOGUE.model("singapore"),
    )
    assert quote.worst_input_tokens == math.ceil(1.5 * (332 + 150)) > 427 + 150
