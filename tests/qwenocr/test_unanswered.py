"""Which requests `qwenocr retry` asks again."""

from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.qwenocr.records import Status
from qwenocr_assets.qwenocr.unanswered import RETRIED, unanswered
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table

ROWS = {
    "first": [("a", "ok", None), ("b", "failed", "Throttled"), ("c", "rejected", "PageRefused")],
    "second": [("d", "unfunded", "Unfunded"), ("e", "missing", None), ("f", "partial", None)],
}


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    data = DataFolder(UPath(tmp_path))
    for batch, rows in ROWS.items():
        trace = {"batch_id": batch, "document_id": "x", "page_id": "x", "task": "x", "attempts": 1}
        write_table(
            data,
            OCR_RESPONSES,
            batch,
            [{**trace, "request_key": k, "status": s, "error_class": c} for k, s, c in rows],
        )
    return data


@pytest.mark.parametrize(
    ("batches", "statuses", "classes", "keys"),
    [
        (["first", "second"], RETRIED, [], "bde"),
        (["first"], RETRIED, [], "b"),
        (["first", "second"], [Status.REJECTED, Status.PARTIAL], [], "cf"),
        (["first", "second"], RETRIED, ["Throttled"], "b"),
        (["first", "second"], RETRIED, ["Unreadable"], ""),
        (["third"], RETRIED, [], ""),
    ],
    ids=["what may end differently", "a batch", "statuses", "a class", "no such class", "never run"],
)
def test_what_is_asked_again(
    data: DataFolder, batches: list[str], statuses: list[Status], classes: list[str], keys: str
) -> None:
    found = unanswered(data, batches, statuses, classes)
    assert sorted(key for batch in found for key in batch.request_keys) == list(keys)
