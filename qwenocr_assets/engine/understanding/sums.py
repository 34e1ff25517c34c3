"""The sum that a document comes to, among all the amounts of its page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from rapidfuzz import fuzz

from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.understanding.labels import concepts, normalised
from qwenocr_assets.engine.understanding.segments import Segment, segments_of
from qwenocr_assets.engine.understanding.words import alternatives, holds

_LAST, _INCLUDING, _PLAIN, _PART = 2.0, 1.5, 1.0, -1.0
"""Points of a label: for the last sum ("payable"), one with tax, a plain total, one that others follow (subtotal)."""
_PAID = 2.0
"""Points of an amount that is what was paid, less the change, or that a card paid."""
_ADDS_UP = 1.0
"""Points of an amount that is subtotal and tax together."""
_LARGEST = 0.5
_CLOSE = 1.0
"""Points that two amounts have to be apart where nothing but their labels tells which of them is the total."""
_IN_TABLE = 1.5
"""Points that an amount loses that stands beside others, or under a heading such as "GST summary"."""
_MISREAD = 80.0
"""Similarity from which a longer word is taken for "total" with a character misread."""

_CENTS = re.compile(r"(?<![\d.,])(\d{1,3}(?:[,.' ]\d{3})+|\d+)[.,٫](\d\d)(?![\d.,]*\d)")
_WHOLE = re.compile(r"(?<![\d.,])(\d{1,3}(?:[,.']\d{3})+|\d+)(?![\d.,]*\d)")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as printed, with its currency where that stands at it, and the words before it."""

    text: str
    value: Decimal
    label: str
    """The nearest words, normalised."""
    row: str
    """All words of the row before it, normalised."""
    places: int
    """Digits behind the point."""
    stands_alone: bool
    """No other amount is in its row."""
    in_summary: bool


def total_of(page: ReadPage) -> str | None:
    """The sum a page comes to, as printed: by its label, by what was paid, by the sums that add up; None when none is
    named."""
    ranked = _ranked(page)
    return ranked[0].amount.text if ranked else None


def total_is_open(page: ReadPage) -> bool:
    """Whether another amount may be the total as well: none is named but a subtotal or one in a table, or a rival of
    another value is named nearly as clearly, and nothing that was paid or adds up decides."""
    ranked = _ranked(page)
    if not ranked:
        return True
    best = ranked[0]
    rivals = (other for other in ranked if other.amount.value != best.amount.value)
    nearest = max((other.points for other in rivals), default=None)
    is_close = nearest is not None and best.points - nearest < _CLOSE and not best.is_borne_out
    return best.points < _PLAIN or is_close


@dataclass(frozen=True, slots=True)
class _Candidate:
    points: float
    amount: "Amount"
    is_borne_out: bool


def _ranked(page: ReadPage) -> list[_Candidate]:
    """The amounts that may be the total, the likeliest first."""
    amounts = _amounts(page)
    scored = [
        (points, _borne_out(amount, amounts), amount)
        for amount in amounts
        if (points := _points(amount) or _rounded(amount, amounts))
    ]
    largest = max((amount.value for *_, amount in scored), default=None)
    found = [
        _Candidate(points + borne_out + _LARGEST * (amount.value == largest), amount, borne_out > 0)
        for points, borne_out, amount in scored
    ]
    return sorted(found, key=lambda candidate: -candidate.points)


def _amounts(page: ReadPage) -> list[Amount]:
    rows = segments_of(page.upright_lines)
    has_cents = sum(bool(_CENTS.search(s.text)) for row in rows for s in row) >= 2
    pattern = _CENTS if has_cents else _WHOLE
    found: list[Amount] = []
    above = ""
    in_summary = False
    for row in rows:
        in_row = list(_in_row(row, pattern))
        words = normalised(" ".join(segment.text for segment in row))
        in_summary = in_summary or (holds(words, "sums summaries") and not holds(words, "titles"))
        alone = len(in_row) == 1
        for label, text, value, places in in_row:
            nearest = normalised(label or above)
            found.append(Amount(text, value, nearest, words if alone else "", places, alone, in_summary))
        above = "" if in_row else row[0].text
    return found


