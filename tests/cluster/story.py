"""A story of a cluster: documents are dropped, parts of it are killed amid the work, and what came of it."""

import time
from dataclasses import dataclass

import duckdb
from sqlalchemy import create_engine

from deploy.local_cluster.cluster import Cluster
from qwenocr_assets.defs.jobs import BATCH_JOB, PUBLISH_JOB
from qwenocr_assets.qwenocr.prices import to_pico
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.places.published import published_file
from tests.cli.slow_account import HeldAccount
from tests.cluster.conftest import picture
from tests.waiting import wait_until

TASKS = 3
IN_FLIGHT = 2
"""Calls that a worker has in flight at once."""
KILLED_WORKERS = ("worker-1", "worker-2")
_PATIENCE_SECONDS = 1_200.0
"""Three leases until a silent run is closed, and five minutes until the next look at what is to go on."""
KILLED = (*KILLED_WORKERS, "daemon", "code-server")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a story."""

    requests: int
    """In the published warehouse, each once."""
    rows: int
    """Of answers there."""
    calls: int
    """That the account has billed."""
    settled_pico: int
    """What the ledger holds as paid."""
    in_doubt_pico: int
    """What it holds for calls whose end nobody saw."""
    arrived_pico: int
    """What the account has billed for calls whose answer arrived."""
    billed_pico: int
    unfinished: int
    """Runs of Dagster that have not ended."""
    seconds: float
    """From the kill until everything was published."""


def settings(url: str, files_a_batch: int) -> dict[str, str]:
    """A cluster's settings against an account."""
    return {
        "QWENOCR_REGION": "singapore",
        "QWENOCR_BASE_URL": f"{url}/api/v1",
        "DASHSCOPE_API_KEY_SINGAPORE": "sk-test",
        "QWENOCR_DECODERS": "1",
        "QWENOCR_CONCURRENCY": str(IN_FLIGHT),
        "QWENOCR_BATCH_MAX_FILES": str(files_a_batch),
        "QWENOCR_BATCH_MAX_WAIT_SECONDS": "0",
        "QWENOCR_SETTLE_SECONDS": "0",
    }


def tell(cluster: Cluster, account: HeldAccount, files: int, batches: int, *, patient: bool) -> Outcome:
    """Drop files, kill two busy workers, the daemon and the code server, start them again, and wait for the end.

    Who is not patient lets the sensors look at once that close dead runs and go on with their batches.
    """
    for number in range(files):
        (cluster.data / "inbox" / f"{number:03}.png").write_bytes(picture(number))
    cluster.switch_sensors_on()
    wait_until(lambda: account.arrived >= IN_FLIGHT * cluster.workers, "all workers to be busy")
    killed_at = time.monotonic()
    cluster.processes.kill(*KILLED)
    account.answers = True
    cluster.start_parts(*KILLED)
    if not patient:
        cluster.look_again("close_dead_runs")
        wait_until(
            lambda: statuses(cluster).count("FAILURE") == len(KILLED_WORKERS), "dead runs to be closed"
        )
        cluster.look_again("redrive_failed")
    wait_until(lambda: len(_read(cluster)) == batches, "all batches", _PATIENCE_SECONDS)
    cluster.materialise(PUBLISH_JOB)
    wait_until(lambda: _unfinished(cluster) == 0, "the end of all runs")
    return _outcome(cluster, account, time.monotonic() - killed_at)


def statuses(cluster: Cluster) -> list[str]:
    """The statuses of the runs of batches."""
    return [run.status for run in cluster.runs() if run.job == BATCH_JOB]


def _read(cluster: Cluster) -> set[str | None]:
    return {run.batch_id for run in cluster.runs() if run.job == BATCH_JOB and run.status == "SUCCESS"}


def _unfinished(cluster: Cluster) -> int:
    return sum(run.status not in ("SUCCESS", "FAILURE", "CANCELED") for run in cluster.runs())


def _outcome(cluster: Cluster, account: HeldAccount, seconds: float) -> Outcome:
    with duckdb.connect(str(published_file(DataFolder(cluster.data))), read_only=True) as warehouse:
        [[rows, requests]] = warehouse.execute(
            "SELECT count(*), count(DISTINCT request_key) FROM core.ocr_responses"
        ).fetchall()
    settled, in_doubt = _counted(cluster)
    log = account.account.traffic.log or []
    arrived = [call.billed_usd for call in log if call.outcome == "200" and call.billed_usd is not None]
    return Outcome(
        requests=requests,
        rows=rows,
        calls=account.account.bill.total.calls,
        settled_pico=settled,
        in_doubt_pico=in_doubt,
        arrived_pico=sum(map(to_pico, arrived)),
        billed_pico=to_pico(account.account.bill.total.usd),
        unfinished=_unfinished(cluster),
        seconds=seconds,
    )


def _counted(cluster: Cluster) -> tuple[int, int]:
    """What the ledger holds as settled, and as in doubt."""
    engine = create_engine(cluster.common["QWENOCR_LEDGER"])
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT state, coalesce(sum(settled_pico), 0), sum(reserved_pico) FROM cost_entries GROUP BY state"
        ).fetchall()
    engine.dispose()
    settled = sum(int(row[1]) for row in rows if row[0] == "settled")
    return settled, sum(int(row[2]) for row in rows if row[0] not in ("settled", "released"))
