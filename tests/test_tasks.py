"""What a task is stands in one place: one that is added there goes the whole way, and what is missing is named."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image as PillowImage
from upath import UPath

from qwenocr_assets.asking.batch_answers import answers_of, image_sizes, read_answers
from qwenocr_assets.asking.records import AnswerRecord, Asked, record_of
from qwenocr_assets.cost.requests import request_rows
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model, load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import NotOffered
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Form, MissingForm, Task, TaskSpec
from qwenocr_assets.schemas import ROW_TABLES
from qwenocr_assets.scoring.batch import score_batch
from qwenocr_assets.scoring.truth import Truth, TruthFolder, TruthPage
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.journal import Journal
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.tables.batch import flatten_batch
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.tables.flatten import AnsweredPage, fed_by, flatten

SPEC = TaskSpec(
    form=Form.TEXT,
    description="what is stamped on it",
    prompt="Name every stamp on the page, and nothing else.",
    schema_prompt="Fill this with the stamps of the page: {schema}",
    prompt_tokens=21,
    expected_output_tokens=40,
)

Added = Callable[..., Task]


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Added:
    """Adds a task, or a form, as an entry in the source would."""

    def member(kind: type[StrEnum], name: str, *spec: TaskSpec) -> Any:
        new = kind._new_member_(kind, name, *spec) if spec else str.__new__(kind, name)  # type: ignore[attr-defined]
        new._name_, new._value_ = name.upper(), name
        monkeypatch.setattr(kind, "_member_map_", {**kind._member_map_, new._name_: new})
        monkeypatch.setattr(kind, "_member_names_", [*kind._member_names_, new._name_])
        monkeypatch.setitem(kind._value2member_map_, name, new)
        return new

    def add(form: Form | str = Form.TEXT, **changes: Any) -> Task:
        known = form if isinstance(form, Form) else member(Form, form)
        task: Task = member(Task, "stamp_reading", replace(SPEC, form=known, **changes))
        return task

    return add


class OneReader:
    """Reads the same page, two lines and a table, from every picture."""

    def read(self, image: bytes) -> ReadPage:
        lines = (
            Line("請求書 No: 42", (100, 50, 900, 50, 900, 90, 100, 90), 0.99),
            Line("Total: 12.50", (120, 500, 700, 560, 694, 600, 114, 540), 0.99),
        )
        cells = tuple(Cell(r, c, 1, 1, f"{r}{c}") for r in range(2) for c in range(2))
        return ReadPage(1240, 1754, 0, 0.0, lines, lines, (Table(cells, (0.0, 0.0, 99.0, 99.0)),))


def page() -> bytes:
    picture = io.BytesIO()
    PillowImage.new("L", (1240, 1754), 255).save(picture, "PNG")
    return picture.getvalue()


PAGES = [
    {
        "batch_id": "b",
        "document_id": "d",
        "page_id": "d/1",
        "page_number": 1,
        "status": "ready",
        "sha256": "0" * 64,
        "width_px": 1240,
        "height_px": 1754,
    }
]


def documents(route: str) -> list[dict[str, Any]]:
    document = {
        "batch_id": "b",
        "document_id": "d",
        "name": "a.png",
        "sha256": "1" * 64,
        "status": "accepted",
    }
    return [{**document, "route": route}]


def offering(task: Task, protocol: Protocol) -> tuple[Catalogue, Model]:
    """The catalogue with the embedded engine's model offering a task: data, as pipeline.toml may lay over it."""
    catalogue = load_catalogue()
    region = replace(catalogue.region("local"), protocol=protocol)
    model = catalogue.model("local")
    able = replace(model, tasks=model.tasks | {task})
    models = tuple(able if m is model else m for m in catalogue.models)
    return replace(catalogue, models=models, regions={**catalogue.regions, "local": region}), able


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize(
    ("form", "table", "column", "values", "metric"),
    [
        pytest.param(
            Form.TEXT,
            "text_lines",
            "text",
            ["請求書 No: 42", "Total: 12.50"],
            "cer",
            id="text",
        ),
        pytest.param(
            Form.LINES,
            "text_lines",
            "text",
            ["請求書 No: 42", "Total: 12.50"],
            "cer",
            id="lines",
        ),
        pytest.param(Form.KEY_VALUES, "key_values", "path", ["Total"], "field_f1", id="key values"),
        pytest.param(Form.TABLES, "table_cells", "text", ["00", "01", "10", "11"], "teds", id="tables"),
        pytest.param(Form.DOCUMENT, "table_cells", "text", ["00", "01", "10", "11"], "teds", id="document"),
    ],
)
def test_a_task_that_is_added_goes_the_whole_way(
    added: Added,
    tmp_path: Path,
    form: Form,
    table: str,
    column: str,
    values: list[str],
    metric: str,
    protocol: Protocol,
) -> None:
    """Quoted, asked of the embedded engine in both dialects, judged, kept, flattened, written and scored."""
    task = added(form)
    catalogue, model = offering(task, protocol)
    route = Route(name="stamps", tasks=(Task("stamp_reading"),), schema={"Total": ""})
    (row,) = request_rows(documents(route.name), PAGES, [route], model, catalogue)
    assert (row["task"], row["prompt_tokens"], row["expected_output_tokens"]) == ("stamp_reading", 21 + 4, 40)

    async def ask() -> AnswerRecord:
        transport = httpx.ASGITransport(create_app(OneReader()))
        async with Client(
            catalogue.region("local"), model, transport=transport, catalogue=catalogue
        ) as client:
            request = Request(ImageBytes(page(), "image/png"), task, RequestOptions.from_json(row["options"]))
            reply = await client.ask(request, row["request_key"])
        assert reply.answer is not None, reply.error
        assert reply.answer.usage.input_tokens == row["image_tokens"] + row["prompt_tokens"]
        judged = incomplete(task, reply.answer)
        asked = Asked(model.region, model.name, model.price(), catalogue.version)
        return record_of(row["request_key"], task, reply, judged, asked)

    data = DataFolder(UPath(tmp_path))
    Journal(data.journal(task, "b")).append([asyncio.run(ask()).to_json()])
    latest = read_answers([data.journal(task, "b")])
    assert [(record.status, record.task) for record in latest.values()] == [("ok", task)]
    answers = answers_of(latest, image_sizes([row], PAGES))
    tables = flatten_batch([row], PAGES, answers, on_page=lambda: None)
    for schema in ROW_TABLES:
        write_table(data, schema, "b", tables[schema.name])
        assert not tables[schema.name] or task in fed_by(schema.name)
    kept = {schema.name: read_table(data, schema, "b") for schema in ROW_TABLES}
    assert {r["task"] for rows in kept.values() for r in rows} == {"stamp_reading"}
    assert [r[column] for r in kept[table]] == values

    truth = Truth("a", (TruthPage("請求書 No: 42\nTotal: 12.50", tables=((),)),), fields={"Total": "12.50"})
    found = score_batch(
        {**kept, "documents": documents(route.name), "pages": PAGES, "ocr_requests": [row]},
        TruthFolder((truth,), ()),
    )
    assert metric in {r["metric"] for r in found.rows}


