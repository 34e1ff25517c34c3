"""Result schemas → views: one row a document, one row a list item."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import value_path
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.build import build_models
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import load_models
from qwenocr_assets.warehouse.publish import working_file
from qwenocr_assets.warehouse.result_schemas import ResultSchema, result_schemas
from qwenocr_assets.warehouse.texts.names import distinct, is_sql_name, part_of_name, sql_name
from qwenocr_assets.warehouse.wide_views import wide_views

SCHEMA = {
    "no": "",
    "Invoice Date": "YYYY-MM-DD",
    "total": "number",
    "seller": {"name": ""},
    "No.": "",
    "items": [{"name": "", "price": "number"}],
}
BILL = ResultSchema("bill", SCHEMA, ("bills",), "schemas/bill.json")
KIE = "key_information_extraction"


def _typed(path: str, value: str | None, page: int = 1) -> dict[str, Any]:
    """A row of key_values of a page of d1; numbers are typed."""
    number = Decimal(value) if value and value.replace(".", "").isdigit() else None
    return {"task": KIE, "page_id": f"d1-p{page}", "path": path, "value": value, "value_number": number}


RECORDS = (
    _typed("[0].invoice_number", "A-1"),
    _typed("[0].total", "10.00"),
    _typed("[0].items[0].description", "Rope"),
    _typed("[0].items[0].amount", "10.00"),
    _typed("[1].invoice_number", "B-2"),
    _typed("[1].total", "20.00"),
    _typed("[1].items[0].description", "Bolt"),
    _typed("[1].items[0].amount", "20.00"),
)
NOTHING = (_typed("invoice_number", None, 2), _typed("total", None, 2), _typed("items", None, 2))


@pytest.mark.parametrize(
    ("rows", "fields", "items"),
    [
        pytest.param(
            RECORDS,
            [(0, "A-1", "10.00"), (1, "B-2", "20.00")],
            [(0, "Rope", "10.00"), (1, "Bolt", "20.00")],
            id="two",
        ),
        pytest.param(
            (*RECORDS, *NOTHING),
            [(0, "A-1", "10.00"), (1, "B-2", "20.00")],
            [(0, "Rope", "10.00"), (1, "Bolt", "20.00")],
            id="two, and a page of nothing",
        ),
        pytest.param(
            (
                *RECORDS[:4],
                _typed("invoice_number", "C-3", 2),
                _typed("total", "30.00", 2),
                _typed("items[0].description", "Pin", 2),
            ),
            [(0, "A-1", "10.00"), (1, "C-3", "30.00")],
            [(0, "Rope", "10.00"), (1, "Pin", None)],
            id="a list of one, and a page about another",
        ),
        pytest.param(
            (*RECORDS[:2], _typed("[1].invoice_number", None), _typed("[1].items[0].description", None)),
            [(0, "A-1", "10.00")],
            [],
            id="a record of nothing",
        ),
        pytest.param(NOTHING, [(0, None, None)], [], id="nothing at all"),
        pytest.param((), [(0, None, None)], [], id="no answer"),
        pytest.param(
            (_typed("invoice_number", "A-1"), _typed("total", "see page 2"), _typed("total", "30.00", 2)),
            [(0, "A-1", "30.00")],
            [],
            id="the page with a number",
        ),
    ],
)
def test_records(
    rows: tuple[dict[str, Any], ...],
    fields: list[tuple[Any, ...]],
    items: list[tuple[Any, ...]],
    put: Callable[..., Path],
    query: Callable[[str], list[tuple[Any, ...]]],
) -> None:
    put("documents", "b1", {"document_id": "d1", "route": "invoices", "name": "a.pdf"})
    put("pages", "b1", *({"page_id": page} for page in ("d1-p1", "d1-p2")))
    put("key_values", "b1", *rows)
    found = query(
        "SELECT record_index, invoice_number, total_text, total FROM marts.invoice_fields ORDER BY ALL"
    )
    assert [row[:3] for row in found] == fields
    assert [None if row[2] is None else Decimal(row[2]) for row in found] == [row[3] for row in found]
    priced = "SELECT record_index, description, amount_text FROM marts.invoice_items ORDER BY ALL"
    assert query(priced) == items


@pytest.fixture
def view(data: DataFolder, put: Callable[..., Path]) -> Callable[..., list[dict[str, Any]]]:
    """Rows of a view over two pages of a bill and a document of another route."""
    put(
        "documents",
        "b1",
        {"document_id": "d1", "route": "bills", "name": "a.pdf"},
        {"document_id": "d2", "route": "x"},
    )
    put("pages", "b1", *({"page_id": page} for page in ("d1-p1", "d1-p2", "d2-p1")))
    # fmt: off
    values: list[dict[str, Any]] = [
        {"path": "no", "value": "N1", "ground": "line"},
        {"path": "Invoice Date", "value": "2025-01-02", "value_date": date(2025, 1, 2)},
        {"path": "total", "value": "$5.00", "value_number": Decimal(5), "currency": "$",
         "ground": "not_found"},
        {"path": "seller.name", "value": "Acme"},
        {"path": '["No."]', "value": "7"},
        {"path": "items[0].name", "value": "Bolt"},
        {"path": "items[0].price", "value": "2.50", "value_number": Decimal("2.5")},
        {"path": "items[10].name", "value": "Nut", "ground": "not_found"},
    ]
    # fmt: on
    second = [
        {"page_id": "d1-p2", "path": "no", "value": "N2"},
        {"page_id": "d1-p2", "path": "items[0].name", "value": "Pin"},
    ]
    other = [{"page_id": "d2-p1", "path": "no", "value": "other"}]
    put(
        "key_values",
        "b1",
        *({"task": KIE, "page_id": "d1-p1", **value} for value in (*values, *second, *other)),
    )
    load_changes(data, working_file(data))

    def rows(name: str, schema: ResultSchema = BILL) -> list[dict[str, Any]]:
        with open_writer(working_file(data)) as con:
            build_models(con, load_models(MODELS, [schema]))
            found = con.execute(f"FROM marts.{name} ORDER BY ALL")
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    return rows


def test_one_row_a_document(view: Callable[..., list[dict[str, Any]]]) -> None:
    assert view("bill_fields") == [
        {
            "document_id": "d1",
            "batch_id": "b1",
            "document_name": "a.pdf",
            "record_index": 0,
            "no": "N1",
            "invoice_date": date(2025, 1, 2),
            "invoice_date_text": "2025-01-02",
            "total": Decimal(5),
            "total_text": "$5.00",
            "seller_name": "Acme",
            "no_2": "7",
            "currencies": "$",
            "values_empty": 0,
            "values_not_found": 2,
        }
    ]


def test_one_row_an_item(view: Callable[..., list[dict[str, Any]]]) -> None:
    names = ("page_number", "item_index", "name", "price", "price_text", "currencies", "values_not_found")
    assert [tuple(row[name] for name in names) for row in view("bill_items")] == [
        (1, 0, "Bolt", Decimal("2.5"), "2.50", "$", 0),
        (1, 10, "Nut", None, None, "$", 1),
        (2, 0, "Pin", None, None, "$", 0),
    ]


def test_a_changed_schema_changes_the_view(view: Callable[..., list[dict[str, Any]]]) -> None:
    (row,) = view("bill_fields", ResultSchema("bill", {"no": "", "vat": ""}, ("bills",), "x"))
    assert (list(row)[4:-3], row["no"], row["vat"]) == (["no", "vat"], "N1", None)
    assert row["values_empty"] == 1


@pytest.mark.parametrize(
    ("values", "of_record", "of_items"),
    [
        ([("total", "¥5", "JPY"), ("items[0].price", "5", None)], "JPY", ["JPY"]),
        ([("total", "5", None), ("items[0].price", "5 kr", "kr")], "kr", ["kr"]),
        ([("total", "5", None), ("items[0].price", "5", None)], None, [None]),
        ([("items[0].price", "€5", "EUR"), ("items[1].price", "$5", "$"), ("items[2].price", "5", None)],
         "$, EUR", ["EUR", "$", "$, EUR"]),
    ],
)  # fmt: skip
def test_money_says_its_currency(
    values: list[tuple[str, str, str | None]],
    of_record: str | None,
    of_items: list[str | None],
    view: Callable[..., list[dict[str, Any]]],
    put: Callable[..., Path],
    data: DataFolder,
) -> None:
    rows = [
        {"task": KIE, "path": path, "value": value, "value_number": Decimal(5), "currency": currency}
        for path, value, currency in values
    ]
    put("key_values", "b1", *rows)
    load_changes(data, working_file(data))
    assert [row["currencies"] for row in view("bill_fields")] == [of_record]
    assert [row["currencies"] for row in view("bill_items")] == of_items


def test_columns_are_described(view: Callable[..., list[dict[str, Any]]], data: DataFolder) -> None:
    view("bill_fields")
    with duckdb.connect(str(working_file(data)), read_only=True) as con:
        (comment,) = con.execute(
            "SELECT comment FROM duckdb_columns() WHERE table_name = 'bill_fields' AND column_name = 'invoice_date'"
        ).fetchone() or (None,)
    assert comment == "Asked for as Invoice Date: YYYY-MM-DD; as a date where it is unambiguous."


def test_schemas_of_routes(tmp_path: Path) -> None:
    (tmp_path / "Bill.json").write_text(json.dumps(SCHEMA))
    routes = [
        {"name": "a", "schema": "Bill.json"},
        {"name": "b", "schema": "Bill.json"},
        {"name": "c d", "schema": {"x": ""}},
        {"name": "e"},
    ]
    found = result_schemas(routes, tmp_path)
    assert [(s.name, s.routes, s.origin) for s in found] == [
        ("bill", ("a", "b"), "Bill.json"),
        ("c_d", ("c d",), "route c d of pipeline.toml"),
    ]
    assert list(wide_views(found).sql) == ["bill_fields", "bill_items", "c_d_fields"]


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ([{"name": "a", "schema": "none.json"}], "none.json is no result schema"),
        (
            [{"name": "a", "schema": {"x": ""}}, {"name": "A", "schema": {"y": ""}}],
            "would both make the view a_fields",
        ),
        (
            [{"name": "a", "schema": {"x\0": ""}}],
            "route a of pipeline.toml has the control character U\\+0000",
        ),
        ([{"name": "a", "schema": ["x"]}], "route a of pipeline.toml is a list"),
    ],
)
def test_schemas_that_cannot_be_used(routes: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=message):
        result_schemas(routes, tmp_path)


NAMES = {
    "发票": "发票",
    "請求書 No.1": "請求書_no_1",
    "Счёт-Фактура": "счёт_фактура",
    "चालान": "चालान",
    "ใบแจ้งหนี้": "ใบแจ้งหนี้",
    "ＩＮＶ１": "inv1",
    "2024": "_2024",
    "Rechnung (ß)": "rechnung_ss",
    "sel__lers_": "sel__lers",
    "😀": "unnamed",
    "": "unnamed",
}


@pytest.mark.parametrize(("text", "name"), NAMES.items())
def test_names(text: str, name: str) -> None:
    assert sql_name(text) == name
    assert is_sql_name(name)
    duckdb.sql(f"CREATE OR REPLACE TABLE {name} AS SELECT 1 AS {name}")


@given(st.text(), st.text())
def test_a_name_is_always_one_that_sql_takes_and_names_itself(text: str, other: str) -> None:
    name = sql_name(text)
    assert is_sql_name(name)
    assert sql_name(name) == name.strip("_") or name[1].isdigit()
    assert distinct(name, {name, sql_name(other)}) not in {name, sql_name(other)}
    assert len(part_of_name(text * 50).encode()) <= 100


@pytest.mark.parametrize(
    ("routes", "views"),
    [
        ({"发票": {"号": "", "明细": [{"名称": ""}]}, "收据": {"号": ""}}, "发票_fields 发票_明细 收据_fields"),
        ({"счёт": {"а": "", "Товары": [{"b": ""}]}}, "счёт_fields счёт_товары"),
        ({"inv": {"fields": [{"a": ""}], "Items": [{"a": ""}], "items": [{"b": ""}]}},
         "inv_fields inv_fields_2 inv_items inv_items_2"),
        ({"2024": {"a": ""}}, "_2024_fields"),
        ({"明" * 300: {"细" * 300: [{"a": ""}]}}, f"{'明' * 33}_fields {'明' * 33}_{'细' * 33}"),
    ],
)  # fmt: skip
def test_names_of_views(routes: dict[str, Any], views: str, tmp_path: Path) -> None:
    schemas = result_schemas([{"name": name, "schema": keys} for name, keys in routes.items()], tmp_path)
    assert " ".join(wide_views(schemas).sql) == views
    assert set(views.split()) <= set(load_models(MODELS, schemas))


@pytest.mark.parametrize(
    ("schemas", "message"),
    [
        (
            {"A": {"b_fields": [{"x": ""}]}, "a_b": {"y": ""}},
            r"A\.json and a_b\.json would both make the view a_b_fields",
        ),
        ({"发票": {"x": ""}, "發/发票": {"y": ""}}, r"发票\.json and 發/发票\.json would both make the view"),
        ({"line": {"items": [{"x": ""}]}}, r"line\.json would make the view line_items, .*line_items\.sql"),
    ],
)
def test_a_name_twice_names_both_files(schemas: dict[str, Any], message: str, tmp_path: Path) -> None:
    for name, keys in schemas.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.json").write_text(json.dumps(keys))
    with pytest.raises(WarehouseError, match=message):
        load_models(
            MODELS,
            result_schemas([{"name": name, "schema": f"{name}.json"} for name in schemas], tmp_path),
        )


def test_any_key_is_a_column(
    view: Callable[..., list[dict[str, Any]]], put: Callable[..., Path], data: DataFolder
) -> None:
    keys = (
        "{{ 7*7 }}", "{% if", "a {# b", "a #} }} %}", "it's", 'c"d', "e\\", "-- x", "/* y", "a\nb", "", "😀", "select",
        "发票代码", "k" * 300, "Total", "total", "İ", "i̇", "ſ", "s", "a.b", "document_id", "$1", "{% endraw %}",
    )  # fmt: skip
    rows = [
        {"task": KIE, "page_id": "d3-p1", "path": path, "value": f"value {number}"}
        for number, key in enumerate(keys)
        for path in (value_path("", key), value_path("明 {{细[0]", key))
    ]
    put("documents", "b2", {"document_id": "d3", "route": "{{ r", "name": "c.pdf"})
    put("pages", "b2", {"page_id": "d3-p1"})
    put("key_values", "b2", *rows)
    load_changes(data, working_file(data))
    schema = ResultSchema(
        "x", {**dict.fromkeys(keys, ""), "明 {{细": [dict.fromkeys(keys, "")]}, ("{{ r",), "a\n{{ b"
    )
    for name, first, last in (("x_fields", 4, -3), ("x_明_细", 7, -2)):
        (row,) = view(name, schema)
        assert list(row.values())[first:last] == [f"value {number}" for number in range(len(keys))]
