"""Texts that are an amount or a day by their form, but for a sign: they say so by themselves, whatever stands around.

| text | what it is |
|---|---|
| `12.5O`, `l4.11.2024`, `1.2S4,50` | a letter stands where a digit looks like it |
| `12.50*`, `1,200¹`, `100,00 S`, `12⁵⁰` | an amount with a note's mark, an account's side or raised cents |
| `12.?0`, `1_.50` | a digit that the model could not read |
| `$1.2 Mio`, `3億2千万円`, `壹万贰仟元整` | an amount of money in thousands or millions, or in words for digits |
"""

import re
from typing import Final

from qwenocr_assets.tables.values.amounts import LONGEST
from qwenocr_assets.tables.values.currencies import currency
from qwenocr_assets.tables.values.days import read_day
from qwenocr_assets.tables.values.written import seen

_DIGITS: Final = str.maketrans("OoIl|SBZ", "00111582")
_LETTERS: Final = re.compile(r"[OoIl|SBZ]")
_GROUPS: Final = r"[0-9]{1,3}(?:[.,' \u00a0][0-9]{3})+(?:[.,][0-9]{2})?"
_AMOUNT: Final = rf"(?:{_GROUPS}|[0-9]+[.,][0-9]{{2}})"
_IS_AMOUNT: Final = re.compile(rf"[-+(]?\W?{_AMOUNT}\W{{0,2}}")
_WITHOUT_MONEY: Final = re.compile(r"\A[^\W\d_]{3}(?=[^\S\n])|(?<=[^\S\n])[^\W\d_]{3}\Z")
_FIRST: Final = re.compile(r"[-+(]?\W?[0-9OoIl|]")
_SIGN: Final = r"[*†‡§?¹²³⁰⁴-⁹ᵃ-ᶻ⁽⁾]"
_MARKED: Final = re.compile(
    rf"(?:(?:{_SIGN}|[~≈])+\s?)?[-+]?[^\w\s*†‡§?]?\s?{_AMOUNT}\s?[$€£¥]?\s?"
    rf"(?:{_SIGN}{{1,3}}|\[\^[0-9a-z]{{1,2}}\]|\^[0-9a-z]{{1,2}}\^|[SHCD]|Cr\.|Dr\.|[CD]t\.?)|(?:{_SIGN}|[~≈])+\s?{_AMOUNT}"
)
_RAISED_CENTS: Final = re.compile(r"[$€£]?\s?(?!10[⁰¹²³⁴-⁹]|2[⁰¹²³⁴-⁹])[0-9]{1,5}[.,]?[⁰¹²³⁴-⁹]{2}\s?[$€£]?")
_UNREAD_DIGIT: Final = re.compile(
    r"[0-9][.,]?\?+[0-9?]|[0-9]\?[.,][0-9]|(?<![\w/])\?[0-9]*[.,][0-9]{2}(?![\w.])|[0-9][.,]_[0-9]|[0-9]_[.,][0-9]|"
    r"[0-9][.,][0-9]?[□■](?!\s?\w)|[0-9][□■][.,]?[0-9]{2}(?![0-9□■])"
)
_TIMES: Final = (
    r"(?:k|K|M|Mn|mn|Mio|Mrd|m|bn|B|thousand|million|billion|millions|millones|milhões|mil|lakhs?|crores?|Tsd|TEUR|Cr|"
    r"тыс|млн|млрд|hundred)\.?"
)
_MULTIPLIED: Final = re.compile(rf"(\D{{0,8}}?)\s?[0-9][0-9.,' \u00a0]*\s?{_TIMES}(?!\w)\s?(\D{{0,8}})")
_HAN: Final = "〇零一二三四五六七八九十百千万萬億亿兆壹贰貳叁參参肆伍陆陸柒捌玖拾佰仟两兩弐壱廿"
_IN_HAN: Final = re.compile(rf"(?:[0-9.,]*[{_HAN}][0-9.,{_HAN}]*)")
_HAN_MONEY: Final = re.compile(
    rf"(?:人民币|人民幣|金|[¥$€])?\s?[0-9.,]*[{_HAN}][0-9.,{_HAN}]*\s?(?:元|圆|圓|円|圜|円也|元整|圆整|圓整|元正|圓正|원|원정)"
    rf"(?:[{_HAN}]角)?(?:[{_HAN}]分)?[整正也]?|(?:人民币|人民幣|金|[¥$€])\s?[0-9.,]*[{_HAN}][0-9.,{_HAN}]*"
)
_BY_ARABS: Final = re.compile(r"[٠-٩۰-۹]+/[٠-٩۰-۹]{1,3}")
_FRACTION: Final = re.compile(r"[0-9]*\s?(?:[¼-¾⅐-⅞]|[0-9]⁄[0-9]{1,2})|[0-9]+ [0-9]/[0-9]{1,2}")
_POWER: Final = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+[eE][-+]?|[eE][-+])[0-9]{1,3}")
_LETTER_INSIDE: Final = re.compile(r"[0-9][0-9.,' ]*[^\W\d_a-zA-Z年月日時时分点點条條号號][0-9.,' ]*[0-9]")
"""A letter between digits, of a script in which none of them looks so: misread."""
_PARTED: Final = re.compile(r"[0-9]+;[0-9]{2}")
_DITTO: Final = re.compile(
    r"[\"〃″”„]{1,2}|''|,,|--\"--|-[\"〃]-|(?:ditto|do|dto|dito|idem|id)\.?|同上|同前|상동|то же|(?:wie|s\.) oben|"
    r"same(?: as above)?|as above|voir ci-dessus|vedi sopra|ver arriba",
    re.IGNORECASE,
)
"""Signs and words for what stands above."""
_IN_MATH: Final = re.compile(r"[0-9.,]*\$[-+\\0-9(^][^$]*\$")
_STRUCK: Final = re.compile(r"~~[^~]*~~")


