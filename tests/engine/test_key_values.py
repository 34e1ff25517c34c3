"""Key information: pairs of labels and values by where they stand, and schemas filled from them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.engine.page.read_page import Cell, Table
from qwenocr_assets.engine.understanding.key_values import all_pairs, fill_schema
from qwenocr_assets.engine.understanding.labels import concepts, fits, normalised, similarity
from qwenocr_assets.engine.understanding.records import is_number, records_of
from tests.engine.written_pages import page, table


@pytest.mark.parametrize(
    ("lines", "pairs"),
    [
        pytest.param([], {}, id="blank page"),
        pytest.param([("Invoice No: 10283819", 50, 50)], {"Invoice No": "10283819"}, id="in one line"),
        pytest.param([("发票号码：10283819", 50, 50)], {"发票号码": "10283819"}, id="full-width colon"),
        pytest.param([("Date:", 50, 50), ("1 May 2025", 300, 50)], {"Date": "1 May 2025"}, id="to the right"),
        pytest.param([("Date:", 50, 50), ("1 May 2025", 50, 78)], {"Date": "1 May 2025"}, id="below"),
        pytest.param(
            [("Tel: 01 23 45 Email: a@b.example", 50, 50)],
            {"Tel": "01 23 45", "Email": "a@b.example"},
            id="two in one line",
        ),
        pytest.param([("Subtotal", 50, 50), ("$12.50", 700, 50)], {"Subtotal": "$12.50"}, id="no colon"),
        pytest.param([("Total EUR 12.50", 50, 50)], {}, id="a word that needs an amount right after it"),
        pytest.param([("Total $12.50", 50, 50)], {"Total": "$12.50"}, id="known label, then an amount"),
        pytest.param(
            [("Invoice Number INV-7", 50, 50)], {"Invoice Number": "INV-7"}, id="known label of two words"
        ),
        pytest.param(
            [("Invoice date", 50, 50), ("Due date", 400, 50), ("1 May", 50, 78), ("9 May", 400, 78)],
            {"Invoice date": "1 May", "Due date": "9 May"},
            id="labels over their values",
        ),
        pytest.param([("Opens 10:30, closes 18:00", 50, 50)], {}, id="times"),
        pytest.param([("https://shop.example/a", 50, 50)], {}, id="a web address"),
        pytest.param([("Scale 1:25", 50, 50)], {}, id="a ratio"),
        pytest.param([("Note:", 50, 50), ("far below", 50, 300)], {}, id="nothing beside or below"),
        pytest.param(
            [("Ref: 1", 50, 50), ("Ref: 2", 50, 100), ("Ref: 1", 50, 150)], {"Ref": ["1", "2"]}, id="again"
        ),
        pytest.param(
            [("Seller: Acme: the shop", 50, 50)], {"Seller": "Acme: the shop"}, id="a colon in the value"
        ),
        pytest.param([("合计：￥12.50", 50, 50)], {"合计": "￥12.50"}, id="chinese amount"),
    ],
)
def test_all_pairs(lines: list[tuple[str, float, float]], pairs: dict[str, Any]) -> None:
    assert all_pairs(page(*lines)) == pairs


ITEMS = [["Item", "Qty", "Price"], ["Tea", "2", "3.20"], ["Cake", "1", "4.50"]]


@pytest.mark.parametrize(
    ("rows", "pairs"),
    [
        pytest.param(
            ITEMS,
            {"items": [{"Item": "Tea", "Qty": "2", "Price": "3.20"}, {"Item": "Cake", "Qty": "1", "Price": "4.50"}]},
            id="line items",
        ),
        pytest.param(
            [*ITEMS[:2], ["Total", "", "7.70"]],
            {"Total": "7.70", "items": [{"Item": "Tea", "Qty": "2", "Price": "3.20"}]},
            id="a total under them",
        ),
        pytest.param([["Item", "Price"], ["Tea", "3.20"]], {"items": [{"Item": "Tea", "Price": "3.20"}]}, id="narrow"),
    ],
)  # fmt: skip
def test_all_pairs_of_a_table(rows: list[list[str]], pairs: dict[str, Any]) -> None:
    assert all_pairs(page(tables=(table(rows),))) == pairs


INVOICE = page(
    ("ACME Supplies Ltd.", 50, 20),
    ("Invoice number: INV-417", 50, 100),
    ("Invoice date: 14 March 2025", 50, 130),
    ("Due date: 13 April 2025", 50, 160),
    ("Bill to", 50, 240),
    ("Name: Jane Doe", 50, 270),
    ("Phone: 555-0101", 50, 300),
    ("Ship to", 500, 240),
    ("Name: John Roe", 500, 270),
    ("Phone: 555-0202", 500, 300),
    ("Subtotal: $20.00", 600, 800),
    ("Tax: $4.00", 600, 830),
    ("Total due: $24.00", 600, 860),
    tables=(table(ITEMS),),
)


@pytest.mark.parametrize(
    ("schema", "filled"),
    [
        pytest.param({"Invoice number": ""}, {"Invoice number": "INV-417"}, id="as printed"),
        pytest.param({"invoiceNo": "", "invoice_date": ""}, {"invoiceNo": "INV-417", "invoice_date": "14 March 2025"},
                     id="programmers' names"),
        pytest.param({"发票号码": "", "合计": ""}, {"发票号码": "INV-417", "合计": "$24.00"}, id="another language"),
        pytest.param({"total": "", "subtotal": "", "tax": ""},
                     {"total": "$24.00", "subtotal": "$20.00", "tax": "$4.00"},
                     id="alike but different"),
        pytest.param({"date": ""}, {"date": "14 March 2025"}, id="the broader word"),
        pytest.param({"IBAN": "", "email": ""}, {"IBAN": None, "email": None}, id="not on the page"),
        pytest.param({"bill_to": {"name": "", "phone": ""}, "ship_to": {"name": "", "phone": ""}},
                     {"bill_to": {"name": "Jane Doe", "phone": "555-0101"},
                      "ship_to": {"name": "John Roe", "phone": "555-0202"}}, id="nested, under its heading"),
        pytest.param({"items": [{"description": "", "quantity": "", "unit_price": "", "colour": ""}]},
                     {"items": [{"description": "Tea", "quantity": "2", "unit_price": "3.20", "colour": None},
                                {"description": "Cake", "quantity": "1", "unit_price": "4.50", "colour": None}]},
                     id="line items"),
        pytest.param({"goods": [{"name": ""}]}, {"goods": [{"name": "Tea"}, {"name": "Cake"}]}, id="names of items"),
        pytest.param({"trips": [{"train": ""}]}, {"trips": []}, id="no such table"),
        pytest.param({}, {}, id="empty schema"),
    ],
)  # fmt: skip
def test_fill_schema(schema: dict[str, Any], filled: dict[str, Any]) -> None:
    assert fill_schema(INVOICE, schema) == filled


def test_a_lone_date_needs_no_label() -> None:
    ticket = page(("2013年06月29日08:20开", 50, 50), ("北京南站 G7 上海虹桥站", 50, 100))
    assert fill_schema(ticket, {"乘车日期": "", "票号": ""}) == {"乘车日期": "2013年06月29日", "票号": None}
    two_dates = page(("2013-06-29", 50, 50), ("2013-07-01", 50, 100))
    assert fill_schema(two_dates, {"Ride Date": ""}) == {"Ride Date": None}


_KEYS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
_SCHEMAS = st.recursive(
    st.text(max_size=5),
    lambda inner: (
        st.dictionaries(_KEYS, inner, max_size=4) | st.lists(st.dictionaries(_KEYS, st.just("")), max_size=1)
    ),
    max_leaves=10,
)


@given(st.dictionaries(_KEYS, _SCHEMAS, max_size=4))
def test_any_schema_keeps_its_shape(schema: dict[str, Any]) -> None:
    def same(given: Any, filled: Any) -> bool:
        if isinstance(given, dict):
            return (
                isinstance(filled, dict)
                and list(given) == list(filled)
                and all(same(given[k], filled[k]) for k in given)
            )
        return (
            isinstance(filled, list) if isinstance(given, list) else filled is None or isinstance(filled, str)
        )

    assert same(schema, fill_schema(INVOICE, schema))


@pytest.mark.parametrize(
    ("key", "label", "means"),
    [
        ("invoice_no", "Invoice number", True),
        ("invoiceNo", "lnvoice number", True),
        ("total", "Subtotal", False),
        ("subtotal", "Sub-total", True),
        ("invoice date", "Due date", False),
        ("customer", "Customer name", True),
        ("合計", "合計金額", True),
        ("发票号码", "发票代码", False),
        ("Rechnungsnummer", "Facture n°", True),
        ("phone", "Fax", False),
        ("", "Total", False),
    ],
)
def test_labels_that_mean_the_same(key: str, label: str, means: bool) -> None:
    assert (similarity(normalised(key), normalised(label)) >= 80) is means


def test_every_broader_concept_and_kind_is_known() -> None:
    for concept in concepts().values():
        assert concept.broader is None or concept.broader in concepts()
        assert concept.labels
        assert fits(concept.labels[0], "1 May 2025, a@b.example")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$1,250.00", True),
        ("14", True),
        ("2 days", False),
        ("INV-2025-7", False),
        ("", False),
        ("N/A", False),
    ],
)
def test_numbers(text: str, number: bool) -> None:
    assert is_number(text) is number


def test_a_header_of_two_rows_is_joined() -> None:
    cells = (
        *(
            Cell(0, 0, 2, 1, "Region"),
            Cell(0, 1, 1, 2, "Sales"),
            Cell(1, 1, 1, 1, "Units"),
            Cell(1, 2, 1, 1, "Value"),
        ),
        *(Cell(2, 0, 1, 1, "North"), Cell(2, 1, 1, 1, "12"), Cell(2, 2, 1, 1, "40.00")),
    )
    records = records_of(Table(cells, (0, 0, 1, 1)))
    assert records is not None
    assert records.header == ("Region", "Sales Units", "Sales Value")
    assert records.rows == (("North", "12", "40.00"),)
