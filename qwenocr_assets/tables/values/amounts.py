"""A text → the amount it is: a number with its sign and currency, as far as the text and its neighbours settle it.

`typed_values` has the table of what is read how.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from qwenocr_assets.tables.values.currencies import Currency, contradict, currency
from qwenocr_assets.tables.values.digits import declared, readings, shows
from qwenocr_assets.tables.values.written import words

LONGEST: Final = 64
"""Characters of the longest text that is looked at; no number or date is longer."""
_MOST_DECIMALS: Final = 9
_MOST_INTEGER_DIGITS: Final = 29
"""What the tables' DECIMAL(38, 9) holds."""


_FEWEST_OF_TELEPHONES: Final = 8
"""Digits behind a plus that are a telephone number, and no amount."""


class Habits(NamedTuple):
    """How the numbers around a number are written."""

    decimal: str | None = None
    """The decimal point that those with one reading show; empty where they disagree."""
    spaces: bool = False
    """Whether plain spaces set off thousands."""
    brackets: bool = False
    """Whether whole numbers in brackets are amounts, and no notes: there are amounts without, or with decimals."""
    arrows: bool = False
    """Whether ▲ and ▼ are up and down."""
    dashes: bool = False
    """Whether a long dash before digits is a minus."""
    debits: bool = False
    """Whether DR stands beside amounts without a mark, and CR nowhere."""
    behind: bool = False
    """Whether a minus stands behind amounts, so that a plus does as well."""


NO_HABITS: Final = Habits()


class Amount(NamedTuple):
    """What a text says that has the form of a number."""

    number: Decimal | None
    """None where it stays open."""
    currency: str | None = None
    is_open: bool = False
    """Whether neighbours may say otherwise."""
    two: tuple[Decimal, Decimal] | None = None
    """The two numbers it may be: where `.` is the decimal point, and where `,` is."""
    mixed: bool = False
    """Whether two currencies stand beside it; then it has none."""


class _Around(NamedTuple):
    """What stands before or behind the digits."""

    sign: str = ""
    currency: Currency | None = None
    brackets: int = 0
    side: str = ""
    """CR, Cr or DR."""
    closes: bool = False
    """Whether a dash stands for no cents, or a word ends the amount."""
    point: str = ""
    """A decimal point in front of the first digit."""


_PARTS: Final = re.compile(r"([^0-9]*)([0-9](?:[0-9.,'٫٬ \u00a0]*[0-9])?)([^0-9]*)")
_MARKS: Final = re.compile(r"[()+\-–▲▼]|[^()+\-–▲▼\s](?:[^()+\-–▲▼]*[^()+\-–▲▼\s])?")
_NO_CENTS: Final = re.compile(r"(?:[.,:][-–=]{1,2}|/[-=])(?=[^-–=]|$)")
_MINUS: Final = words("-|–|▲|负|負|マイナス|마이너스|minus|moins|menos|минус|سالب|negative|negativ")
_OPENS: Final = words("金|計|计")
_CLOSES: Final = words("也|整|正|정")
_SIDES: Final = {"CR": "CR", "Cr": "Cr", "cr": "Cr", "DR": "DR", "Dr": "DR", "dr": "DR", "DB": "DR"}
_RUPEES: Final = frozenset(("INR", "PKR", "LKR", "NPR", "BDT", "Rs"))


def read_amount(text: str, decimal: str | None = None, habits: Habits = NO_HABITS) -> Amount | None:
    """The amount a text is, None when it is none. `text` is as `written.seen` has it.

    `decimal` is the decimal point where it is declared; `habits` settle what is open without it.
    """
    parts = _PARTS.fullmatch(text) if len(text) <= LONGEST else None
    if parts is None:
        return None
    front = _around(parts[1], True)
    back = None if front is None else _around(parts[3], False)
    if front is None or back is None or front.brackets != back.brackets or _contradict(front, back):
        return None
    digits, money = front.point + parts[2], _money(front.currency, back.currency)
    if front.sign == "+" and money is None and digits.isdigit() and len(digits) >= _FEWEST_OF_TELEPHONES:
        return None
    if money is not None and money.is_word and digits.isdigit():
        return None
    mixed = contradict(front.currency, back.currency)
    name = None if mixed or money is None else money.name
    sign = _sign(front, back, digits, money, habits)
    found = _held(declared(digits, decimal) if decimal else readings(digits, money))
    if not found and not decimal and " " in digits:
        spaced = _held(readings(digits.replace(" ", "\u00a0"), money))
        return Amount(_times(sign, spaced[0]) if habits.spaces else None, name, True) if spaced else None
    if not found:
        return None
    if len(found) == 1:
        return Amount(_times(sign, found[0]), name, sign is None or _depends(front, back), None, mixed)
    by_point, by_comma = (_times(sign, number) for number in found)
    number = by_point if habits.decimal == "." else by_comma if habits.decimal == "," else None
    two = None if by_point is None or by_comma is None else (by_point, by_comma)
    return Amount(number, name, True, two)


def is_label(text: str) -> bool:
    """Whether a text is letters with a number behind them that is no amount, as V05: much the quicker way to see it."""
    letters = text.rstrip("0123456789")
    return letters.isalpha() and _around(letters, True) is None


def _contradict(front: _Around, back: _Around) -> bool:
    """Whether what stands around digits says more than one sign."""
    signs = bool(front.sign) + bool(back.sign) + front.brackets + bool(back.side)
    return signs > 1 or (back.closes and bool(back.sign))


