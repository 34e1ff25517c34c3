"""One Parquet file per table and batch, in the declared schema."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.schemas import DOCUMENTS, OCR_RESPONSES, TABLES, TableSchema
from qwenocr_assets.statuses import DocumentStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(UPath(tmp_path))


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_an_empty_table_keeps_its_columns(data: DataFolder, schema: TableSchema) -> None:
    assert write_table(data, schema, "b", []) == 0
    assert read_table(data, schema, "b") == []
    written = pq.read_schema(data.table_file(schema.name, "b").path)
    assert written.names == list(schema.column_names)


def test_a_step_that_has_not_run_has_no_rows(data: DataFolder) -> None:
    assert read_table(data, DOCUMENTS, "never") == []


def test_missing_columns_are_null_and_money_is_exact(data: DataFolder) -> None:
    row = {
        "batch_id": "b",
        "document_id": "d",
        "page_id": "p",
        "task": "table_parsing",
        "request_key": "k",
        "status": "ok",
        "attempts": 1,
        "cost_usd": Decimal("0.000000043"),
    }
    write_table(data, OCR_RESPONSES, "b", [row])
    [back] = read_table(data, OCR_RESPONSES, "b")
    assert back["cost_usd"] == Decimal("0.000000043")
    assert back["raw"] is None


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))], ids=["utc", "tokyo"])
def test_times_are_kept_in_utc(data: DataFolder, zone: timezone) -> None:
    noon = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).astimezone(zone)
    row = {
        "batch_id": "b",
        "document_id": "d",
        "name": "n",
        "uri": "u",
        "sha256": "s",
        "size_bytes": 1,
        "status": "accepted",
        "modified_at": noon,
    }
    write_table(data, DOCUMENTS, "b", [row])
    assert read_table(data, DOCUMENTS, "b")[0]["modified_at"] == datetime(2026, 11, 22, 12, 0)


def test_a_required_column_without_a_value_is_an_error(data: DataFolder) -> None:
    with pytest.raises(pa.ArrowInvalid):
        write_table(data, DOCUMENTS, "b", [{"batch_id": "b"}])


def test_statuses_are_read_as_what_they_are(data: DataFolder) -> None:
    write_table(data, DOCUMENTS, "b", [document("accepted"), document("rejected")])
    statuses = [row["status"] for row in read_table(data, DOCUMENTS, "b")]
    assert statuses == [DocumentStatus.ACCEPTED, DocumentStatus.REJECTED]
    assert all(isinstance(status, DocumentStatus) for status in statuses)


def test_a_status_of_a_newer_version_is_no_other_status(data: DataFolder) -> None:
    write_table(data, DOCUMENTS, "b", [document("postponed")])
    with pytest.raises(
        StorageError, match=r"documents of intake b has status 'postponed'.*accepted, rejected"
    ):
        read_table(data, DOCUMENTS, "b")


def document(status: str) -> dict[str, object]:
    names = ("batch_id", "document_id", "name", "uri", "sha256")
    return {**dict.fromkeys(names, "b"), "size_bytes": 1, "status": status}
