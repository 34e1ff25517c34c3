"""Each content counts once, and only while an address has it: whatever was run, from where and in which order."""

from datetime import datetime, timedelta
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from qwenocr_assets.intake.documents import document_id
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.warehouse.build import build_models
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import Model
from qwenocr_assets.warehouse.publish import working_file
from tests.warehouse.conftest import Put, filled

_SUMS = """
    SELECT (SELECT sum(amount) FROM marts.line_items), (SELECT sum(amount) FROM marts.invoice_items),
           (SELECT sum(total) FROM marts.invoice_fields), (SELECT sum(value_number) FROM marts.value_trust),
           (SELECT sum(numbers[1]) FROM marts.table_rows), (SELECT sum(numbers[1]) FROM marts.stitched_tables),
           (SELECT sum(key_values) FROM marts.documents_overview), (SELECT count(*) FROM marts.page_text)
"""
_AMOUNTS = {content: 10**n for n, content in enumerate("abc")}


def _rows(
    batch: str, root: str, name: str, content: str, version: int, at: datetime
) -> dict[str, list[dict[str, Any]]]:
    """A document of one page with a total, one item and a table whose one cell spans two rows."""
    key, number = document_id(content, name), Decimal(_AMOUNTS[content])
    page = {"document_id": key, "page_id": f"{key}-p1"}
    extraction = {**page, "task": "key_information_extraction", "value_number": number, "value": str(number)}
    table = {**page, "task": "table_parsing", "row_count": 2, "column_count": 1, "is_complete": True}
    return {
        "documents": [
            {
                "document_id": key,
                "name": name,
                "uri": f"file:///{root}/{name}",
                "sha256": content,
                "version": version,
                "modified_at": at,
                "route": "invoices",
            }
        ],
        "pages": [page],
        "ocr_responses": [{**extraction, "answered_at": at}],
        "key_values": [
            {**extraction, "path": "total", "key": "total"},
            {**extraction, "path": "items[0].amount", "key": "amount", "list_index": 0},
        ],
        "tables": [table],
        "table_cells": [{**table, "row_span": 2, "column_span": 1, "text": str(number), "number": number}],
    }


# A file of in/sub has another name when in is run: another document as it was found.
_STEP = st.tuples(
    st.sampled_from(
        [("in", "x.png"), ("in", "sub/x.png"), ("in/sub", "x.png"), ("other", "x.png"), ("other", "y.png")]
    ),
    st.sampled_from("abc"),
)


@settings(max_examples=6, deadline=None)
@given(steps=st.lists(_STEP, min_size=1, max_size=6), loads=st.sets(st.integers(0, 5)))
def test_sums_are_those_of_current_documents(
    models: dict[str, Model], steps: list[tuple[tuple[str, str], str]], loads: set[int]
) -> None:
    current: dict[str, str] = {}
    versions: dict[tuple[str, str], tuple[str, int]] = {}
    needed = {name for name, model in models.items() if model.relation in _SUMS}
    for name in reversed(models):  # what a model reads is built before it
        needed |= set(models[name].refs) if name in needed else set()
    wanted = {name: model for name, model in models.items() if name in needed}
    with TemporaryDirectory() as folder:
        data = DataFolder(UPath(folder))
        for n, ((root, name), content) in enumerate(steps):
            before, version = versions.get((root, name), ("", 0))
            if before == content:  # the same batch again
                continue
            versions[root, name] = content, version + 1
            current[f"{root}/{name}"] = content
            rows = _rows(f"b{n}", root, name, content, version + 1, datetime(2026, 1, 1) + timedelta(hours=n))
            for table, given_rows in rows.items():
                schema = TABLES[table]
                write_table(data, schema, f"b{n}", [filled(schema, f"b{n}", row) for row in given_rows])
            if n in loads:
                _built(data, wanted)
        contents = set(current.values())
        total = sum(_AMOUNTS[content] for content in contents)
        trusted = 3 * total  # the total, the item and the cell are a value each
        assert _built(data, wanted) == (*[total] * 3, trusted, *[total] * 2, 2 * len(contents), len(contents))


def test_duplicates_are_named(models: dict[str, Model], put: Put, data: DataFolder) -> None:
    """The same content twice, and two invoices with one number and total; a third has the number and another total."""

    def value(page: str, path: str, text: str, number: int | None = None) -> dict[str, Any]:
        place = {"page_id": page, "task": "key_information_extraction", "path": path, "key": path}
        return place | {
            "value": text,
            "value_number": None if number is None else Decimal(number),
            "currency": "EUR",
        }

    documents = {"a": "x", "b": "x", "c": "c", "d": "d", "e": "e"}
    invoices = {"c": ("INV-7", 9), "d": ("inv 7", 9), "e": ("INV-7", 8)}
    put(
        "documents",
        "b1",
        *({"page_id": f"{n}-p1", "name": f"{n}.png", "sha256": s} for n, s in documents.items()),
    )
    put("pages", "b1", *({"page_id": f"{n}-p1"} for n in documents))
    values = [
        row
        for name, (number, total) in invoices.items()
        for row in (
            value(f"{name}-p1", "invoice_number", number),
            value(f"{name}-p1", "total", str(total), total),
        )
    ]
    put("key_values", "b1", *values)
    load_changes(data, working_file(data))
    with open_writer(working_file(data)) as con:
        build_models(con, models)
        found = con.execute(
            "SELECT because, document_name, duplicate_of, is_counted, total FROM marts.duplicates ORDER BY 1, 2"
        ).fetchall()
    original = found[0][2]
    assert [row[:2] for row in found] == [
        ("same_content", "a.png"), ("same_content", "b.png"),
        ("same_number_and_total", "c.png"), ("same_number_and_total", "d.png"),
    ]  # fmt: skip
    assert [row[3] for row in found[:2]] == [original == "a", original == "b"]
    assert [row[2:] for row in found[2:]] == [("c", True, 9), ("c", True, 9)]


def _built(data: DataFolder, models: dict[str, Model]) -> tuple[Any, ...]:
    load_changes(data, working_file(data))
    with open_writer(working_file(data)) as con:
        build_models(con, models)
        (sums,) = con.execute(_SUMS).fetchall()
    return tuple(sums)
