"""PDFs that are asked about whole: the same rows as page by page, paid once, and page by page where that fails."""

import io
import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from PIL import Image

from bench.pdf_files import pdf_of
from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    Call,
    Drop,
    Emulator,
    EmulatorTransport,
    Fault,
    create_emulator,
)
from qwenocr_assets.emulator.asgi import read_body
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.schemas import (
    COST_LEDGER,
    DOCUMENT_BLOCKS,
    OCR_RESPONSES,
    PARSED_TABLES,
    TABLE_CELLS,
    TEXT_LINES,
)
from qwenocr_assets.settings import load_settings
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps import quote, run
from qwenocr_assets.steps.pipeline import ask_again
from qwenocr_assets.storage.table_files import read_table

RESPONSES = "/compatible-mode/v1/responses"
POINTS = 842
BARS = 3


def pdf(pages: int, *, empty: frozenset[int] = frozenset(), salt: int = 0) -> bytes:
    """Pages of bars, no two of one length; pages of these numbers, from 1, are blank."""
    contents = []
    for page in range(1, pages + 1):
        bars = [] if page in empty else range(BARS)
        contents.append(
            b"\n".join(b"60 %d %d 12 re f" % (700 - 80 * n, 100 + BARS * page + n + salt) for n in bars)
        )
    return pdf_of(contents, b"", [])


class BarReader:
    """Reads each bar's length: the first of a page as a line, the others as the cells of a table."""

    def read(self, image: bytes) -> ReadPage:
        with Image.open(io.BytesIO(image)) as picture:
            grey = picture.convert("L")
        a_point = grey.height / POINTS
        x = round(70 * a_point)
        dark = [grey.getpixel((x, y)) < 128 for y in range(grey.height)]  # type: ignore[operator]
        tops = [y for y in range(1, grey.height) if dark[y] and not dark[y - 1]]
        lines = []
        for top in tops:
            row = [grey.getpixel((at, top + 3)) < 128 for at in range(grey.width)]  # type: ignore[operator]
            left, right, bottom = row.index(True), len(row) - row[::-1].index(True), top + 25
            text = f"length {round((right - left) / a_point)}"
            lines.append(Line(text, (left, top, right, top, right, bottom, left, bottom), 0.99))
        cells = tuple(Cell(number, 0, 1, 1, line.text) for number, line in enumerate(lines[1:]))
        tables = (Table(cells, (100.0, lines[1].quad[1], 1500.0, lines[-1].quad[5])),) if cells else ()
        page = tuple(lines)
        return ReadPage(grey.width, grey.height, 0, 0.0, page, page[:1], tables)


Faults = Callable[[Call], Fault | None]


class World:
    """A project, and an account in Beijing."""

    def __init__(self, folder: Path, faults: Faults = lambda _: None) -> None:
        self.folder = folder
        self.faults = faults
        self.account: Emulator = create_emulator(
            create_app(BarReader()), region="beijing", faults=lambda call: self.faults(call), keep_log=True
        )
        self.paths: list[str] = []
        self.most_tokens: int | None = None
        """Of an answer to a whole PDF: as if the service had a limit after all."""

    def environment(self, whole_pdf: bool = True, *, budget: Any = None, **route: Any) -> Environment:
        settings = load_settings(
            data=str(self.folder / "data"),
            region="beijing",
            model="qwen3.5-ocr",
            decoders=0,
            max_attempts=1,
            budget=budget or {},
            routes=[{"name": "all", "tasks": ["document_parsing"], "whole_pdf": whole_pdf, **route}],
        )

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["method"] == "POST" and "oss" not in scope["path"]:
                self.paths.append(scope["path"])
                if self.most_tokens is not None and scope["path"] == RESPONSES:
                    body = orjson.loads(await read_body(receive)) | {"max_output_tokens": self.most_tokens}
                    await self.account(scope, _giving(orjson.dumps(body)), send)
                    return
            await self.account(scope, receive, send)

        return Environment(settings, lambda _: EmulatorTransport(counted))

    @property
    def calls(self) -> tuple[int, int]:
        """Of whole PDFs, and of pages."""
        found = Counter(path == RESPONSES for path in self.paths)
        return found[True], found[False]


def _giving(body: bytes) -> Any:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DASHSCOPE_API_KEY_BEIJING", "sk-test")


def file(folder: Path, content: bytes, name: str = "report.pdf") -> Path:
    path = folder / "in" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(content)
    return path


