"""Which currency a sign, a code or a word beside a number means.

| written | currency | why |
|---|---|---|
| `USD`, `usd`, `CHF` | the code | ISO 4217 |
| `€`, `zł`, `₹`, `US$`, `円`, `руб.`, `บาท` | EUR, PLN, INR, USD, JPY, RUB, THB | stands for one only |
| `$`, `¥`, `kr`, `Rs.`, `元`, `ريال` | the sign, without a dot | several currencies are written so |
| `TOP`, `ALL`, `PEN` | as above, beside `9.00` or `1,234`, not beside `9` | words as well |
| `RM`, `KM`, `R` | the same, in front of the amount only | behind it they are units |
"""

from functools import cache, lru_cache
from typing import Final, NamedTuple

from qwenocr_assets.tables.values.cldr import cldr
from qwenocr_assets.tables.values.written import seen, words


class Currency(NamedTuple):
    """What stands beside an amount."""

    name: str
    """ISO 4217 code, or the sign where that may mean several."""
    decimals: int | None
    """Decimals its amounts have in practice; None where several currencies may be meant."""
    groups_by_comma: bool
    """Whether its places set off thousands by comma, and only so."""
    is_word: bool
    """Whether the sign says something else as often: it counts beside an amount with decimals or thousands."""
    stands_before: bool
    """Whether it counts in front of the amount only: behind it, KM and L are units."""


_GROUPS_BY_COMMA: Final = words(
    "$|¥|£|元|圆|Rs|USD|HKD|TWD|SGD|AUD|CAD|NZD|CNY|JPY|GBP|KRW|INR|THB|MYR|PHP|PKR|LKR|BDT|NPR|MOP|ILS|KES|NGN|GHS|"
    "TZS|UGX"
)
_ONE: Final = {
    "EUR": "eur.|евро|ευρώ|اليورو|אירו|ユーロ|欧元|歐元|유로",
    "USD": "U.S.$|USD$|美元|美金|米ドル|미국 달러",
    "JPY": "円|日元|日圓|yen|エン",
    "CNY": "RMB|人民币|人民幣",
    "TWD": "NTD|NTD$|新台币|新臺幣|新台幣|台币|臺幣",
    "HKD": "港币|港幣|港元",
    "KRW": "원|원정",
    "GBP": "£|英镑|英鎊",
    "INR": "रु|रु.|रुपये",
    "PLN": "zl|złoty|złote|złotych",
    "CZK": "Kčs|korun",
    "TRY": "TL",
    "RUB": "руб|руб.|рубль|рубля|рублей|р.",
    "UAH": "грн|грн.|гривень|гривні",
    "BGN": "лв",
    "KZT": "тг|тенге",
    "IDR": "Rp.|rupiah",
    "VND": "đ|đ.|đồng|VNĐ",
    "THB": "บาท|baht",
    "ILS": 'ש"ח|ש״ח|שקל|שקלים|שקלים חדשים',
    "AED": "د.إ|درهم إماراتي|Dhs|Dhs.",
    "SAR": "ر.س|ريال سعودي|SR.",
    "EGP": "ج.م|جنيه مصري|L.E.",
    "KWD": "د.ك",
    "QAR": "ر.ق",
    "BRL": "reais",
    "CHF": "SFr|SFr.|Fr.",
    "DEM": "DM",
    "KES": "Kshs|KSh|Ksh.",
    "TZS": "Tsh|Tshs",
    "UGX": "Ush|Ushs",
    "PEN": "S/.",
    "BDT": "Tk|Tk.|টাকা",
}
"""Ways of writing that CLDR lacks, shorter and older ones; each stands for one currency."""
_SEVERAL: Final = {
    "$": "$|dollar|dollars|dólares|доллар|долл.|ドル",
    "¥": "¥",
    "元": "元|元整",
    "圆": "圆|圓|圆整|圓整|yuan",
    "kr": "kr|kr.|Kr|Kr.|kroner|kronor",
    "Rs": "Rs|Rs.|rupees|रुपए",
    "ريال": "ريال|ریال|﷼",
    "درهم": "درهم",
    "دينار": "دينار",
    "جنيه": "جنيه",
    "ليرة": "ليرة",
    "franc": "francs|Franken|Fr|Frs|Frs.",
    "peso": "peso|pesos",
    "lei": "lei",
    "din": "din|din.|дин|дин.",
}
"""What may mean several currencies, by the name they get."""
_WORDS: Final = words("ALL|BAM|BAN|BOB|CAD|COP|CUP|GEL|LAK|MAD|MOP|PEN|RON|SIT|SOS|TOP|TRY|den|yen|Fr")
"""Codes and signs that say something else as often; so do one or two letters of those that are not in `_SHORT`."""
_SHORT: Final = words("Rs|Rp|Ft|kr|Kr|TL|DM|zl")
_LETTERS: Final = ("$", "R", "Q")
"""Of signs of one ASCII character what is taken: others name sizes, classes and units."""
_LONGEST: Final = 24


