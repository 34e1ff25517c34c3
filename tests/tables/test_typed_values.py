"""Text → number, day or yes and no, only where one reading is possible: the module's own tables."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.tables.typed_values import plain_number, typed_value
from qwenocr_assets.tables.values.notation import Notation


@pytest.mark.parametrize(
    ("text", "number", "currency"),
    [
        # one reading
        ("0", "0", None),
        ("147.95", "147.95", None),
        ("0.815", "0.815", None),
        ("1234.567", "1234.567", None),
        (".50", "0.50", None),
        ("-12.5", "-12.5", None),
        ("−12.5", "-12.5", None),
        ("+7", "7", None),
        ("1,234,567.89", "1234567.89", None),
        ("1,234,567", "1234567", None),
        ("1,234.5", "1234.5", None),
        ("1.234,56", "1234.56", None),
        ("1.234.567,89", "1234567.89", None),
        ("1 234,56", "1234.56", None),
        ("10 000,00", "10000.00", None),
        ("1\u00a0234", "1234", None),
        ("1\u202f234\u202f567,8", "1234567.8", None),
        ("12,50", "12.50", None),
        ("0,815", "0.815", None),
        (" 42 ", "42", None),
        ("123456789012345", "123456789012345", None),
        # apostrophes
        ("1'234.50", "1234.50", None),
        ("1’234.50", "1234.50", None),
        ("1´234'567", "1234567", None),
        # lakh and crore
        ("1,23,456", "123456", None),
        ("₹1,23,456.78", "123456.78", "INR"),
        ("12,34,56,789.00", "123456789.00", None),
        ("१,२३,४५६.५०", "123456.50", None),
        # digits of other scripts
        ("１，２３４．５０", "1234.50", None),
        ("١٬٢٣٤٫٥٠", "1234.50", None),
        ("۱۲۳٫۵", "123.5", None),
        ("১২৩৪৫", "12345", None),
        ("๑๒.๕๐", "12.50", None),
        ("\u200f-٥٠٫٠٠", "-50.00", None),
        # accountants' negatives
        ("(150.00)", "-150.00", None),
        ("（1,200.50）", "-1200.50", None),
        ("(1.200,50)", "-1200.50", None),
        ("(٥٠٫٠٠)", "-50.00", None),
        ("($5.00)", "-5.00", "$"),
        ("€ (12,50)", "-12.50", "EUR"),
        ("75.25-", "-75.25", None),
        ("75,25−", "-75.25", None),
        ("5.00- €", "-5.00", "EUR"),
        ("–5.00", "-5.00", None),
        ("—5", "-5", None),
        ("－５", "-5", None),
        ("△1,200.50", "-1200.50", None),
        ("▲150", "-150", None),
        ("▲ ¥1,200", "-1200", "¥"),
        ("150.00 CR", "-150.00", None),
        ("€150.00CR", "-150.00", "EUR"),
        ("150.00 DR", "150.00", None),
        ("負5", "-5", None),
        ("マイナス5円", "-5", "JPY"),
        ("minus 5", "-5", None),
        # dashes and words for nothing
        ("12.-", "12", None),
        ("12,–", "12", None),
        ("CHF 1'250.—", "1250", "CHF"),
        ("25:-", "25", None),
        ("Rs. 500/-", "500", "Rs"),
        ("500/=", "500", None),
        ("–.50", "0.50", None),
        ("CHF -.50", "0.50", "CHF"),
        ("-.50", "-0.50", None),
        ("¥12,345-", "12345", "¥"),
        ("金12,345円也", "12345", "JPY"),
        ("￥１２，３４５－", "12345", "¥"),
        ("12,345元整", "12345", "元"),
        # currencies
        ("¥337.50", "337.50", "¥"),
        ("￥１，２００", "1200", "¥"),
        ("$1,234.00", "1234.00", "$"),
        ("$1,234", "1234", "$"),
        ("$ 5", "5", "$"),
        ("-$5.00", "-5.00", "$"),
        ("$-5.00", "-5.00", "$"),
        ("£0.99", "0.99", "GBP"),
        ("€12,5", "12.5", "EUR"),
        ("1.234,56 €", "1234.56", "EUR"),
        ("€1.234.567", "1234567", "EUR"),
        ("99.00 USD", "99.00", "USD"),
        ("usd 99", "99", "USD"),
        ("US$ 12.30", "12.30", "USD"),
        ("$5.00 USD", "5.00", "USD"),
        ("USD $5.00", "5.00", "USD"),
        ("¥39.90元", "39.90", "元"),
        ("1,200円", "1200", "JPY"),
        ("1,200원", "1200", "KRW"),
        ("1.234 ₫", "1234", "VND"),
        ("Rp 1.500.000", "1500000", "IDR"),
        ("RM 9.00", "9.00", "MYR"),
        ("Rs. 1,250.00", "1250.00", "Rs"),
        ("12,50 zł", "12.50", "PLN"),
        ("1 250 Kč", "1250", "CZK"),
        ("kr 1 250,00", "1250.00", "kr"),
        ("1 250,00 kr", "1250.00", "kr"),
        ("1 250,- Kč", "1250", "CZK"),
        ("100,50 руб.", "100.50", "RUB"),
        ("12,50 грн", "12.50", "UAH"),
        ("٥٠٫٠٠ ر.س", "50.00", "SAR"),
        ("100 บาท", "100", "THB"),
        ("12.50 euros", "12.50", "EUR"),
        ("5 dollars", "5", "$"),
        ("S/ 12.50", "12.50", "PEN"),
        ("R$ 1.234,50", "1234.50", "BRL"),
        ("TOP 10.00", "10.00", "TOP"),
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
        ("2024. 11. 14.", date(2024, 11, 14)),
        ("2024-1-5", date(2024, 1, 5)),
        ("2024-11-14 (Thu)", date(2024, 11, 14)),
        ("٢٠٢٤/١١/١٤", date(2024, 11, 14)),
        # counted in Chinese, Japanese, Korean, Vietnamese
        ("2024年11月14日", date(2024, 11, 14)),
        ("2024 年 1 月 5 日", date(2024, 1, 5)),
        ("２０２４年１１月１４日", date(2024, 11, 14)),
        ("二〇二四年十一月十四日", date(2024, 11, 14)),
        ("2024年11月14日 11:46", date(2024, 11, 14)),
        ("2024年11月14日（木）11時46分", date(2024, 11, 14)),
        ("2024년 11월 14일", date(2024, 11, 14)),
        ("ngày 14 tháng 11 năm 2024", date(2024, 11, 14)),
        # by name
        ("14 March 2025", date(2025, 3, 14)),
        ("14th of March 2025", date(2025, 3, 14)),
        ("Friday, March 14, 2025", date(2025, 3, 14)),
        ("Mar. 14 2025", date(2025, 3, 14)),
        ("14-Mar-2025", date(2025, 3, 14)),
        ("vendredi 14 novembre 2025", date(2025, 11, 14)),
        ("1er janvier 2025", date(2025, 1, 1)),
        ("14. November 2025", date(2025, 11, 14)),
        ("14. Jänner 2025", date(2025, 1, 14)),
        ("14 de noviembre de 2025", date(2025, 11, 14)),
        ("14 de novembro de 2025", date(2025, 11, 14)),
        ("14 ottobre 2025", date(2025, 10, 14)),
        ("14 ноября 2025 г.", date(2025, 11, 14)),
        ("14 Kasım 2025", date(2025, 11, 14)),
        ("14 listopada 2025 r.", date(2025, 11, 14)),
        ("2025 m. lapkričio 14 d.", date(2025, 11, 14)),
        ("١٤ نوفمبر ٢٠٢٥", date(2025, 11, 14)),
        ("14 تشرين الثاني 2025", date(2025, 11, 14)),
        ("14 नवंबर 2025", date(2025, 11, 14)),
        # one order only
        ("14/11/2024", date(2024, 11, 14)),
        ("11/14/2024", date(2024, 11, 14)),
        ("14.11.2024", date(2024, 11, 14)),
        ("14–11–2024", date(2024, 11, 14)),
        ("05/05/2025", date(2025, 5, 5)),
        ("2024-02-29", date(2024, 2, 29)),
        # other calendars
        ("14/11/2568", date(2025, 11, 14)),
        ("04/05/2568", date(2025, 5, 4)),
        ("14 พฤศจิกายน 2568", date(2025, 11, 14)),
        ("๑๔ พ.ย. ๒๕๖๘", date(2025, 11, 14)),
        ("วันที่ 14 พฤศจิกายน พ.ศ. 2568", date(2025, 11, 14)),
        ("29/02/2567", date(2024, 2, 29)),
        ("民國114年11月14日", date(2025, 11, 14)),
        ("中華民國 114 年 11 月 14 日", date(2025, 11, 14)),
        ("民國114/11/14", date(2025, 11, 14)),
        ("114年11月14日", date(2025, 11, 14)),
        ("令和7年11月14日", date(2025, 11, 14)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("昭和六十四年一月七日", date(1989, 1, 7)),
        ("23/05/1447 هـ", date(2025, 11, 14)),
        ("٢٣ جمادى الأولى ١٤٤٧ هـ", date(2025, 11, 14)),
        ("23 Ramadan 1447 AH", date(2026, 3, 12)),
        ("14/11/2025م", date(2025, 11, 14)),
    ],
)
def test_days(text: str, day: date) -> None:
    found = typed_value(text)
    assert (found.type, found.day) == ("date", day)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20251114", date(2025, 11, 14)),
        ("２０２５１１１４", date(2025, 11, 14)),
        ("14112025", date(2025, 11, 14)),
        ("R7.11.14", date(2025, 11, 14)),
        ("H31/4/30", date(2019, 4, 30)),
        ("114/11/14", date(2025, 11, 14)),
    ],
)
def test_days_where_a_day_is_asked_for(text: str, day: date) -> None:
    assert typed_value(text, asked_for="date").day == day
    assert typed_value(text).day is None


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        *(
            (text, "two_readings")
            for text in ("1,234", "1.234", "€1.234", "€1,234", "1,234 €", "$1.234", "-1,234")
        ),
        *((text, "two_readings") for text in ("1.234 KWD", "(1,234)", "１，２３４", "१,२३४", "03/04/2025")),
        *((text, "two_readings") for text in ("14 listopada 2025", "14. srp. 2025", "3. lip 2025")),
        *((text, "impossible_date") for text in ("14/11/3025", "14/11/2268", "2025-02-30", "30.02.2568")),
        *((text, "impossible_date") for text in ("1447/05/23", "14 novembre 3025", "民國999年11月14日")),
    ],
)
def test_what_has_no_one_reading_is_text_and_says_so(text: str, doubt: str) -> None:
    found = typed_value(text)
    assert (found.type, found.number, found.day, found.doubt) == ("text", None, None, doubt)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "?", "G1948", "12A", "4号車 12A席", "4107281991****5515", "INV-2025-00417", "V05"),
        *("2024/13/01", "4711/45/12", "14 Brumaire 2025", "14/11/24", "25年11月14日", "2024-11", "R7.11.14"),
        *("12.5%", "20％", "10²", "①", "½", "1e5", "0x10", "NaN", "Infinity", "3 万", "5 万円"),
        *("1.234.567", "192.168.100.200", "1,5", "1 234", "(5)", "(2024)", "▼5", "₹5 Cr"),
        *("12,3456", "1.2.3", "1,234,567.890,1", "1,234,56", "1..5", "5.", "12.50."),
        *(
            "+49301234567",
            "＋４９３０１２３４５６７",
            "007",
            "0123",
            "00.5",
            "0,123,456",
            "1234567890123456",
            "4107281991010155151",
        ),
        *(
            "+-5",
            "--5",
            "(-5)",
            "-5 CR",
            "$$5",
            "5 apples",
            "MAX 5",
            "TOP 10",
            "RM 9",
            "5 KM",
            "3.50 L",
            "5 ft",
        ),
        *("0.1234567891", "9" * 40, "1,234\n5", "1" * 100_000, "1 " * 50_000, "(" * 40 + "5"),
    ],
    ids=lambda text: text[:20] or "empty",
)
def test_what_stays_text(text: str) -> None:
    found = typed_value(text)
    assert (found.type, found.number, found.day, found.truth, found.doubt) == ("text", None, None, None, None)


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


_SCRIPTS = ("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from(_SCRIPTS))
def test_grouped_amounts_are_read_back(amount: Decimal, digits: str) -> None:
    written = f"{amount:,.2f}".translate(str.maketrans(_SCRIPTS[0], digits))
    assert typed_value(written).number == amount
    assert typed_value(f"¥{written}").number == amount
    assert typed_value(f"({written})" if amount > 0 else written).number == -abs(amount)


@given(st.dates(min_value=date(1500, 1, 1), max_value=date(2199, 12, 31)))
def test_dates_are_read_back(day: date) -> None:
    assert typed_value(day.isoformat()).day == day
    assert typed_value(f"{day.year}年{day.month}月{day.day}日").day == day
    assert typed_value(f"{day.day} {day:%B} {day.year}").day == day


@given(st.text(max_size=70) | st.text("0123456789.,'-+$€¥% /年月日:()–△", max_size=20))
def test_any_text_is_read_without_error(text: str) -> None:
    found = typed_value(text)
    assert (found.number is not None) == (found.type == "number")
    assert (found.day is not None) == (found.type == "date")
    assert found.day is None or 1500 <= found.day.year <= 2199


@pytest.mark.parametrize(
    ("text", "signs", "truth"),
    [
        *(
            (text, "", True)
            for text in ("true", "True", " YES ", "oui", "Ja", "sì", "да", "نعم", "有", "はい", "예")
        ),
        *(
            (text, "", False)
            for text in ("false", "No", "non", "Nein", "нет", "لا", "無", "いいえ", "아니요", "否")
        ),
        *(
            (text, "", True)
            for text in ("☑", "✓", "✔️", "☒", "■", "●", "[x]", "[X]", "(✓)", "checked", "已选")
        ),
        *((text, "", False) for text in ("☐", "□", "◻", "✗", "❌", "[ ]", "[]", "( )", "unchecked", "未选")),
        *((text, "", True) for text in ("☑ Yes ☐ No", "[x] yes [ ] no", "■是 □否", "Ja ☒ Nein ☐", "☑ Да")),
        *((text, "", False) for text in ("☐ Yes ☑ No", "[ ] yes [x] no", "□是 ■否", "Ja ☐ Nein ☒", "☑ Нет")),
        *(("☒", "☐☒", True), ("☒", "☑☒", False), ("☒", "☑☒☐", None)),
        *(("○", "○×", True), ("×", "○×", False), ("○", "●○", False), ("○", "○", None), ("×", "×", None)),
        *((text, "", None) for text in ("☑ Newsletter", "☐ Yes", "☑ Yes ☑ No", "x", "f(x)", "☑ Yes or no")),
    ],
)
def test_yes_and_no(text: str, signs: str, truth: bool | None) -> None:
    found = typed_value(text, signs=signs)
    assert (found.type, found.truth) == ("text" if truth is None else "boolean", truth)


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
        ("(1.234)", GERMAN, Decimal(-1234)),
        ("€1.234", AMERICAN, Decimal("1.234")),
        ("€1,234", AMERICAN, Decimal(1234)),
        ("1,234,567.5", AMERICAN, Decimal("1234567.5")),
        ("1,23,456", AMERICAN, Decimal(123456)),
        ("1.234.567", AMERICAN, None),
        ("12,50", AMERICAN, None),
        ("007", GERMAN, None),
    ],
)
def test_a_declared_notation_settles_what_is_ambiguous(text: str, notation: Notation, value: Any) -> None:
    found = typed_value(text, notation)
    assert (found.number if found.number is not None else found.day) == value