def answer_of_engine(task: Task) -> None:
    _, model = offering(task, Protocol.NATIVE)

    async def ask() -> None:
        transport = httpx.ASGITransport(create_app(OneReader()))
        async with Client(load_catalogue().region("local"), model, transport=transport) as client:
            reply = await client.ask(Request(ImageBytes(page(), "image/png"), task))
        assert isinstance(reply.error, NotOffered)
        raise reply.error

    asyncio.run(ask())


def flattened(task: Task) -> None:
    flatten(AnsweredPage("b", "d", "d/1", (9, 9), {task: ("key", Answer("x"))}))


def scored(task: Task) -> None:
    request = {"document_id": "d", "page_id": "d/1", "task": task.value, "route": "stamps", "options": "{}"}
    tables = {
        "documents": documents("stamps"),
        "pages": PAGES,
        "ocr_requests": [{**request, "region": "local", "model": "m"}],
    }
    score_batch(tables, TruthFolder((Truth("a", (TruthPage("x"),)),), ()))


def quoted(task: Task) -> None:
    route = Route(name="stamps", tasks=(task,))
    request_rows(documents(route.name), PAGES, [route], load_catalogue().model("local"), load_catalogue())


@pytest.mark.parametrize(
    ("form", "changes", "use", "error", "says"),
    [
        pytest.param("stamps", {}, flattened, MissingForm, "tables/flatten.py .*form stamps", id="rows"),
        pytest.param(
            "stamps",
            {},
            lambda t: incomplete(t, Answer("x")),
            MissingForm,
            "tables/completeness.py .*form stamps",
            id="end",
        ),
        pytest.param("stamps", {}, scored, MissingForm, "scoring/batch.py .*form stamps", id="score"),
        pytest.param(
            "stamps",
            {},
            answer_of_engine,
            NotOffered,
            "task stamp_reading: .*form stamps",
            id="embedded engine",
        ),
        pytest.param(Form.TEXT, {}, quoted, ConfigurationError, "no task stamp_reading", id="catalogue"),
        pytest.param(
            Form.TEXT,
            {"prompt": None, "schema_prompt": None},
            quoted,
            ValueError,
            "stamp_reading needs a prompt",
            id="prompt",
        ),
    ],
)
def test_a_missing_piece_is_named(
    added: Added,
    form: Form | str,
    changes: dict[str, Any],
    use: Callable[[Task], object],
    error: type[Exception],
    says: str,
) -> None:
    task = added(form, **changes)
    with pytest.raises(error, match=says):
        use(task)


def test_a_task_without_a_spec_is_none() -> None:
    with pytest.raises(TypeError, match="The task stamp_reading has no TaskSpec"):
        Task._new_member_(Task, "stamp_reading")  # type: ignore[attr-defined]


def test_a_schema_has_its_place_in_the_prompt() -> None:
    with pytest.raises(ValueError, match=r"has no \{schema\}"):
        replace(SPEC, schema_prompt="Fill this.")


@pytest.mark.parametrize("task", Task)
def test_every_task_is_known_everywhere(task: Task) -> None:
    assert any(task in fed_by(schema.name) for schema in ROW_TABLES)
    for use in (flattened, scored, lambda known: incomplete(known, Answer("x"))):
        use(task)