_OF_SIGN: Final = {
    "$": words(
        "USD|CAD|AUD|NZD|SGD|HKD|TWD|MXN|ARS|CLP|COP|UYU|BRL|JMD|BBD|BSD|BZD|BMD|BND|FJD|GYD|KYD|LRD|NAD|SBD|SRD|TTD|XCD|"
        "DOP|CUP|CVE|MOP|NIO|TOP|WST|ZWL|ZWG"
    ),
    "¥": words("JPY|CNY|元|圆"),
    "元": words("CNY|TWD|HKD|MOP|¥"),
    "圆": words("CNY|TWD|HKD|JPY|¥"),
    "kr": words("SEK|NOK|DKK|ISK|EEK"),
    "Rs": words("INR|PKR|LKR|NPR|MUR|SCR"),
}
"""The currencies that a sign of several may stand for; of signs that are not here nothing is known."""


def contradict(one: Currency | None, other: Currency | None) -> bool:
    """Whether two marks beside one amount mean different currencies, as in `€5.00 USD`."""
    if one is None or other is None or one.name == other.name:
        return False
    if one.decimals is not None and other.decimals is not None:
        return True
    return are_of_two(one.name, other.name)


def are_of_two(one: str, other: str) -> bool:
    """Whether two names of currencies, codes or signs of several, can not be of one: EUR and USD, not $ and USD."""
    if one == other:
        return False
    if one not in _OF_SIGN and other not in _OF_SIGN:
        return one.isascii() and other.isascii() and one.isupper() and other.isupper()
    sign, meant = (other, one) if other in _OF_SIGN else (one, other)
    return meant not in _OF_SIGN[sign] and sign not in _OF_SIGN.get(meant, ())


@lru_cache(maxsize=4096)
def currency(mark: str) -> Currency | None:
    """The currency a mark beside a number means, None when it means none.

    `mark` is as `written.seen` has it.
    """
    if len(mark) > _LONGEST:
        return None
    found = _signs().get(mark) or _signs().get(mark.casefold())
    if found is not None or mark.isalnum():
        return found
    # `USD $`, `RMB ¥`: of two the one that says more, and not two that disagree
    known = [_signs().get(part) for part in mark.split()]
    exact = {part for part in known if part is not None and part.decimals is not None}
    return next(iter(exact)) if len(exact) == 1 and None not in known else None


@cache
def _signs() -> dict[str, Currency]:
    known = cldr()

    def meant(sign: str, name: str) -> Currency:
        letters = sign.rstrip(".")
        is_short = letters.isascii() and letters.isalpha() and len(letters) <= 2 and letters not in _SHORT
        is_word = is_short or letters in _WORDS
        return Currency(name, known.decimals.get(name), name in _GROUPS_BY_COMMA, is_word, is_short)

    found: dict[str, Currency] = {}
    for written, codes in known.signs.items():
        sign = " ".join(seen(written).split())
        if len(sign) > 1 or not sign.isascii() or sign in _LETTERS:
            found[sign] = meant(sign, codes[0] if len(codes) == 1 else sign.rstrip("."))
    for code in known.decimals:
        found[code] = meant(code, code)
        if code not in _WORDS:
            found[code.lower()] = found[code.title()] = found[code]
    for table in (_ONE, _SEVERAL):
        for name, signs in table.items():
            for sign in signs.split("|"):
                found[sign] = meant(sign, name)
    return found