def _sign(front: _Around, back: _Around, digits: str, money: Currency | None, habits: Habits) -> int | None:
    """The factor that the signs around digits say, None where they leave it open."""
    if front.brackets:
        return -1 if habits.brackets or money or not digits.isdigit() else None
    if back.side:
        if back.side == "Cr" and (money.name in _RUPEES if money is not None else digits.isdigit()):
            return None  # credit, or crore
        return -1 if back.side != "DR" else None if habits.debits else 1
    sign = front.sign or back.sign
    if back.sign == "+" and money is None and digits.isdigit():
        return 1 if habits.behind else None  # 5+: five and more
    if sign == "▼" or (sign == "▲" and habits.arrows):
        return None
    if sign not in _MINUS:
        return 1
    if front.point and (sign == "–" or (money is not None and money.name == "CHF")):
        return None if habits.dashes else 1  # –.50: no francs and fifty
    has_no_cents = money is not None and (money.name == "¥" or money.decimals == 0)
    # ¥12,345-: so that nothing can be added
    return 1 if back.sign == "-" and has_no_cents and "." not in digits else -1


def _times(sign: int | None, number: Decimal | None) -> Decimal | None:
    return None if sign is None or number is None else sign * number


def _depends(front: _Around, back: _Around) -> bool:
    return front.sign == "▲" or bool(back.side) or bool(front.point and front.sign)


def _money(before: Currency | None, behind: Currency | None) -> Currency | None:
    """Where both stand there ("$5.00 USD", "USD 5 $") the one that says more, else the one behind."""
    if before is not None and before.decimals is not None and (behind is None or behind.decimals is None):
        return before
    return behind or before


def _held(found: Iterable[str]) -> list[Decimal | None]:
    """Readings as numbers; nothing when there is none that the tables' columns hold."""
    numbers = [Decimal(digits) if digits else None for digits in found]
    numbers = [number if number is None or holds(number) else None for number in numbers]
    return numbers if any(number is not None for number in numbers) else []


def holds(value: Decimal) -> bool:
    """Whether DECIMAL(38, 9) holds the value exactly."""
    exponent = value.as_tuple().exponent
    return (
        isinstance(exponent, int) and exponent >= -_MOST_DECIMALS and value.adjusted() < _MOST_INTEGER_DIGITS
    )


@lru_cache(maxsize=4096)
def _around(text: str, is_front: bool) -> _Around | None:
    """What stands beside digits, None when anything does that is no part of an amount."""
    around = _Around()
    rest = text.strip()
    if not rest:
        return around
    if is_front:
        if text[-1] in ".,٫" and _known(rest) is None:
            around, rest = around._replace(point=text[-1]), rest[:-1].strip()
    elif cents := _NO_CENTS.match(text):
        around, rest = around._replace(closes=True), text[cents.end() :].strip()
    for mark in _MARKS.findall(rest) if _known(rest) is None else [rest]:
        if mark in ("(", ")"):
            if (mark == "(") != is_front or around.brackets:
                return None
            around = around._replace(brackets=1)
        elif mark == "+" or mark == "▼" or mark in _MINUS:
            if around.sign:
                return None
            around = around._replace(sign=mark)
        elif not is_front and mark in _SIDES and not around.side:
            around = around._replace(side=_SIDES[mark])
        elif mark in (_OPENS if is_front else _CLOSES):
            around = around._replace(closes=True)
        elif (known := _known(mark)) is not None and around.currency is None:
            if known.stands_before and not is_front:
                return None
            around = around._replace(currency=known)
        elif (split := _split(mark, is_front)) is not None and around.currency is None:
            around = around._replace(
                currency=split.currency,
                sign=around.sign or split.sign,
                side=around.side or split.side,
                closes=around.closes or split.closes,
            )
        else:
            return None
    return around


def _known(mark: str) -> Currency | None:
    return currency(" ".join(mark.split()))


def _split(mark: str, is_front: bool) -> _Around | None:
    """A currency and a word that stand together: `minus EUR`, `金¥`, `円也`, `€ CR`."""
    for word in (*(_OPENS if is_front else _CLOSES), *_MINUS, *_SIDES):
        for rest in (mark.removeprefix(word), mark.removesuffix(word)):
            if rest != mark and (known := _known(rest.strip())) is not None:
                return _Around(
                    currency=known,
                    sign=word if word in _MINUS else "",
                    side=_SIDES.get(word, ""),
                    closes=word in _OPENS or word in _CLOSES,
                )
    return None


def habits_of(texts: Iterable[str]) -> Habits:
    """How the amounts among texts are written.

    Texts are as `written.seen` has them; what is no amount says nothing.
    """
    decimals: set[str] = set()
    spaces = plain = bracketed = up = down = dashes = credits = debits = behind = False
    for text in texts:
        bare = text.rstrip(" \u00a0%‰")
        parts = _PARTS.fullmatch(bare) if len(text) <= LONGEST else None
        if parts is None:
            continue
        front, back = _around(parts[1], True), _around(parts[3], False)
        if front is None or back is None:
            continue
        digits = front.point + parts[2]
        has_unit = bool(front.currency or back.currency or bare != text)
        point = shows(digits, has_unit)
        if point is not None:
            decimals.add(point)
            spaces |= " " in digits
        bracketed |= bool(front.brackets and (not digits.isdigit() or front.currency or back.currency))
        plain |= not front.brackets
        up |= front.sign == "▲"
        down |= front.sign == "▼"
        dashes |= front.sign == "–" and not front.point
        behind |= back.sign in ("-", "–")
        credits |= back.side == "CR"
        debits |= back.side == "DR"
    return Habits(
        None if not decimals else decimals.pop() if len(decimals) == 1 else "",
        spaces,
        plain or bracketed,
        down,
        dashes,
        debits and plain and not credits,
        behind,
    )
