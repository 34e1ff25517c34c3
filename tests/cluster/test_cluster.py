"""The whole cluster on one machine, in real processes; `make bench ONLY=cluster` tells the story with 120 files.

Documents are dropped into a bucket, the daemon and the code server are killed amid the work of three busy workers, and
in the end everything is published, nothing is paid for twice, and the bill is the ledger's.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine

from deploy.local_cluster.cluster import Cluster
from qwenocr_assets.defs.jobs import BATCH_JOB, PUBLISH_JOB
from qwenocr_assets.qwenocr.prices import to_pico
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.places.published import published_file
from tests.cli.slow_account import HeldAccount
from tests.cluster.conftest import picture
from tests.conftest import skipping
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

FILES = 24
BATCHES = 6
TASKS = 3
IN_FLIGHT = 2
"""Calls that a worker has in flight at once."""


@pytest.fixture
def account() -> HeldAccount:
    return HeldAccount()


@pytest.fixture
def cluster(
    project: Path, account: HeldAccount, served: Callable[..., AbstractContextManager[str]]
) -> Iterator[Cluster]:
    """A cluster against the account, with nothing in it."""
    pytest.importorskip("dagster_celery", reason="the extra celery is not installed")
    folder = Path(tempfile.mkdtemp(prefix="qwenocr-"))
    with served(account) as url:
        settings = {
            "QWENOCR_REGION": "singapore",
            "QWENOCR_BASE_URL": f"{url}/api/v1",
            "DASHSCOPE_API_KEY_SINGAPORE": "sk-test",
            "QWENOCR_DECODERS": "1",
            "QWENOCR_CONCURRENCY": str(IN_FLIGHT),
            "QWENOCR_BATCH_MAX_FILES": str(FILES // BATCHES),
            "QWENOCR_BATCH_MAX_WAIT_SECONDS": "0",
            "QWENOCR_SETTLE_SECONDS": "0",
        }
        cluster = Cluster(folder, project, settings, durable=False)
        try:
            with skipping():
                cluster.start()
            yield cluster
        finally:
            cluster.end()


def unfinished(cluster: Cluster) -> int:
    """Runs that have not ended."""
    return sum(run.status not in ("SUCCESS", "FAILURE", "CANCELED") for run in cluster.runs())


def read(cluster: Cluster) -> set[str | None]:
    """The batches that a run has read."""
    return {run.batch_id for run in cluster.runs() if run.job == BATCH_JOB and run.status == "SUCCESS"}


def counted_pico(cluster: Cluster) -> tuple[int, int]:
    """What the ledger holds: as settled, and as in doubt."""
    engine = create_engine(cluster.common["QWENOCR_LEDGER"])
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT state, coalesce(sum(settled_pico), 0), sum(reserved_pico) FROM cost_entries GROUP BY state"
        ).fetchall()
    engine.dispose()
    settled = sum(int(row[1]) for row in rows if row[0] == "settled")
    return settled, sum(int(row[2]) for row in rows if row[0] not in ("settled", "released"))


def test_nothing_is_lost_when_the_daemon_and_the_code_server_are_killed(
    cluster: Cluster, account: HeldAccount
) -> None:
    for number in range(FILES):
        (cluster.data / "inbox" / f"{number:03}.png").write_bytes(picture(number))
    cluster.switch_sensors_on()
    wait_until(lambda: account.arrived >= IN_FLIGHT * cluster.workers, "all workers to be busy")
    killed = ("daemon", "code-server")
    cluster.processes.kill(*killed)
    account.answers = True
    cluster.start_parts(*killed)
    wait_until(lambda: len(read(cluster)) == BATCHES, "all batches")
    published = cluster.materialise(PUBLISH_JOB)
    wait_until(lambda: unfinished(cluster) == 0, "the end of all runs")
    assert next(run.status for run in cluster.runs() if run.run_id == published) == "SUCCESS"
    with duckdb.connect(str(published_file(DataFolder(cluster.data))), read_only=True) as warehouse:
        [told] = warehouse.execute(
            "SELECT count(*), count(DISTINCT request_key) FROM core.ocr_responses"
        ).fetchall()
    assert told == (FILES * TASKS, FILES * TASKS)
    bill = account.account.bill.total
    assert bill.calls == FILES * TASKS
    assert counted_pico(cluster) == (to_pico(bill.usd), 0)
