"""What should be a number or a day and is none, and what the model could not read, is said; the rest is not."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.flatten import AnsweredPage
from qwenocr_assets.tables.typed_values import typed_value

TABLE, VALUES, LINES = Task.TABLE_PARSING, Task.KEY_INFORMATION_EXTRACTION, Task.TEXT_RECOGNITION


def rows(task: Task, text: str, schema: Any = None) -> dict[str, Any]:
    page = AnsweredPage("batch", "document", "page", (1000, 1000), {task: ("key", Answer(text))}, schema)
    return next(iter(flatten_document([page], on_page=lambda: None)))


def column(*cells: str, header: str = "Price") -> list[tuple[Decimal | None, str | None]]:
    """Number and doubt of each cell of a column below its header."""
    lines = "".join(f"<tr><td>Rope</td><td>{cell}</td></tr>" for cell in (header, *cells))
    found = rows(TABLE, f"<table>{lines}</table>")["table_cells"]
    return [(cell["number"], cell["typed_doubt"]) for cell in found if cell["column_index"] == 1][1:]


@pytest.mark.parametrize(
    "text",
    [
        *("1,200¹", "300²", "12.50*", "99.00†", "45.00 (1)", "45.00 [1]", "45.00a", "12.50**"),
        *("5.00 S", "5,00 H", "5.00 Cr.", "5.00 Dt", "[5.00]", "-(5.00)", "(-5.00)", "¬5.00"),
        *("~5", "≈5", "ca. 5", "1·234", "1_234", "12.5x", "12.50?", "１２．５０*", "٥٠٫٠٠*", "1.5万", "12億"),
        *("12 kg", "3 Stk", "1200ᵃ", "7½", "½", "l2.50", "12.5O", "1O", "I00", "O.5O", "$1{,}234.50$", "5.00[^1]"),
        *("0 آ5", "12б50", '"', "〃", "do.", "same as above", "同上", "12;50", "1.5E+06", "2e-3", "1 1/2", "3⁄4"),
        *("~~10~~ 8", "三千五百", "3億2千万", "壹万贰仟", "3 lakh", "$1.2M", "۱۲/۵۰", "12⁵⁰"),
    ],
)  # fmt: skip
def test_what_is_nearly_a_number_among_numbers_is_said(text: str) -> None:
    assert column("3.50", "10.00", text) == [
        (Decimal("3.50"), None),
        (Decimal("10.00"), None),
        (None, "no_number"),
    ]
    items = json.dumps({"items": [{"price": price} for price in ("3.50", "10.00", text)]})
    assert [row["typed_doubt"] for row in rows(VALUES, items)["key_values"]] == [None, None, "no_number"]


@pytest.mark.parametrize(
    "text",
    [
        *("—", "N/A", "free", "see note 3", "12%", "5 ‰", "12:30", "12.30 Uhr", "10–12", "1/2", "10x12", "<5", "5±1"),
        *("3月5", "XII", "twelve", "IO", "SOS", "Q4", "B2"),
        *("A", "12A", "V05", "007", "No. 5", "№ 5", "#12", "1.", "1)", "1.2.3", "FY 2007", "4000123412341234", ""),
        *("0049 30 1234567", "DE89370400440532013000", "14.11.2024", "20 apples of 5", "☑"),
    ],
)  # fmt: skip
def test_what_is_no_number_among_numbers_stays_without_doubt(text: str) -> None:
    assert column("3.50", "10.00", text)[2] != (None, "no_number")


@pytest.mark.parametrize(
    "cells",
    [
        ("12 kg", "3 kg", "5 kg"),
        ("5*", "4*", "3*"),
        ("12A", "12B"),
        ("5 S", "3"),
        ("5.5 m", "3.2 m"),
        ("三", "四"),
    ],
)
def test_a_column_that_is_written_so_stays_without_doubt(cells: tuple[str, ...]) -> None:
    assert all(doubt is None for _, doubt in column(*cells))


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (("09.2024", "10.2024", "11.2024"), [(None, None)] * 3),
        (("10.2024", "11.2024"), [(None, "two_readings")] * 2),
        (("2024.11", "2024.12"), [(None, "two_readings")] * 2),
        (("2024.11", "12.50"), [(Decimal("2024.11"), None), (Decimal("12.50"), None)]),
        (("11.2024", "0.5"), [(Decimal("11.2024"), None), (Decimal("0.5"), None)]),
        (("5+", "12"), [(None, None), (Decimal(12), None)]),
        (("5+", "12-"), [(Decimal(5), None), (Decimal(-12), None)]),
        (("5.00+", "12"), [(Decimal("5.00"), None), (Decimal(12), None)]),
        (("100,00 S", "50,00 H"), [(None, "no_number")] * 2),
        (("1,200¹", "300²", "12.50*"), [(None, "no_number")] * 3),
        (("negative 3.00", "1.00"), [(-3, None), (1, None)]),
        (("1&amp;nbsp;234,50", "2&amp;#44;50"), [(Decimal("1234.50"), None), (Decimal("2.50"), None)]),
        (("€5.00", "$7.00", "€3.00"), [(5, None), (7, "two_currencies"), (3, None)]),
        (("5.00 EUR", "7.00 USD"), [(5, "two_currencies"), (7, "two_currencies")]),
        (("$5.00", "7.00 USD", "3.00"), [(5, None), (7, None), (3, None)]),
        (("¥500", "700円"), [(500, None), (700, None)]),
        (("12<br>345", "3", "4"), [(None, "several_numbers"), (Decimal(3), None), (Decimal(4), None)]),
        (("1<br>234,50", "3,00", "4"), [(None, "several_numbers"), (Decimal("3.00"), None), (Decimal(4), None)]),
    ],
)  # fmt: skip
def test_a_column_shows_what_is_no_number(
    cells: tuple[str, ...], found: list[tuple[Decimal | None, str | None]]
) -> None:
    assert column(*cells) == found


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<select><option>1</option><option selected>2</option></select>", "2"),
        ("<select><option>縄</option><option>釘</option></select>", "縄"),
    ],
)
def test_of_a_list_of_choices_the_chosen_one_is_shown(cell: str, text: str) -> None:
    (found,) = rows(TABLE, f"<table><tr><td>{cell}</td></tr></table>")["table_cells"]
    assert found["text"] == text


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        ("YYYY-MM-DD", "18 مهر 1403", ("text", "no_day")),
        ("YYYY-MM-DD", "KW 46 2024", ("text", "no_day")),
        ("YYYY-MM-DD", "45610", ("text", "no_day")),
        ("yyyy-mm-dd", "11.2024", ("text", "no_day")),
        ("年月日", "十一月", ("text", "no_day")),
        ("YYYY-MM-DD", "14/11/2024", ("date", None)),
        ("YYYY-MM-DD", "—", ("text", None)),
        ("YYYY", "2024", ("number", None)),
        ("YYYY-MM", "2024-11", ("text", None)),
        ("date", "11/2024", ("text", "no_day")),
        ("date", "14112024", ("date", None)),
        ("日期", "14.11.2O24", ("text", "no_day")),
        ("number", "壹万贰仟", ("text", "no_number")),
        ("number", "twelve", ("text", "no_number")),
        ("number", "12 kg", ("text", "no_number")),
        ("数字", "约 5", ("text", "no_number")),
        ("number", "12.50", ("number", None)),
        ("number", "N/A", ("text", None)),
        ("", "12 kg", ("text", None)),
        ("", "1O", ("text", None)),
        ("", "三千五百", ("text", None)),
        ("", "10²", ("text", None)),
        *(
            ("", text, ("text", "no_number"))
            for text in ("12.5O", "12.50*", "1,200¹", "$1.2 Mio", "壹万贰仟元整")
        ),
        ("", 1.23456789012345, ("text", "no_number")),
        ("", "14.11.2O24", ("text", "no_day")),
        ("", "12.?0", ("text", "unreadable")),
        *(("", text, ("text", "unreadable")) for text in ("{{a}}", "<A>", "...")),
        ("", "KW 46 2024", ("text", None)),
    ],
)
def test_what_the_schema_asks_for_and_does_not_get(
    hint: str, value: object, expected: tuple[str, str | None]
) -> None:
    (row,) = rows(VALUES, json.dumps({"a": value}), {"a": hint})["key_values"]
    assert (row["value_type"], row["typed_doubt"]) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        *(
            (key, value, ("text", "no_day"))
            for key, value in (("invoice_date", "11.2024"), ("日付", "2024.11"))
        ),
        ("rate", "11.2024", ("number", None)),
        ("due_date", "45610", ("text", "no_day")),
        ("日付", "99/99/9999", ("text", "no_day")),
        ("fecha", "14.11.85", ("text", None)),
        ("data", "45610", ("number", None)),
    ],
)
def test_what_is_no_day_where_the_key_asks_for_one(
    key: str, value: str, expected: tuple[str, str | None]
) -> None:
    (row,) = rows(VALUES, json.dumps({key: value}))["key_values"]
    assert (row["value_type"], row["typed_doubt"]) == expected


@pytest.mark.parametrize(
    ("text", "day", "doubt"),
    [
        ("Monday, 14 March 2025", date(2025, 3, 14), "weekday_differs"),
        ("vendredi 13 mars 2025", date(2025, 3, 13), "weekday_differs"),
        ("понедельник, 14 марта 2025 г.", date(2025, 3, 14), "weekday_differs"),
        ("2024年11月14日(月)", date(2024, 11, 14), "weekday_differs"),
        ("2024-11-14 (Mon) 12:30", date(2024, 11, 14), "weekday_differs"),
        ("2024.11.14(목)", date(2024, 11, 14), None),
        ("Do, 14. November 2024", date(2024, 11, 14), None),
        ("3 mar 2024", date(2024, 3, 3), None),
        ("mar 4 mar 2025", date(2025, 3, 4), None),
        ("14 di marzo 2025", date(2025, 3, 14), None),
    ],
)
def test_a_weekday_that_the_day_does_not_have(text: str, day: date, doubt: str | None) -> None:
    found = typed_value(text)
    assert (found.type, found.day, found.doubt) == ("date", day, doubt)


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        *(
            (text, "unreadable")
            for text in (
                "Total [illegible]", "J\ufffdhn", "12.5\ufffd", "(unleserlich)", "illegible", "▯▯/▯▯/2024",
                "[texte illisible]", "Имя: [неразборчиво]", "氏名（判読不能）", "看不清", "[unclear] 5",
                "MÃ¼ller GmbH", "5 â‚¬", "itâ€™s", "J[?]hn", "Sum: 12.??",
            )
        ),
        *((text, None) for text in ("Unclear skies", "□ Yes", "a [b] c", "Many found it illegible at first.", "?")),
        *((text, None) for text in ("NÃO", "is it 5?")),
    ],
)  # fmt: skip
def test_what_says_that_it_could_not_be_read(text: str, doubt: str | None) -> None:
    (value,) = rows(VALUES, json.dumps({"a": text}))["key_values"]
    (line,) = rows(LINES, text)["text_lines"]
    (cell,) = rows(TABLE, f"<table><tr><td>{text}</td></tr></table>")["table_cells"]
    assert (value["typed_doubt"], line["text_doubt"], cell["typed_doubt"]) == (doubt, doubt, doubt)


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("09.30", "12.15", "21.05"), [None] * 3),
        (("01.02", "15.03", "31.12"), [None] * 3),
        (("05.50", "12.75", "31.99"), [None, "12.75", "31.99"]),
        (("12.15", "21.05"), ["12.15", "21.05"]),
    ],
)
def test_days_and_times_with_a_point_are_no_numbers(
    cells: tuple[str, ...], numbers: list[str | None]
) -> None:
    assert [number for number, _ in column(*cells)] == [number and Decimal(number) for number in numbers]


@pytest.mark.parametrize(
    ("text", "currency", "doubt"),
    [
        *(
            (text, None, "two_currencies")
            for text in ("€5.00 USD", "$ 5.00 EUR", "kr 5,00 EUR", "¥500 USD", "₹5.00 PKR")
        ),
        ("$5.00 CAD", "CAD", None),
        ("US$ 5.00 USD", "USD", None),
        ("kr 5,00 SEK", "SEK", None),
        ("¥39.90元", "元", None),
        ("Rs 5.00 INR", "INR", None),
    ],
)
def test_marks_of_two_currencies(text: str, currency: str | None, doubt: str | None) -> None:
    (row,) = rows(VALUES, json.dumps({"a": text}))["key_values"]
    assert (row["value_type"], row["currency"], row["typed_doubt"]) == ("number", currency, doubt)


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [("country", "NO", "text"), ("state", "ON", "text"), ("国", "SI", "text"), ("paid", "NO", "boolean")],
)
def test_a_place_is_no_yes_or_no(key: str, value: str, kind: str) -> None:
    (row,) = rows(VALUES, json.dumps({key: value}))["key_values"]
    assert row["value_type"] == kind


@pytest.mark.parametrize(
    ("lines", "doubtful"),
    [
        (("Item|Price", "Rope|1.00", "Bolt|3.00", "Nail|1.00|2.00"), ["Nail", "1.00", "2.00"]),
        (("品名|数量|価格", "縄|2|3.50", "釘|10|1.00", "3|4.00", "針|5|2.00"), ["3", "4.00"]),
        (("Item|Qty|Price", "Rope|2|3.50", "Bolt|10|1.00", "Tools", "Nail|5|2.00"), []),
        (("Item|Qty|Price", "Rope|2|3.50", "Bolt|10|1.00", "Nail|5"), []),
        (("Price list", "Item|Qty", "Rope|2", "Bolt|10"), []),
        (("Item|2024", "Rope|2|3", "Bolt|10|1", "Nail|5|2"), []),
        (("Item|2024", "Rope|2|3", "Bolt|10|1"), []),
        (("Item|Price", "Rope|1|234", "Bolt|3.00"), ["Rope", "1", "234"]),
    ],
)
def test_rows_of_another_length_may_be_shifted(lines: tuple[str, ...], doubtful: list[str]) -> None:
    written = "".join(f"<tr><td>{line.replace('|', '</td><td>')}</td></tr>" for line in lines)
    cells = rows(TABLE, f"<table>{written}</table>")["table_cells"]
    assert [cell["text"] for cell in cells if cell["text_doubt"] == "ragged_row"] == doubtful


@pytest.mark.parametrize(
    ("lines", "numbers"),
    [
        (("Age|0.05", "|(0.02)", "Income|1.23", "|(0.11)"), ["0.05", None, "1.23", None]),
        (("年齢|0,05", "|(0,02)", "所得|1,23", "|(0,11)"), ["0.05", None, "1.23", None]),
        (("Sales|500.00", "Fees|(20.50)", "|(11.50)", "Tax|(3.10)"), ["500.00", "-20.50", "-11.50", "-3.10"]),
        (("Sales|500.00", "|(20.50)"), ["500.00", "-20.50"]),
    ],
)
def test_errors_in_brackets_below_numbers_are_no_minus(
    lines: tuple[str, ...], numbers: list[str | None]
) -> None:
    written = "".join(
        f"<tr><td>{line.replace('|', '</td><td>')}</td></tr>" for line in ("Item|Value", *lines)
    )
    cells = [
        cell for cell in rows(TABLE, f"<table>{written}</table>")["table_cells"] if cell["column_index"] == 1
    ]
    assert [cell["number"] for cell in cells[1:]] == [number and Decimal(number) for number in numbers]
    assert all((cell["typed_doubt"] == "no_number") is (cell["number"] is None) for cell in cells[1:])


@pytest.mark.parametrize(
    ("text", "number"),
    [("5 Cr", None), ("5.00 Cr", Decimal("-5.00")), ("5 CR", Decimal(-5)), ("₹5 Cr", None)],
)
def test_whole_crores_are_no_credit(text: str, number: Decimal | None) -> None:
    assert typed_value(text).number == number
