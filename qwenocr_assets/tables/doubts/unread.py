"""What should have become a number or a day and did not, and what the model itself could not read.

A sum over a column leaves such a value out without a word. So a text among numbers that is nearly one is a doubt
(`1,200¹`, `12.50*`, `5.00 S`, `~5`, `3 kg`), and so is what is no number or no day where the schema asks for one.
Shares, times, ranges and words among numbers are what they are. What `almost` knows needs no numbers around. Brackets
below the numbers of rows, `0.05` and `(0.02)`, are errors of these in papers, and a minus in accounts: such a number
is a doubt as well.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Final
from unicodedata import category

from qwenocr_assets.tables.doubts.almost import has_unread_digit, is_almost_amount, is_almost_number
from qwenocr_assets.tables.values.amounts import LONGEST
from qwenocr_assets.tables.values.notation import TWO_READINGS
from qwenocr_assets.tables.values.written import seen

_NUMBER: Final = r"[0-9](?:[0-9.,'٫٬·_ \u00a0]*[0-9])?"
_MARK: Final = r"[^0-9%‰°:/<>=±×&@#]"
_NEARLY: Final = re.compile(rf"({_MARK}{{0,6}}?)({_NUMBER})({_MARK}{{0,8}}(?:[(\[][0-9a-z]{{1,2}}[)\]])?)")
_MOST_LETTERS: Final = 3
_COUNTED: Final = re.compile(
    r"[0-9]+[.)]?|[0-9]+[)-].*|(?:n[oºr°]|№|nr)\.?\s?[0-9]+|[0-9]+(?: [0-9]+)+"
    r"|[^\W\d_]{1,3}\.?[ \u00a0]?(?:19|20)[0-9]{2}|[0-9]+(?:[.·_][0-9]+){2,}|[0-9.,]+ ?(?:uhr|(?-i:h)|am|pm)\.?",
    re.IGNORECASE,
)
"""Identifiers, several numbers, versions, times, and what counts items."""
_LETTER: Final = re.compile(r"[^\W\d_]")
_MULTIPLIERS: Final = frozenset("十百千万萬億亿兆십백천만억조")
_FEWEST: Final = 2


def nearly_numbers(
    texts: Sequence[str], numbers: Sequence[object], columns: Callable[[int], Hashable | None]
) -> list[int]:
    """Which texts without a number stand among numbers and are nearly one, or show by themselves that they are.

    `columns` names the column of each, None where it stands in none or in a header. Amounts but for
    a mark count as numbers.
    """
    found = [
        at
        for at, text in enumerate(texts)
        if numbers[at] is None and (is_nearly_number(text) or is_almost_number(text))
    ]
    if not found:
        return []
    alike: dict[Hashable, list[int]] = defaultdict(list)
    counted: dict[Hashable, int] = defaultdict(int)
    for at in found:
        if (column := columns(at)) is not None:
            alike[column].append(at)
            counted[column] += is_almost_amount(texts[at])
    for at, number in enumerate(numbers):
        if number is not None and (column := columns(at)) in alike:
            counted[column] += 1
    return [
        at
        for column, places in alike.items()
        if counted[column] >= max(_FEWEST, len(places) / 2)
        for at in places
    ]


def is_nearly_number(text: str) -> bool:
    """Whether a text is one number with a few signs or letters around it."""
    if len(text) > LONGEST or "\n" in text.strip():
        return False
    written = seen(text)
    found = _NEARLY.fullmatch(written)
    if found is None or _COUNTED.fullmatch(written) or (found[2][0] == "0" and found[2][1:2].isdigit()):
        return False
    around = found[1] + found[3]
    if len(_LETTER.findall(around)) > _MOST_LETTERS or _is_letter(found[1][-1:]):
        return False
    return not (found[2].isdigit() and _is_letter(found[3][:1]))  # 12A


def _is_letter(sign: str) -> bool:
    """Whether a sign that touches digits makes them an identifier: no raised letter, and no word for ten thousand."""
    return sign.isalpha() and category(sign) != "Lm" and sign not in _MULTIPLIERS


_MONTH_FIRST: Final = re.compile(r"(0?[1-9]|1[0-2])\.(?:19|20)[0-9]{2}")
_YEAR_FIRST: Final = re.compile(r"(?:19|20)[0-9]{2}\.(0[1-9]|1[0-2])")


_BRACKETED: Final = re.compile(r"\((?:0|[1-9][0-9]*)?[.,][0-9]+\)")


def errors_among(texts: Sequence[str], has_label: Sequence[bool]) -> list[int]:
    """Of a column, which numbers in brackets are errors of the number above, and no minus.

    Each stands in a row without a label, below a number of a row that has one; `has_label` says which rows have.
    """
    found = [at for at, text in enumerate(texts) if _BRACKETED.fullmatch(seen(text))]
    if len(found) < _FEWEST:
        return []
    is_below = all(
        at and not has_label[at] and has_label[at - 1] and _STARTS_AS_NUMBER.match(seen(texts[at - 1]))
        for at in found
    )
    return found if is_below else []


_STARTS_AS_NUMBER: Final = re.compile(r"[-+–]?[0-9.,]")
_DAY_OR_TIME: Final = re.compile(
    r"(?:[0-2]?[0-9]|3[01])\.(?:0[1-9]|1[0-2])|(?:[01]?[0-9]|2[0-3])\.[0-5][0-9]"
)
_WITH_ZERO: Final = re.compile(r"0[0-9]\.[0-9]{2}")


def days_or_times_among(texts: Sequence[str]) -> list[int]:
    """Of a column, which texts are days without their year or times of day, `09.30` above `12.15`: its zeros tell."""
    alike = [at for at, text in enumerate(texts) if _DAY_OR_TIME.fullmatch(text)]
    if len(alike) < _FEWEST or not any(_WITH_ZERO.fullmatch(texts[at]) for at in alike):
        return []
    others = sum(_TWO_DECIMALS.fullmatch(text) is not None for text in texts) - len(alike)
    return [] if others else alike


_TWO_DECIMALS: Final = re.compile(r"[0-9]+\.[0-9]{2}")


def is_month(text: str) -> bool:
    """Whether a text may be a month of a year, `11.2024` or `2024.11`."""
    return _MONTH_FIRST.fullmatch(text) is not None or _YEAR_FIRST.fullmatch(text) is not None


def months_among(texts: Sequence[str], numbers: Sequence[Decimal | None]) -> dict[int, str | None]:
    """Of a column, which numbers are months of a year instead, or may be: with the doubt, None where it is sure."""
    months = [at for at, text in enumerate(texts) if numbers[at] is not None and is_month(text)]
    if not months:
        return {}
    forms = {form for form in (_MONTH_FIRST, _YEAR_FIRST) for at in months if form.fullmatch(texts[at])}
    if len(forms) > 1:
        return {}
    (form,) = forms
    if form is _MONTH_FIRST and any(
        numbers[at] is None and form.fullmatch(text) for at, text in enumerate(texts)
    ):
        return dict.fromkeys(months)  # 09.2024 above 10.2024
    others = sum(number is not None for number in numbers) - len(months)
    return dict.fromkeys(months, TWO_READINGS) if len(months) >= _FEWEST and not others else {}


_WORDS: Final = (
    "illegible|unreadable|unintelligible|indecipherable|not legible|unclear|unleserlich|nicht lesbar|illisible|"
    "ilegible|ilegível|illeggibile|неразборчиво|нечитаемо|нерозбірливо|onleesbaar|nieczytelne|nieczytelny|okunamıyor|okunaksız|"
    "不清楚|看不清|模糊不清|无法辨认|無法辨認|难以辨认|難以辨認|无法识别|無法識別|字迹不清|判読不能|判読不可|判読困難|読取不可|"
    "판독불가|판독 불가|읽을 수 없음|không đọc được|tidak terbaca|غير مقروء|غير واضح|अपठनीय|อ่านไม่ออก"
)
_UNREADABLE: Final = re.compile(
    rf"[\[(（【<](?:[^\[\]()（）【】<>]{{0,12}}\W)?(?:{_WORDS})(?:\W[^\[\]()（）【】<>]{{0,12}})?[\])）】>]",
    re.IGNORECASE,
)
_MISCODED: Final = re.compile("[ÃÂ][\u0080-\u00bf]|Ã[Ÿ„–œ€š‰ˆƒ‹Œž]|â€[\u0080-\u009f™œ“”˜¦¢]|â‚¬|ï»¿|ï¿½")
"""Letters of UTF-8 that were read as another coding: MÃ¼ller."""
_GUESSED: Final = re.compile(r"[\[(]\?{1,3}[\])]")
_ALONE: Final = frozenset(_WORDS.split("|"))
_SIGNS: Final = frozenset("\ufffd▯")
_BRACKETS: Final = frozenset("[(（【<")


def is_unreadable(text: str) -> bool:
    """Whether a text says that something of it could not be read: `Total [illegible]`, a replacement character."""
    signs = set(text)
    if has_unread_digit(text) or (not text.isascii() and _MISCODED.search(text)):
        return True
    if signs & _SIGNS or (len(text) <= LONGEST and text.strip(" .()[]*?").casefold() in _ALONE):
        return True
    if "?" in signs and _GUESSED.search(text):
        return True
    return not signs.isdisjoint(_BRACKETS) and _UNREADABLE.search(text) is not None