@cache
def _currency() -> str:
    return rf"(?:{alternatives('currencies')})"


def _in_row(row: Sequence[Segment], pattern: re.Pattern[str]) -> Iterator[tuple[str, str, Decimal, int]]:
    """Label, text, value and decimals of each amount of a row; the label is the nearest text before it."""
    label = ""
    for segment in row:
        end = 0
        for match in pattern.finditer(segment.text):
            before = re.sub(
                rf"{_currency()}\s*[-:]*\s*$", "", segment.text[end : match.start()], flags=re.IGNORECASE
            )
            if any(c.isalpha() for c in before):
                label = before
            text = _with_currency(segment.text, match.start(), match.end())
            whole, cents = re.sub(r"\D", "", match[1]), match[2] if pattern is _CENTS else ""
            yield label, text, Decimal(f"{whole}.{cents or 0}"), len(cents)
            end = match.end()
        if any(c.isalpha() for c in segment.text[end:]):
            label = segment.text[end:]


def _with_currency(text: str, start: int, end: int) -> str:
    before = re.search(rf"(?<![^\W\d_]){_currency()}\s?$", text[:start], re.IGNORECASE)
    after = re.match(rf"\s?{_currency()}(?![^\W\d_])", text[end:], re.IGNORECASE)
    return text[before.start() if before else start : end + (after.end() if after else 0)].strip()


def _points(amount: Amount) -> float:
    """How much the words before an amount say that it is the total; 0 when they do not."""
    return _label_points(amount, amount.label) or (
        _label_points(amount, amount.row) if amount.stands_alone else 0.0
    )


def _rounded(amount: Amount, amounts: Sequence[Amount]) -> float:
    """Points of an amount that is only called rounded, where that was paid."""
    return _PLAIN if holds(amount.label, "sums rounding") and _was_paid(amount, amounts) else 0.0


def _label_points(amount: Amount, label: str) -> float:
    is_part = _names(label, "subtotal") and not holds(label, "sums last")
    is_last, is_including = holds(label, "sums last"), holds(label, "sums including")
    is_total = _names(label, "total") or is_part
    if not (is_total or (is_last and is_including)) or _is_other(label, is_including, is_last):
        return 0.0
    points = _LAST * is_last + _INCLUDING * is_including + (_PART if is_part else _PLAIN)
    return (points or 0.1) - _IN_TABLE * (not amount.stands_alone) - 2 * _IN_TABLE * amount.in_summary


def _is_other(label: str, is_including: bool, is_last: bool) -> bool:
    """Whether words name another sum than the total: tax, change, a quantity, what is without tax."""
    return (
        holds(label, "sums excluding")
        or any(_names(label, name) for name in ("quantity", "change", "discount", "tax rate"))
        or ("%" in label and not is_including)
        or (_names(label, "tax") and not is_including)
        or ((holds(label, "sums apart") or holds(label, "sums rounding")) and not is_last)
    )


def _names(label: str, concept: str) -> bool:
    """Whether a text has a label of the concept among its words; one misread character is forgiven."""
    spaced = f" {label} "
    for known in concepts()[concept].labels:
        if f" {known} " in spaced or (not known.isascii() and len(known) > 1 and known in label):
            return True
    return concept == "total" and any(
        len(word) >= 4 and fuzz.ratio(word, "total") >= _MISREAD for word in label.split()
    )


def _borne_out(amount: Amount, amounts: Sequence[Amount]) -> float:
    """Points for what other amounts of the page say: paid less change, paid by card, subtotal with tax."""
    sums = {
        s.value + t.value
        for s in amounts
        if _names(s.label, "subtotal")
        for t in amounts
        if t.value and _names(t.label, "tax")
    }
    return _PAID * _was_paid(amount, amounts) + _ADDS_UP * (amount.value in sums)


def _was_paid(amount: Amount, amounts: Sequence[Amount]) -> bool:
    paid = {a.value for a in amounts if _names(a.label, "cash") or holds(a.label, "sums payments")}
    change = {a.value for a in amounts if _names(a.label, "change")}
    return any(p - c == amount.value for p in paid for c in change | {Decimal(0)})
