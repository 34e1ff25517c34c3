"""The whole way from files to the published warehouse, with an engine that answers at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dagster as dg
import httpx

from qwenocr_assets.definitions import defs
from qwenocr_assets.defs.resources import running_in
from qwenocr_assets.defs.running.instance import ensure_dagster_home
from qwenocr_assets.defs.running.launch import register_batch, run_batch, run_publish
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.settings import load_settings
from qwenocr_assets.steps import Environment, publish, run
from qwenocr_assets.steps.intake import manifests_of

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


def instant_environment() -> Environment:
    """The settings with the instant engine behind region `local`."""
    app = create_app(InstantReader())
    return Environment(
        load_settings(region="local", batch_max_files=10_000), lambda _: httpx.ASGITransport(app)
    )


@dataclass(frozen=True)
class Way:
    """The two halves of the way: a folder of images into rows, and all rows into the published warehouse."""

    read: Callable[[Path], None]
    publish: Callable[[], None]


@contextmanager
def with_dagster() -> Iterator[Way]:
    """Both jobs in this process, as `qwenocr run` runs them, once Dagster's instance is open."""
    environment = instant_environment()
    resources = running_in(environment)
    ensure_dagster_home(environment.data)
    with dg.DagsterInstance.get() as instance:
        instance.get_dynamic_partitions("intake_batches")  # makes its databases when they are not there yet

        def read(images: Path) -> None:
            for manifest in manifests_of([images], environment.settings):
                register_batch(instance, environment.data, manifest)
                _require(run_batch(defs, instance, manifest.batch_id, resources).error)

        yield Way(read, lambda: _require(run_publish(defs, instance, resources).error))


@contextmanager
def straight() -> Iterator[Way]:
    """The same steps in the same order, called without Dagster."""
    environment = instant_environment()

    def read(images: Path) -> None:
        for outcome in run(environment, [images]):
            _require(None if outcome.refused is None else str(outcome.refused))

    def publish_all() -> None:
        publish(environment)

    yield Way(read, publish_all)


def _require(error: str | None) -> None:
    if error:
        raise RuntimeError(error)
