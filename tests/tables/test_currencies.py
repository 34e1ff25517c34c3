"""Signs, codes and words of money → currencies; and the words of CLDR are those that Babel has."""

import pytest

from bench.cldr_words import written
from qwenocr_assets.tables.values.cldr import cldr
from qwenocr_assets.tables.values.currencies import currency


@pytest.mark.parametrize(
    ("marks", "name"),
    [
        (("EUR", "eur", "€", "euros", "евро", "ευρώ", "يورو", "ユーロ"), "EUR"),
        (("PLN", "zł", "zl", "złotych"), "PLN"),
        (("CZK", "Kč"), "CZK"),
        (("JPY", "円", "日元"), "JPY"),
        (("CNY", "RMB", "CN¥", "人民币"), "CNY"),
        (("TWD", "NT$", "新臺幣"), "TWD"),
        (("KRW", "₩", "원"), "KRW"),
        (("INR", "₹", "रुपये"), "INR"),
        (("USD", "US$", "$US", "美元", "USD $", "$ USD"), "USD"),
        (("RUB", "₽", "руб.", "рублей"), "RUB"),
        (("SAR", "ر.س", "ر.س.", "ريال سعودي"), "SAR"),
        (("THB", "฿", "บาท"), "THB"),
        (("$", "dollars"), "$"),
        (("kr", "kr.", "Kr"), "kr"),
        (("Rs", "Rs."), "Rs"),
        (("ريال", "﷼"), "ريال"),
    ],
)
def test_what_marks_mean(marks: tuple[str, ...], name: str) -> None:
    assert {mark: found.name if (found := currency(mark)) else None for mark in marks} == dict.fromkeys(
        marks, name
    )


@pytest.mark.parametrize(
    "mark", ["", "kg", "km", "l", "L", "ft", "V", "pcs", "個", "apples", "USD EUR", "x" * 99]
)
def test_what_is_no_currency(mark: str) -> None:
    assert currency(mark) is None


def test_the_words_are_those_of_babel() -> None:
    assert written() == {
        "months": {name: list(numbers) for name, numbers in cldr().months.items()},
        "weekdays": {name: list(numbers) for name, numbers in cldr().weekdays.items()},
        "decimals": dict(cldr().decimals),
        "signs": {sign: list(codes) for sign, codes in cldr().signs.items()},
    }, "run `python -m bench.cldr_words`"
