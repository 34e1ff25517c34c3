"""The page on a port, over a batch with everything that can be shown and corrected."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from qwenocr_assets.app.server import create_app
from qwenocr_assets.emulator.testing.serving import served as served_app
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.steps.corrections import check_rules_again
from qwenocr_assets.steps.publish import publish
from tests.report.conftest import write_batch

RULES = [{"name": "tax", "field": "tax", "pattern": r"\d+\.\d\d"}]


class Served(NamedTuple):
    """A page that is served."""

    address: str
    environment: Environment
    published: list[list[str]]
    """The batches that the warehouse was asked to take in, each time."""


@contextlib.contextmanager
def serving(folder: Path, *, token: str | None = None) -> Iterator[Served]:
    """The page over the batch of reports, which is published already."""
    tasks = ["key_information_extraction"]
    form = {"Surname": "", "Phone": "", "Nickname": ""}
    routes = [
        {"name": "invoices", "match": "in/**", "tasks": tasks, "rules": RULES},
        {"name": "form", "match": "form*", "tasks": ["advanced_recognition", *tasks], "schema": form},
    ]
    write_batch(folder / "data")
    environment = Environment.load(data=str(folder / "data"), region="local", routes=routes)
    publish(environment)
    published: list[list[str]] = []

    def bring_up_to_date(batches: list[str]) -> None:
        check_rules_again(environment, batches)
        publish(environment)
        published.append(batches)

    app = create_app(environment, publish=bring_up_to_date, token=token, pause_seconds=0.05)
    with served_app(app, end_seconds=None) as address:  # what it has to publish at the end, it publishes
        yield Served(address, environment, published)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("page")) as page:
        yield page


@pytest.fixture
def ask(served: Served) -> Iterator[Callable[..., httpx.Response]]:
    with httpx.Client(base_url=served.address, timeout=300) as client:
        yield client.request