def is_almost_amount(text: str) -> bool:
    """Whether a text can hardly be anything but an amount, and yet is none as it is written."""
    written = _looked_at(text)
    return bool(written) and bool(
        _MARKED.fullmatch(written)
        or _RAISED_CENTS.fullmatch(written)
        or _HAN_MONEY.fullmatch(written)
        or _is_multiplied(written)
        or _with_letters(written, _IS_AMOUNT)
    )


def is_almost_number(text: str) -> bool:
    """As `is_almost_amount`, of a text among numbers: letters like digits, numerals of Han, a struck one are enough."""
    written = _looked_at(text)
    if not written:
        return len(text) <= LONGEST and _DITTO.fullmatch(text.strip()) is not None
    left = _STRUCK.sub("", written).strip()
    return bool(
        is_almost_amount(written)
        or _with_letters(written, _IS_COUNT)
        or _IN_HAN.fullmatch(written)
        or _BY_ARABS.fullmatch(text.strip())
        or _FRACTION.fullmatch(written)
        or _IN_MATH.fullmatch(written)
        or _MULTIPLIED.fullmatch(written)
        or _POWER.fullmatch(written)
        or _LETTER_INSIDE.fullmatch(written)
        or _PARTED.fullmatch(written)
        or (left != written and left[:1].isdigit() and _IS_COUNT.fullmatch(left))
    )


_IS_COUNT: Final = re.compile(r"[-+(]?\W?[0-9][0-9.,']*\W{0,2}")


def _looked_at(text: str) -> str:
    """A text as it is looked at, empty where it has no digit in any script or is too long."""
    if len(text) > LONGEST or not _ANY_DIGIT.search(text):
        return ""
    written = seen(text)
    return "" if "\n" in written else written


_ANY_DIGIT: Final = re.compile(rf"[\d¼-¾⅐-⅞{_HAN}]")


def is_almost_day(text: str) -> bool:
    """Whether letters stand in a day where digits look like them."""
    written = seen(text) if len(text) <= LONGEST else ""
    if not _DATE.fullmatch(written) or not _LETTERS.search(written):
        return False
    day = read_day(written.translate(_DIGITS), "day_month")
    return day is not None and read_day(written) is None


_DATE: Final = re.compile(r"[0-9OoIl|SBZ]{1,4}[-/.][0-9OoIl|SBZ]{1,2}[-/.][0-9OoIl|SBZ]{2,4}\.?")


def has_unread_digit(text: str) -> bool:
    """Whether an amount of a text has a sign for a digit that could not be read."""
    return ("?" in text or "_" in text or "□" in text or "■" in text) and bool(
        _UNREAD_DIGIT.search(seen(text))
    )


def _with_letters(written: str, form: re.Pattern[str]) -> bool:
    """Whether letters of a text are like digits, so that with these it has a form.

    There are no more letters than digits, or none but O.
    """
    digits = _WITHOUT_MONEY.sub("", written).strip()
    letters, numbers = _LETTERS.findall(digits), sum(map(str.isdigit, digits))
    most = 3 * numbers if {*letters} <= {"O", "o"} else numbers
    if not 0 < len(letters) <= most or not _FIRST.match(digits):
        return False
    return form.fullmatch(digits.translate(_DIGITS)) is not None


def _is_multiplied(written: str) -> bool:
    """Whether an amount of money is in thousands or more, as $1.2 Mio."""
    found = _MULTIPLIED.fullmatch(written)
    return found is not None and any(
        currency(" ".join(mark.split())) for mark in found.groups() if mark.strip()
    )
