"""Shared by all tests: nothing of the developer's own environment leaks in, nothing leaks out."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, islice
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine
from upath import UPath

from deploy.local_cluster.processes import Processes, in_a_folder_of_their_own
from deploy.local_cluster.servers import start_object_store, start_postgres
from qwenocr_assets.emulator.testing import serving
from qwenocr_assets.errors import ConfigurationError

# A machine under load is no failure of the code; and CI tries the same cases each time, so that a red run means a
# change, while a developer's runs go on looking for new ones.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=30)
settings.register_profile("thorough", deadline=None, max_examples=2500)
settings.load_profile("ci" if os.environ.get("CI") else "developer")

_BUCKET = "tests"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first, modules of them in turns to each worker: at the end none waits long for another.

    `--dist worksteal` gives each worker an equal part of the list to begin with.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow: dict[Path, list[pytest.Item]] = {}
    others: list[pytest.Item] = []
    for item in items:
        (others if item.get_closest_marker("slow") is None else slow.setdefault(item.path, [])).append(item)
    part = -(-len(items) // workers)
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        first = list(chain.from_iterable(islice(slow.values(), worker, None, workers)))
        room = max(part - len(first), 0)
        ordered += first + others[:room]
        del others[:room]
    items[:] = ordered + others


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no setting and no Dagster home of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith(("QWENOCR_", "DASHSCOPE_", "DAGSTER_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def servers() -> Iterator[Processes]:
    """Servers that run for the tests, in a folder that nobody but them sees."""
    with in_a_folder_of_their_own("qwenocr-") as processes:
        yield processes


@pytest.fixture(scope="session")
def postgres(servers: Processes) -> str:
    """The URL of a Postgres server that runs for the tests, as a user who is not root."""
    pytest.importorskip("psycopg2", reason="no driver for Postgres is installed")
    with skipping():
        return start_postgres(servers, servers.folder / "postgres", durable=False)


@contextmanager
def skipping() -> Iterator[None]:
    """A test whose server is not installed is skipped, and says which."""
    try:
        yield
    except ConfigurationError as missing:
        pytest.skip(missing.message)


@pytest.fixture(scope="session")
def s3_server(servers: Processes) -> Iterator[str]:
    """A bucket's URL, on a server that runs for the tests and that this process's environment names."""
    pytest.importorskip("s3fs", reason="what reads S3 is not installed")
    with skipping():
        store = start_object_store(servers, servers.folder / "store")
    store.make_bucket(_BUCKET)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in store.environment.items():
            patch.setenv(name, value)
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()  # one that was made before knows no key
        yield f"s3://{_BUCKET}"


@pytest.fixture
def bucket(s3_server: str) -> UPath:
    """An empty place in the bucket."""
    return UPath(f"{s3_server}/{uuid.uuid4().hex}")


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """The server's URL, with nothing in its database."""
    return emptied(postgres)


def emptied(postgres: str) -> str:
    """The same URL, once nothing is in its database any more."""
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return postgres


@pytest.fixture(scope="session")
def served() -> Callable[..., AbstractContextManager[str]]:
    """Any app on a free loopback port, in a thread: `with served(app) as base_url`."""

    return serving.served


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loopback server is reached directly, whatever proxy the developer has."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
