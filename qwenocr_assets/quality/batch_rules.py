"""The rules of the routes on the values of a batch as they stand, and again when people have corrected some."""

from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from qwenocr_assets.intake.routes import Route
from qwenocr_assets.quality.rule_work import RuleWork
from qwenocr_assets.quality.standing_values import standing_values
from qwenocr_assets.quality.validation import validate
from qwenocr_assets.rows import ValidationResultRow
from qwenocr_assets.schemas import CORRECTIONS, DOCUMENTS, KEY_VALUES, PAGES, VALIDATION_RESULTS, is_accepted
from qwenocr_assets.state.batch_hold import hold_batch
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_all_batches, read_table, write_table


def check_batch(
    data: DataFolder,
    batch_id: str,
    routes: Sequence[Route],
    *,
    documents: Collection[str] | None = None,
    work: RuleWork | None = None,
) -> list[ValidationResultRow]:
    """Rows of `validation_results` of a batch or of some of its documents, from its table files.

    What people said about its pages counts whichever batch they looked at. `work` is where rules are computed, by
    default one of the call's own.
    """
    of_these = None if documents is None else pc.field("document_id").isin(pa.array(documents, pa.string()))
    pages = {row["page_id"] for row in read_table(data, PAGES, batch_id, ["page_id"], of_these)}
    said = [
        row
        for row in read_all_batches(data, CORRECTIONS, where=of_these, keep=True)
        if row["page_id"] in pages
    ]
    return validate(
        batch_id,
        standing_values(read_table(data, KEY_VALUES, batch_id, where=of_these), said),
        {
            row["document_id"]: row["route"]
            for row in read_table(data, DOCUMENTS, batch_id, where=of_these)
            if is_accepted(row)
        },
        {route.name: route.rules for route in routes},
        work,
        {route.name: route.expects for route in routes},
    )


def check_again(
    data: DataFolder, batch_ids: Iterable[str], routes: Sequence[Route], *, ledger_url: str
) -> dict[str, int]:
    """Write the results of these batches anew where they are others now; returns how many rows each of those has.

    Raises:
        InUse, StorageError: someone else is importing corrections, or a table cannot be written.
    """
    written = {}
    for batch_id in sorted(set(batch_ids)):
        # whoever corrects a value meanwhile does not wait for the rules of all the others
        before, found = _said(data), check_batch(data, batch_id, routes)
        # one at a time with whoever writes corrections: the last to check has seen them all
        with hold_batch(ledger_url, CORRECTIONS.name, wait_seconds=60) as hold, hold.writing():
            if _said(data) != before:
                found = check_batch(data, batch_id, routes)
            if _as_stored(found) != read_table(data, VALIDATION_RESULTS, batch_id):
                written[batch_id] = write_table(data, VALIDATION_RESULTS, batch_id, found)
    return written


def _said(data: DataFolder) -> set[str]:
    """Which corrections there are."""
    columns = ["batch_id", "correction_id"]
    return {row["correction_id"] for row in read_all_batches(data, CORRECTIONS, columns)}


def _as_stored(rows: Sequence[ValidationResultRow]) -> list[dict[str, object]]:
    return [{name: row.get(name) for name in VALIDATION_RESULTS.column_names} for row in rows]