def rows_of(environment: Environment, batch_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows that say what stands on pages, without how they were asked."""
    beside = {"batch_id", "request_key"}
    return {
        table.name: [
            {k: v for k, v in row.items() if k not in beside}
            for row in read_table(environment.data, table, batch_id)
        ]
        for table in (TEXT_LINES, DOCUMENT_BLOCKS, PARSED_TABLES, TABLE_CELLS)
    }


def responses(environment: Environment, batch_id: str) -> list[Any]:
    return read_table(environment.data, OCR_RESPONSES, batch_id)


def spent(environment: Environment, batch_id: str) -> Decimal:
    return sum((row["cost_usd"] for row in read_table(environment.data, COST_LEDGER, batch_id)), Decimal(0))


def test_thirty_pages_whole_and_by_pages_are_the_same_pages_lines_and_cells(tmp_path: Path) -> None:
    path = file(tmp_path, pdf(30, empty=frozenset({7})))
    tasks = ["document_parsing", "advanced_recognition"]
    found = {}
    for whole in (True, False):
        world = World(tmp_path / str(whole))
        environment = world.environment(whole, tasks=tasks)
        [outcome] = run(environment, [path])
        found[whole] = rows_of(environment, outcome.batch_id)
        answers = responses(environment, outcome.batch_id)
        assert {row["status"] for row in answers} == {AnswerStatus.OK}
        assert world.calls == ((1, 30) if whole else (0, 60))
        of_whole = [row for row in answers if row["whole_key"]]
        assert len(of_whole) == (30 if whole else 0)
        billed = world.account.bill.total.usd
        assert spent(environment, outcome.batch_id) == billed
        assert sum(row["cost_usd"] for row in answers) == billed
        run(environment, [path])
        assert world.account.bill.total.usd == billed, "nothing is paid again"
    assert {name: len(rows) for name, rows in found[True].items()} == {
        "text_lines": 29 * BARS, "document_blocks": 29 * 2, "tables": 29, "table_cells": 29 * (BARS - 1)
    }  # fmt: skip
    assert found[True] == found[False]


def of_whole(name: str, *, billed: bool = False) -> Faults:
    """A fault that meets whole PDFs alone."""
    fault = Drop(billed=True) if billed else NAMED_FAULTS[name]
    return lambda call: fault if call.path == RESPONSES else None


PAGES = 4
"""Of the PDF in what follows."""


@pytest.mark.parametrize(
    ("faults", "most_tokens", "alone", "said"),
    [
        pytest.param(of_whole("inspection_failed"), None, PAGES, "not read whole: .*inappropriate", id="refused"),
        pytest.param(of_whole("internal_error"), None, PAGES, "not read whole: .*internal error", id="failed"),
        pytest.param(of_whole("lost", billed=True), None, PAGES, "not read whole", id="lost, and maybe billed"),
        pytest.param(of_whole("not_json"), None, PAGES, "not read whole", id="no answer"),
        pytest.param(of_whole("truncated"), None, 2, "says nothing of this page", id="half of it came, unsaid"),
        pytest.param(of_whole("empty_content"), None, PAGES, "says nothing of this page", id="nothing came"),
        pytest.param(lambda _: None, 110, 2, "broke off on this page or before it", id="cut off at a limit"),
    ],
)  # fmt: skip
def test_what_does_not_come_whole_is_asked_page_by_page_and_said(
    tmp_path: Path, faults: Faults, most_tokens: int | None, alone: int, said: str
) -> None:
    path = file(tmp_path, pdf(PAGES))
    by_pages = World(tmp_path / "by pages").environment(False)
    [expected] = run(by_pages, [path])
    world = World(tmp_path / "whole", faults)
    world.most_tokens = most_tokens
    environment = world.environment()
    for _ in range(2):
        [outcome] = run(environment, [path])
        assert world.calls == (1, alone), "asked whole once, and no page twice"
        answers = responses(environment, outcome.batch_id)
        assert {row["status"] for row in answers} == {AnswerStatus.OK}
        reasons = [row["alone_reason"] for row in answers]
        assert reasons[: PAGES - alone] == [None] * (PAGES - alone)
        assert all(re.search(said, reason) for reason in reasons[PAGES - alone :])
        assert [row["whole_key"] is None for row in answers] == [reason is not None for reason in reasons]
        assert rows_of(environment, outcome.batch_id) == rows_of(by_pages, expected.batch_id)
    assert spent(environment, outcome.batch_id) >= world.account.bill.total.usd


def test_words_on_no_page_are_a_doubt_of_every_page(tmp_path: Path) -> None:
    world = World(tmp_path)
    environment = world.environment()
    inner = environment.transport(environment.region)

    class Adding(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            assert inner is not None
            answer = await inner.handle_async_request(request)
            if request.url.path != RESPONSES:
                return answer
            body = orjson.loads(await answer.aread())
            body["output"][0]["content"][0]["text"] += " four words stand nowhere else"
            return httpx.Response(200, json=body, request=request)

    environment = Environment(environment.settings, lambda _: Adding())
    [outcome] = run(environment, [file(tmp_path, pdf(2))])
    answers = responses(environment, outcome.batch_id)
    assert {row["status"] for row in answers} == {AnswerStatus.PARTIAL}
    assert all("words that no part of a page has" in (row["reason"] or "") for row in answers)
    assert world.calls == (1, 0)


@pytest.mark.parametrize(
    ("pages", "budget", "route", "said"),
    [
        (51, None, {}, "has 51 pages, and qwen3.5-ocr takes 50"),
        (3, {"usd_per_day": "0.01"}, {}, "may cost .* more than the cap"),
        (3, {"usd_per_month_by_route": {"all": "0.01"}}, {}, "may cost .* more than the cap"),
        (3, {"usd_per_day": "0.01"}, {"max_tokens": 500}, None),
    ],
    ids=["pages", "a day's money", "a route's money", "a limit of tokens makes room"],
)
def test_bounds_are_said_before_anything_is_sent(
    tmp_path: Path, pages: int, budget: Any, route: dict[str, Any], said: str | None
) -> None:
    environment = World(tmp_path).environment(budget=budget, **route)
    quoted = quote(environment, [file(tmp_path, pdf(pages))])
    assert len(quoted.requests) == pages
    for row in quoted.requests:
        assert (row["whole_key"] is None) is (said is not None)
        assert re.search(said, row["alone_reason"] or "") if said else row["alone_reason"] is None
    assert (quoted.totals.all.requests == 1) is (said is None)
    assert any(f"report.pdf, document_parsing: {pages} pages" in told for told in quoted.told) is bool(said)


def test_the_quote_of_one_request_is_what_is_set_aside_and_bounds_the_bill(tmp_path: Path) -> None:
    world = World(tmp_path)
    environment = world.environment()
    path = file(tmp_path, pdf(5))
    quoted = quote(environment, [path])
    assert quoted.totals.all.requests == 1
    [outcome] = run(environment, [path])
    [entry] = read_table(environment.data, COST_LEDGER, outcome.batch_id)
    assert entry["reserved_usd"] == quoted.totals.all.worst_usd
    assert entry["expected_cost_usd"] == quoted.totals.all.expected_usd
    assert entry["cost_usd"] == world.account.bill.total.usd <= entry["reserved_usd"]
    assert entry["document_id"] == quoted.documents[0]["document_id"]
    assert quote(environment, [path]).totals.all.expected_usd == 0, "answered already"


def test_an_answer_is_taken_over_wherever_it_lies(tmp_path: Path) -> None:
    world = World(tmp_path)
    environment = world.environment()
    run(environment, [file(tmp_path / "a", pdf(3))])
    [copy] = run(environment, [file(tmp_path / "b", pdf(3), "copy.pdf")])
    assert world.calls == (1, 0)
    answers = responses(environment, copy.batch_id)
    assert {(row["status"], row["cost_usd"]) for row in answers} == {(AnswerStatus.OK, 0)}
    run(environment, [file(tmp_path / "c", pdf(3, salt=200))])
    assert world.calls == (2, 0), "another PDF is another question"


def test_pages_that_were_answered_alone_are_not_paid_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    path = file(tmp_path, pdf(3))
    run(world.environment(False), [path])
    [outcome] = run(world.environment(), [path])
    assert world.calls == (0, 3)
    answers = responses(world.environment(), outcome.batch_id)
    assert {row["alone_reason"] for row in answers} == {"pages of the PDF are answered already"}


def test_a_run_that_is_refused_asks_about_it_whole_later(tmp_path: Path) -> None:
    world = World(tmp_path, of_whole("invalid_key"))
    environment = world.environment()
    path = file(tmp_path, pdf(3))
    [refused] = run(environment, [path])
    assert refused.refused is not None
    assert world.calls == (1, 0)
    assert {row["status"] for row in responses(environment, refused.batch_id)} == {AnswerStatus.FAILED}
    world.faults = lambda _: None
    ask_again(environment)
    assert world.calls == (2, 0)
    assert {row["status"] for row in responses(environment, refused.batch_id)} == {AnswerStatus.OK}


def test_a_page_of_it_is_asked_again_alone(tmp_path: Path) -> None:
    def a_bad_page(call: Call) -> Fault | None:
        return NAMED_FAULTS["internal_error"] if call.path != RESPONSES else NAMED_FAULTS["truncated"]

    world = World(tmp_path, a_bad_page)
    environment = world.environment()
    [outcome] = run(environment, [file(tmp_path, pdf(PAGES))])
    assert world.calls == (1, 2)
    statuses = [row["status"] for row in responses(environment, outcome.batch_id)]
    assert statuses == [*[AnswerStatus.OK] * 2, *[AnswerStatus.FAILED] * 2]
    world.faults = lambda _: None
    [again] = ask_again(environment)
    assert again.sent == 2
    assert world.calls == (1, 4)
    assert {row["status"] for row in responses(environment, outcome.batch_id)} == {AnswerStatus.OK}


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ({"mode": "batch"}, "a batch's lines take images alone"),
        ({"enhance": ["deskew"]}, "enhance = deskew"),
        ({"tasks": ["text_recognition"]}, "needs the task document_parsing"),
        ({"whole_pdf_url": "ftp://host/"}, "no http"),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_reason(
    tmp_path: Path, route: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        _ = World(tmp_path).environment(**route).routes
