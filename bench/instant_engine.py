"""The whole way from files to the published warehouse, with an engine that answers at once."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from qwenocr_assets.asking.batch_answers import BatchAnswers, Page, answers_of, image_sizes, read_answers
from qwenocr_assets.asking.draining import Drain
from qwenocr_assets.asking.response_rows import response_rows
from qwenocr_assets.cli.commands.run import manifests_of
from qwenocr_assets.cost.requests import request_rows
from qwenocr_assets.definitions import defs
from qwenocr_assets.defs.instance import ensure_dagster_home
from qwenocr_assets.defs.launch import register_batch, run_batch, run_publish
from qwenocr_assets.defs.pictures import draw_batch
from qwenocr_assets.defs.progress import QuietProgress
from qwenocr_assets.defs.resources import QwenOcr, resources_for
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.imaging.batches import batch_page_rows
from qwenocr_assets.imaging.pages import count_pages
from qwenocr_assets.imaging.recipe import DEFAULT_RECIPE
from qwenocr_assets.imaging.workers import run_here
from qwenocr_assets.intake.documents import document_rows, examining
from qwenocr_assets.intake.manifest import Manifest, write_manifest
from qwenocr_assets.intake.routes import load_routes
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, OCR_RESPONSES, PAGES, ROW_TABLES, TEXT_LINES
from qwenocr_assets.settings import Settings, load_settings, project_root
from qwenocr_assets.state.batch_hold import hold_batch
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.tables.batch import flatten_batch
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.warehouse.build import build_models, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import load_models
from qwenocr_assets.warehouse.publish import publish, working_file

LINES = 43


class InstantReader:
    """Gives the same full page for every image: 43 lines and a table of 10 × 4."""

    def read(self, image: bytes) -> ReadPage:  # noqa: ARG002  the engine's protocol
        return _page()


@cache
def _page() -> ReadPage:
    lines = tuple(
        Line(
            f"Invoice line {n}: 1,284.50",
            (100, 40 * n, 900, 40 * n, 900, 40 * n + 30, 100, 40 * n + 30),
            0.99,
        )
        for n in range(LINES)
    )
    cells = tuple(Cell(r, c, 1, 1, f"cell {r} {c}") for r in range(10) for c in range(4))
    return ReadPage(1240, 1754, 0, 0.0, lines, lines, (Table(cells, (100.0, 100.0, 900.0, 900.0)),))


class InstantQwenOcr(QwenOcr):
    """The service's resource with the instant engine behind it."""

    def engine(self) -> Any:
        return create_app(InstantReader())


@dataclass(frozen=True)
class Way:
    """The two halves of the way: a folder of images into rows, and all rows into the published warehouse."""

    read: Callable[[Path], None]
    publish: Callable[[], None]


@contextmanager
def with_dagster() -> Iterator[Way]:
    """Both jobs in this process, as `qwenocr run` runs them, once Dagster's instance is open."""
    settings = load_settings(batch_max_files=10_000)
    resources = {
        **resources_for(settings),
        "qwen_ocr": InstantQwenOcr(region="local"),
        "progress": QuietProgress(),
    }
    ensure_dagster_home()
    with dg.DagsterInstance.get() as instance:
        instance.get_dynamic_partitions("intake_batches")  # makes its databases when they are not there yet

        def read(images: Path) -> None:
            for manifest in manifests_of(images, settings):
                register_batch(instance, settings.data_folder, manifest)
                _require(run_batch(defs, instance, manifest.batch_id, resources).error)

        yield Way(read, lambda: _require(run_publish(defs, instance, resources).error))


@contextmanager
def straight() -> Iterator[Way]:
    """The same functions in the same order, called without Dagster."""
    settings = load_settings(batch_max_files=10_000)

    def read(images: Path) -> None:
        for manifest in manifests_of(images, settings):
            _batch(settings, manifest)

    def publish_all() -> None:
        data = settings.data_folder
        load_changes(data, working_file(data))
        models = load_models(project_root() / "dbt_like_sql")
        with open_writer(working_file(data)) as con:
            build_models(con, models)
            for model in models.values():
                run_tests(con, model)
        publish(working_file(data), data)

    yield Way(read, publish_all)


def _batch(settings: Settings, manifest: Manifest) -> None:
    data, batch_id = settings.data_folder, manifest.batch_id
    service = InstantQwenOcr(region="local")
    routes = load_routes(settings.routes, project_root())
    write_manifest(data, manifest)
    documents = document_rows(manifest, routes, examining(count_pages))
    write_table(data, DOCUMENTS, batch_id, documents)
    pages = batch_page_rows(run_here, data, documents, lambda _: DEFAULT_RECIPE)
    write_table(data, PAGES, batch_id, pages)
    requests = request_rows(documents, pages, routes, service.model_entry, service.catalogue)
    write_table(data, OCR_REQUESTS, batch_id, requests)
    with hold_batch(settings.ledger_url, batch_id) as hold:
        asyncio.run(_ask(service, BatchAnswers.open(data, batch_id, Task, hold), requests, pages))
    latest = read_answers(data.journal(task, batch_id) for task in Task)
    found = answers_of(latest, image_sizes(requests, pages))
    write_table(data, OCR_RESPONSES, batch_id, response_rows(requests, latest, found, most_attempts=12))
    tables = flatten_batch(requests, pages, found, on_page=lambda: None)
    for schema in ROW_TABLES:
        write_table(data, schema, batch_id, tables[schema.name])
    draw_batch(data, batch_id, pages, tables[TEXT_LINES.name])


async def _ask(service: QwenOcr, answers: BatchAnswers, requests: list[Any], pages: list[Any]) -> None:
    images = {p["page_id"]: Page(p["uri"], p["media_type"]) for p in pages}
    async with service.client(service.region_entry, service.model_entry) as client:
        await answers.ask(
            answers.open_questions(requests, images, frozenset()),
            client,
            service.model_entry,
            service.catalogue.version,
            judge=incomplete,
            on_reply=lambda: None,
            concurrency=service.in_flight,
            drain=Drain(60.0),
        )


def _require(error: str | None) -> None:
    if error:
        raise RuntimeError(error)
