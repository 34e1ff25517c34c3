"""A value with two readings → what its column, table, answer or document makes of it."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.flatten import AnsweredPage
from qwenocr_assets.tables.values.neighbours import neighbours
from qwenocr_assets.tables.values.notation import Notation

TABLE, VALUES, LINES = Task.TABLE_PARSING, Task.KEY_INFORMATION_EXTRACTION, Task.TEXT_RECOGNITION


def html(*rows: str) -> str:
    """Rows of cells separated by |."""
    cells = ("".join(f"<td>{cell.strip()}</td>" for cell in row.split("|")) for row in rows)
    return "<table><tr>" + "</tr><tr>".join(cells) + "</tr></table>"


def document(
    *pages: dict[Task, str], notation: Notation | None = None, schema: Any = None
) -> list[dict[str, Any]]:
    answered = [
        AnsweredPage(
            "batch",
            "document",
            f"document/{number}",
            (1000, 1000),
            {task: (task.value, Answer(text)) for task, text in page.items()},
            schema,
            notation or Notation(),
        )
        for number, page in enumerate(pages, start=1)
    ]
    return list(flatten_document(answered, on_page=lambda: None))


def number_of(pages: Sequence[dict[str, Any]], text: str) -> tuple[Decimal | None, str | None]:
    """The number of the one value or cell that is written so, and what makes it doubtful."""
    found = {
        (row.get("number", row.get("value_number")), row["typed_doubt"])
        for page in pages
        for name in ("table_cells", "key_values")
        for row in page[name]
        if row.get("text", row.get("value")) == text
    }
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize(
    ("column", "text", "number"),
    [
        # the decimal point
        (("12,50", "1.234"), "1.234", "1234"),
        (("12.50", "1.234"), "1.234", "1.234"),
        (("12,50", "1,234"), "1,234", "1.234"),
        (("12.50", "1,234"), "1,234", "1234"),
        (("0,815", "1,234"), "1,234", "1.234"),
        (("1,234,567", "1,234"), "1,234", "1234"),
        (("1.234,56", "-1.234"), "-1.234", "-1234"),
        (("１２．５０", "１，２３４"), "１，２３４", "1234"),
        (("१२.५०", "१,२३४"), "१,२३४", "1234"),
        (("12,5 %", "1.234"), "1.234", "1234"),
        (("12,50 €", "1.234", "12.50"), "1.234", None),
        (("1,234", "2,345"), "1,234", None),
        # sizes: no whole number needs a separator
        (("1,234", "567", "12,345"), "1,234", "1234"),
        (("1.234", "567", "12"), "1.234", "1234"),
        (("1.234", "5678"), "1.234", None),
        # what is only sometimes a number
        (("12,50", "1,5"), "1,5", "1.5"),
        (("12.50", "1,5"), "1,5", None),
        (("1.234,00", "1.234.567"), "1.234.567", "1234567"),
        (("1 234,50", "1 250"), "1 250", "1250"),
        (("1 234", "1 250"), "1 250", None),
        # brackets
        (("100", "(5)"), "(5)", "-5"),
        (("(12.50)", "(5)"), "(5)", "-5"),
        (("１００", "（５）"), "（５）", "-5"),
        (("(1)", "(2)", "(3)"), "(2)", None),
        # triangles
        (("▲5", "100"), "▲5", "-5"),
        (("△５", "１００"), "△５", "-5"),
        (("▲5", "▼3"), "▲5", None),
        (("▲5", "▼3"), "▼3", None),
        # sides of a ledger
        (("5.00 CR", "100.00"), "5.00 CR", "-5.00"),
        (("5.00 CR", "3.00 DR"), "3.00 DR", "3.00"),
        (("5.00", "3.00 DR"), "3.00 DR", None),
        # no francs and fifty, or minus fifty cents
        (("12.–", "–.50"), "–.50", "0.50"),
        (("–12.00", "–.50"), "–.50", None),
    ],
)
def test_a_column_decides(column: tuple[str, ...], text: str, number: str | None) -> None:
    wanted = None if number is None else Decimal(number)
    assert number_of(document({TABLE: html(*(f"Rope | {cell}" for cell in column))}), text)[0] == wanted
    items = json.dumps({"items": [{"name": "Rope", "price": cell} for cell in column]})
    assert number_of(document({VALUES: items}), text)[0] == wanted


@pytest.mark.parametrize(
    ("pages", "text", "number"),
    [
        pytest.param([{TABLE: html("1.234 | 12,50")}], "1.234", "1234", id="another column"),
        pytest.param([{VALUES: '{"a": "1.234", "b": "12,50 €"}'}], "1.234", "1234", id="another value"),
        pytest.param(
            [{VALUES: '{"a": "1.234"}'}, {VALUES: '{"a": "12,50"}'}], "1.234", "1234", id="another page"
        ),
        pytest.param([{VALUES: '{"a": "1.234"}', TABLE: html("12,50")}], "1.234", "1234", id="another task"),
        pytest.param([{VALUES: '{"a": "1.234"}', LINES: "Summe 1.500,00 EUR"}], "1.234", "1234", id="a line"),
        pytest.param(
            [{VALUES: '{"a": "1,234"}', LINES: "Sum 9.50 for all"}], "1,234", "1234", id="a line with a dot"
        ),
        pytest.param(
            [{VALUES: '{"a": "1.234"}', LINES: "5,00 and 5.00"}], "1.234", None, id="lines that disagree"
        ),
        pytest.param(
            [{VALUES: '{"a": "1.234"}', LINES: "on 14.11.2025"}], "1.234", None, id="a date is no amount"
        ),
        pytest.param([{VALUES: '{"数量": "1,234"}', LINES: "請求書 合計"}], "1,234", "1234", id="Japanese"),
        pytest.param([{VALUES: '{"a": "1,234"}', LINES: "거래 명세서"}], "1,234", "1234", id="Korean"),
        pytest.param([{VALUES: '{"a": "1,234"}', LINES: "ใบแจ้งหนี้"}], "1,234", "1234", id="Thai"),
        pytest.param([{VALUES: '{"a": "1,234"}', LINES: "Rechnung 有限"}], "1,234", None, id="a name in Han"),
        pytest.param([{VALUES: '{"a": "1,234"}'}], "1,234", None, id="nothing"),
        pytest.param(
            [{TABLE: html("1,234 | 12,50", "1,234 | 12.50")}], "1,234", None, id="a table that disagrees"
        ),
        pytest.param(
            [{VALUES: '{"a": 1.234, "b": "12,50"}'}], "1.234", None, id="a JSON number as on the page"
        ),
        pytest.param([{VALUES: '{"a": 1.234, "b": "12.50"}'}], "1.234", "1.234", id="a JSON number"),
    ],
)
def test_levels_around_a_column(pages: list[dict[Task, str]], text: str, number: str | None) -> None:
    found = number_of(document(*pages), text)
    assert found == ((Decimal(number), None) if number is not None else (None, "two_readings"))


def test_the_route_is_asked_before_all_neighbours() -> None:
    pages = document({TABLE: html("1.234 | 12.50")}, notation=Notation(decimal=","))
    assert number_of(pages, "1.234") == (Decimal(1234), None)


@pytest.mark.parametrize(
    ("shown", "day"),
    [
        ("14/11/2025", date(2025, 4, 3)),
        ("١٤/١١/٢٠٢٥", date(2025, 4, 3)),
        ("11/14/2025", date(2025, 3, 4)),
        ("2025-11-14", None),
        ("05/05/2025", None),
    ],
)
def test_days_follow_the_other_days_of_the_document(shown: str, day: date | None) -> None:
    pages = document({VALUES: '{"a": "03/04/2025"}'}, {VALUES: json.dumps({"b": shown})})
    (row,) = pages[0]["key_values"]
    assert (row["value_date"], row["typed_doubt"]) == (day, None if day else "two_readings")


@pytest.mark.parametrize(
    ("schema", "answer", "found"),
    [
        ({"a": "YYYY-MM-DD"}, '{"a": "20251114"}', date(2025, 11, 14)),
        ({"a": "YYYY-MM-DD"}, '{"a": 20251114}', date(2025, 11, 14)),
        ({"a": "年月日"}, '{"a": "２０２５１１１４"}', date(2025, 11, 14)),
        ({"items": [{"a": "yyyy-mm-dd"}]}, '{"items": [{"a": "20251114"}]}', date(2025, 11, 14)),
        ({"invoice_date": ""}, '{"invoice_date": "20251114"}', date(2025, 11, 14)),
        ({"日付": ""}, '{"日付": "20251114"}', date(2025, 11, 14)),
        ({"number": ""}, '{"number": "20251114"}', None),
        ({"a": "number"}, '{"a": "20251114"}', None),
    ],
)
def test_eight_digits_are_a_day_where_a_day_is_asked_for(
    schema: Any, answer: str, found: date | None
) -> None:
    ((row,),) = (page["key_values"] for page in document({VALUES: answer}, schema=schema))
    assert row["value_date"] == found


@pytest.mark.parametrize(
    ("values", "truths"),
    [
        (("☒", "☐"), (True, False)),
        (("☑", "☒"), (True, False)),
        (("○", "×"), (True, False)),
        (("●", "○"), (True, False)),
    ],
)
def test_signs_are_read_with_their_opposites(values: tuple[str, ...], truths: tuple[bool, ...]) -> None:
    (page,) = document({VALUES: json.dumps({str(at): value for at, value in enumerate(values)})})
    assert tuple(row["value_boolean"] for row in page["key_values"]) == truths


def test_years_of_a_header_are_no_sizes() -> None:
    pages = document({TABLE: html("Site | 2024", "North | 540", "South | 1,074")})
    assert number_of(pages, "1,074") == (Decimal(1074), None)


def test_columns_of_undecided_numbers_have_headers() -> None:
    (page,) = document({TABLE: html("Item | Count", "Rope | 1,234", "Bolt | 2,345")})
    assert page["tables"][0]["header_row_count"] == 1


def test_what_is_around_many_columns_is_looked_at_once() -> None:
    """A table of thousands of columns would take the square of that otherwise."""
    asked: list[int] = []

    def around() -> list[str]:
        asked.append(1)
        return ["12,50"]

    found = neighbours({column: ["1,234"] for column in range(100)}, around)
    assert {near.widened.decimal for near in found.values()} == {","}
    assert len(asked) == 1
    assert neighbours({0: ["12.50"]}, around)[0].widened.decimal == "."
    assert len(asked) == 1
