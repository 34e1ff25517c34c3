"""A disk that gets full at any write: said clearly, nothing spoilt, and the same command goes on when space is back.

The n-th run fails at its n-th write, and the next one goes on from what that left, until a run goes through. A few
writes by default; `QWENOCR_FULL_DISK=1` makes it each of them.
"""

import logging
import os
import re
from collections import Counter

import pytest

from qwenocr_assets.schemas import OCR_REQUESTS, OCR_RESPONSES, ROW_TABLES
from qwenocr_assets.settings import load_settings
from tests.defs.full_disk import FullDisk
from tests.defs.test_money import CloudPipeline, cloud  # noqa: F401  the fixture

pytestmark = pytest.mark.slow

_log = logging.getLogger(__name__)

EVERY = int(os.environ.get("QWENOCR_FULL_DISK", "60"))
SAYS_WHAT_TO_DO = re.compile(r"(no space left|disk is full).*(run the same command|run again)", re.DOTALL)
LOST = re.compile(r"(\d+) answers could not be saved, and will be asked and paid again")


def test_a_disk_that_gets_full_at_any_write(
    cloud: CloudPipeline,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("QWENOCR_DRAIN_SECONDS", "0.3")
    cloud.draw("invoices/a.png", "a")
    cloud.draw("letters/b.png", "b")
    disk = FullDisk(load_settings().ledger_url)
    points = lost = 0
    with disk.under_the_ledger():
        disk.patch(monkeypatch)
        while True:
            disk.writes, disk.full_at = 0, 1 + points * EVERY
            error = run(cloud)
            went_through = not disk.is_full
            disk.full_at = None
            if went_through:
                break
            assert error is not None, f"write {1 + points * EVERY}: the run did not notice"
            assert SAYS_WHAT_TO_DO.search(error), f"write {1 + points * EVERY}: {error}"
            lost += sum(int(number) for number in LOST.findall(error))
            points += 1
    assert error is None
    batch_id, again = cloud.run()
    assert (again.error, again.sent) == (None, 0)
    asked = cloud.table(OCR_REQUESTS, batch_id)
    responses = cloud.table(OCR_RESPONSES, batch_id)
    assert {r["request_key"] for r in responses if r["status"] == "ok"} == {r["request_key"] for r in asked}
    for schema in (OCR_RESPONSES, *ROW_TABLES):
        keys = Counter(
            tuple(str(row[c]) for c in schema.primary_key) for row in cloud.table(schema, batch_id)
        )
        assert all(count == 1 for count in keys.values()), schema.name
    paid = cloud.emulator.bill.total.calls
    assert len(asked) <= paid <= len(asked) + lost
    _log.info("%d writes; %d questions, %d calls, %d answers said to be lost", points, len(asked), paid, lost)


def run(cloud: CloudPipeline) -> str | None:  # noqa: F811
    """The error of a run, whether it came before the job or in it."""
    try:
        return cloud.run()[1].error
    except Exception as error:  # noqa: BLE001  as the command line shows it
        return str(error)
