"""Text → number or date, only where one reading is possible."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.tables.typed_values import TEXT, Notation, plain_number, typed_value


@pytest.mark.parametrize(
    ("text", "number", "currency"),
    [
        ("0", "0", None),
        ("147.95", "147.95", None),
        ("0.815", "0.815", None),
        ("3.089", "3.089", None),
        ("-12.5", "-12.5", None),
        ("−12.5", "-12.5", None),
        ("+7", "7", None),
        ("1,234", "1234", None),
        ("1,234,567.89", "1234567.89", None),
        ("1,234.5", "1234.5", None),
        ("1.234,56", "1234.56", None),
        ("1.234.567,89", "1234567.89", None),
        ("1 234,56", "1234.56", None),
        ("1\u00a0234", "1234", None),
        ("1\u202f234\u202f567,8", "1234567.8", None),
        ("1'234.50", "1234.50", None),
        ("12,50", "12.50", None),
        ("0,815", "0.815", None),
        ("１２３", "123", None),
        ("１，２３４．５０", "1234.50", None),
        ("¥337.50", "337.50", "¥"),
        ("￥39.90", "39.90", "¥"),
        ("￥１，２００", "1200", "¥"),
        ("$1,234.00", "1234.00", "$"),
        ("$ 5", "5", "$"),
        ("-$5.00", "-5.00", "$"),
        ("$-5.00", "-5.00", "$"),
        ("£0.99", "0.99", "£"),
        ("€12,50", "12.50", "€"),
        ("12,50 €", "12.50", "€"),
        ("€12,5", "12.5", "€"),
        ("1.234,56 €", "1234.56", "€"),
        ("€1.234.567", "1234567", "€"),
        ("EUR 99", "99", "EUR"),
        ("99.00 USD", "99.00", "USD"),
        ("US$ 12.30", "12.30", "US$"),
        ("337.50元", "337.50", "元"),
        ("1,200円", "1200", "円"),
        ("CHF 1'234.50", "1234.50", "CHF"),
        ("$5.00 USD", "5.00", "USD"),
        (" 42 ", "42", None),
        ("123456789012345", "123456789012345", None),
    ],
)
def test_numbers(text: str, number: str, currency: str | None) -> None:
    found = typed_value(text)
    assert (found.type, found.number, found.currency) == ("number", Decimal(number), currency)
    assert str(found.number) == number, "digits after the point are kept"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-11-14", date(2024, 11, 14)),
        ("2024-11-14 11:46", date(2024, 11, 14)),
        ("2024-11-14T11:46:05Z", date(2024, 11, 14)),
        ("2024/11/14", date(2024, 11, 14)),
        ("2024.11.14", date(2024, 11, 14)),
        ("2024-1-5", date(2024, 1, 5)),
        ("2024年11月14日", date(2024, 11, 14)),
        ("2024 年 1 月 5 日", date(2024, 1, 5)),
        ("２０２４年１１月１４日", date(2024, 11, 14)),
        ("2024年11月14日 11:46", date(2024, 11, 14)),
        ("2024년 11월 14일", date(2024, 11, 14)),
        ("14 March 2025", date(2025, 3, 14)),
        ("14th of March 2025", date(2025, 3, 14)),
        ("March 14, 2025", date(2025, 3, 14)),
        ("Mar. 14 2025", date(2025, 3, 14)),
        ("14-Mar-2025", date(2025, 3, 14)),
        ("14/11/2024", date(2024, 11, 14)),
        ("11/14/2024", date(2024, 11, 14)),
        ("14.11.2024", date(2024, 11, 14)),
        ("05/05/2025", date(2025, 5, 5)),
        ("2024-02-29", date(2024, 2, 29)),
    ],
)
def test_dates(text: str, day: date) -> None:
    found = typed_value(text)
    assert (found.type, found.day) == ("date", day)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "?", "G1948", "12A", "4号車 12A席", "4107281991****5515", "INV-2025-00417"),
        *("03/04/2025", "2025-02-30", "2024/13/01", "14 Brumaire 2025", "14/11/24", "2024-11"),
        *("12.5%", "20％", "10²", "①", "½", "1e5", "0x10", "NaN", "Infinity"),
        *("$1.234", "€1.234", "€1,234", "1,234 €", "1.234.567", "192.168.100.200"),
        *("1,5", "1 234", "1,23,456", "12,3456", "1.2.3", "1,234.567.890", "1,234,56", "1..5", "5."),
        *("007", "0123", "00.5", "0,123,456"),
        *("1234567890123456", "4107281991010155151"),
        *("+-5", "--5", "$$5", "5 apples", "MAX 5", "0.1234567891", "9" * 40),
        *("1,234\n5", "1" * 100_000, "1 " * 50_000),
    ],
    ids=lambda text: text[:20] or "empty",
)
def test_what_stays_text(text: str) -> None:
    assert typed_value(text) == TEXT


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("337.50", Decimal("337.50")),
        ("1.234", Decimal("1.234")),
        ("1E+5", Decimal(100000)),
        ("12345678901234567890", Decimal(12345678901234567890)),
        ("NaN", None),
        ("Infinity", None),
        ("1e400", None),
        ("0.00000000001", None),
    ],
)
def test_numbers_of_json_have_one_reading(written: str, number: str) -> None:
    assert plain_number(written) == number


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_grouped_amounts_are_read_back(amount: Decimal) -> None:
    assert typed_value(f"{amount:,.2f}").number == amount
    assert typed_value(f"¥{amount:,.2f}").number == amount


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31)))
def test_dates_are_read_back(day: date) -> None:
    assert typed_value(day.isoformat()).day == day
    assert typed_value(f"{day.year}年{day.month}月{day.day}日").day == day
    assert typed_value(f"{day.day} {day:%B} {day.year}").day == day


@given(st.text(max_size=70) | st.text("0123456789.,'-+$€¥% /年月日:", max_size=20))
def test_any_text_is_read_without_error(text: str) -> None:
    found = typed_value(text)
    assert (found.number is not None) == (found.type == "number")
    assert (found.day is not None) == (found.type == "date")


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        *((text, True) for text in ("true", "True", " YES ", "是", "はい", "예", "☑", "✓")),
        *((text, False) for text in ("false", "No", "否", "いいえ", "아니요", "☐")),
    ],
)
def test_booleans(text: str, truth: bool) -> None:
    found = typed_value(text)
    assert (found.type, found.truth) == ("boolean", truth)


GERMAN = Notation("day_month", ",")
AMERICAN = Notation("month_day", ".")


@pytest.mark.parametrize(
    ("text", "notation", "value"),
    [
        ("03/04/2025", GERMAN, date(2025, 4, 3)),
        ("03/04/2025", AMERICAN, date(2025, 3, 4)),
        ("14/11/2024", AMERICAN, date(2024, 11, 14)),
        ("2024-11-14", GERMAN, date(2024, 11, 14)),
        ("€1.234", GERMAN, Decimal(1234)),
        ("1.234", GERMAN, Decimal(1234)),
        ("1.234.567,5", GERMAN, Decimal("1234567.5")),
        ("1,234", GERMAN, Decimal("1.234")),
        ("12,5", GERMAN, Decimal("12.5")),
        ("12.50", GERMAN, None),
        ("€1.234", AMERICAN, Decimal("1.234")),
        ("€1,234", AMERICAN, Decimal(1234)),
        ("1,234,567.5", AMERICAN, Decimal("1234567.5")),
        ("1.234.567", AMERICAN, None),
        ("12,50", AMERICAN, None),
        ("007", GERMAN, None),
    ],
)
def test_a_declared_notation_settles_what_is_ambiguous(text: str, notation: Notation, value: Any) -> None:
    found = typed_value(text, notation)
    assert (found.number if found.number is not None else found.day) == value
