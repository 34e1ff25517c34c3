"""Whole answers of tables and values → the numbers, days and headers that stand in them."""

import json
from datetime import date
from decimal import Decimal

import pytest

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.flatten import AnsweredPage


def rows_of(task: Task, answer: str) -> dict[str, list[Row]]:
    page = AnsweredPage("batch", "document", "page", (1000, 1000), {task: ("key", Answer(answer))})
    (tables,) = flatten_document([page], on_page=lambda: None)
    return tables


@pytest.mark.parametrize(
    ("rows", "header_rows", "numbers"),
    [
        pytest.param(
            (
                "Account | 2024 | 2025",
                "Sales | 900.00 | 950.00",
                "Refunds | (40.00) | (1,100.50)",
                "Fees | 5.25- | (9.00)",
                "Total | 854.75 | -159.50",
            ),
            1,
            ["2024", "2025", "900.00", "950.00", "-40.00", "-1100.50", "-5.25", "-9.00", "854.75", "-159.50"],
            id="negatives under years",
        ),
        pytest.param(
            (
                "科目 | 2024 | 2025",
                "売上 | １，２００ | 1,350",
                "返品 | △150 | ▲１，２０５",
                "合計 | 1,050 | 145",
            ),
            1,
            ["2024", "2025", "1200", "1350", "-150", "-1205", "1050", "145"],
            id="Japanese negatives",
        ),
        pytest.param(
            ("Artikel | Menge | Betrag", "Seil | 2 | 2.345", "Haken | 1 | 8,50", "Summe |  | 2.353,50"),
            1,
            ["2", "2345", "1", "8.50", "2353.50"],
            id="German thousands",
        ),
        pytest.param(
            ("Товар | Кол-во | Сумма", "Трос | 2 | 2 345", "Болт | 1 | 8,50", "Итого |  | 2 353,50"),
            1,
            ["2", "2345", "1", "8.50", "2353.50"],
            id="Russian thousands",
        ),
        pytest.param(
            (
                "Item | Qty | Price",
                "Rope | 2 | 3.50",
                "Setup | — | 10.00",
                "Gift | 1 | free",
                "Bag | N/A | 1.00",
            ),
            1,
            ["2", "3.50", "10.00", "1", "1.00"],
            id="gaps",
        ),
        pytest.param(
            ("品目 | 数量 | 価格", "ロープ | 2 | 350", "送料 | － | 無料", "袋 | １ | ―"),
            1,
            ["2", "350", "1"],
            id="Japanese gaps",
        ),
        pytest.param(
            ("الثمن | العدد | الصنف", "٧٥٫٠٠ | ٤ | حبل", "١٬١٢٠٫٥٠ | ٣ | مسمار", "مجاني | ١ | كيس"),
            1,
            ["75.00", "4", "1120.50", "3", "1"],
            id="right to left",
        ),
        pytest.param(
            ("מחיר | כמות | פריט", "‏75.00 ₪ | 4 | חבל", "1,120.50 ₪ | — | מסמר"),
            1,
            ["75.00", "4", "1120.50"],
            id="Hebrew",
        ),
    ],
)
def test_tables(rows: tuple[str, ...], header_rows: int, numbers: list[str]) -> None:
    cells = ("".join(f"<td>{cell.strip()}</td>" for cell in row.split("|")) for row in rows)
    found = rows_of(Task.TABLE_PARSING, f"<table><tr>{'</tr><tr>'.join(cells)}</tr></table>")
    (table,) = found["tables"]
    assert (table["header_row_count"], table["totals_wrong"]) == (header_rows, 0)
    assert [cell["number"] for cell in found["table_cells"] if cell["number"] is not None] == list(
        map(Decimal, numbers)
    )
    assert [cell["text"] for cell in found["table_cells"] if cell["is_header"]] == [
        cell.strip() for cell in rows[0].split("|")
    ]


def test_amounts_of_one_answer() -> None:
    amounts = {
        "RM 7.50": ("7.50", "MYR"),
        "Rs. 2,150.00": ("2150.00", "Rs"),
        "₹4,56,789.10": ("456789.10", "INR"),
        "17,30 zł": ("17.30", "PLN"),
        "3 450 Kč": ("3450", "CZK"),
        "kr 2 750,00": ("2750.00", "kr"),
        "٣٬٤٥٦٫٧٠": ("3456.70", None),
        "¥67,890-": ("67890", "¥"),
    }
    found = rows_of(
        Task.KEY_INFORMATION_EXTRACTION, json.dumps({str(n): text for n, text in enumerate(amounts)})
    )
    assert {row["value"]: (row["value_number"], row["currency"]) for row in found["key_values"]} == {
        text: (Decimal(number), currency) for text, (number, currency) in amounts.items()
    }


def test_days_of_one_answer() -> None:
    days = (
        "09/10/2568",
        "令和7年10月9日",
        "9 octobre 2025",
        "9. Oktober 2025",
        "2025. 10. 9.",
        "民國114年10月9日",
    )
    found = rows_of(
        Task.KEY_INFORMATION_EXTRACTION, json.dumps({str(n): text for n, text in enumerate(days)})
    )
    assert [row["value_date"] for row in found["key_values"]] == [date(2025, 10, 9)] * len(days)
