"""The whole cluster on one machine, in real processes; `make bench ONLY=cluster` tells the story with 120 files."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from deploy.local_cluster.cluster import Cluster
from tests.cli.slow_account import HeldAccount
from tests.cluster import story
from tests.cluster.story import IN_FLIGHT, KILLED_WORKERS, TASKS
from tests.conftest import skipping

pytestmark = pytest.mark.slow

FILES = 16
BATCHES = 4


@pytest.fixture
def account() -> HeldAccount:
    return HeldAccount()


@pytest.fixture
def cluster(
    project: Path, account: HeldAccount, served: Callable[..., AbstractContextManager[str]]
) -> Iterator[Cluster]:
    """A cluster against the account, with nothing in it. Its parts share process numbers, so that a dead one is known
    to be dead at once; elsewhere that takes three leases (the bench).
    """
    pytest.importorskip("dagster_celery", reason="the extra celery is not installed")
    folder = Path(tempfile.mkdtemp(prefix="qwenocr-"))
    with served(account) as url:
        settings = story.settings(url, FILES // BATCHES)
        cluster = Cluster(folder, project, settings, durable=False, machines=False)
        try:
            with skipping():
                cluster.start()
            yield cluster
        finally:
            cluster.end()


def test_nothing_is_lost_when_busy_workers_the_daemon_and_the_code_server_are_killed(
    cluster: Cluster, account: HeldAccount
) -> None:
    came = story.tell(cluster, account, FILES, BATCHES, patient=False)
    assert (came.requests, came.rows) == (FILES * TASKS, FILES * TASKS)
    assert came.unfinished == 0
    assert came.calls <= FILES * TASKS + len(KILLED_WORKERS) * IN_FLIGHT
    # an answer may arrive at a worker that is killed before it has saved it: that one is in doubt
    assert came.settled_pico <= came.arrived_pico
    assert came.billed_pico <= came.settled_pico + came.in_doubt_pico
