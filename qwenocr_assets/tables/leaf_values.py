"""What the leaves of an answer say, decided by the leaves around where one leaves it open."""

import re
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from qwenocr_assets.schemas import asked_for
from qwenocr_assets.tables.doubts.almost import is_almost_amount, is_almost_day
from qwenocr_assets.tables.doubts.unread import is_month, is_unreadable, nearly_numbers
from qwenocr_assets.tables.headers import is_gap
from qwenocr_assets.tables.json.text import JsonNumber
from qwenocr_assets.tables.leaves import Leaf
from qwenocr_assets.tables.typed_values import TEXT, TypedValue, plain_number, typed_value
from qwenocr_assets.tables.values.amounts import LONGEST
from qwenocr_assets.tables.values.days import is_short
from qwenocr_assets.tables.values.neighbours import Neighbours, neighbours
from qwenocr_assets.tables.values.notation import NO_DAY, NO_NUMBER, TWO_READINGS, UNREADABLE, Notation
from qwenocr_assets.tables.values.written import seen

_DATE_KEY = re.compile(
    r"(?:\b|_)(?:date|dated|datum|fecha|data|dato|birthday|dob)(?:\b|_)|Date\b|日期|日付|年月日|日\Z|날짜|일자|дата|تاريخ|"
    r"ngày|วันที่|तारीख|תאריך|ημερομηνία|tarih",
    re.IGNORECASE,
)
_OF_BIRTH = re.compile(
    r"birth|born|(?:\b|_)dob(?:\b|_)|geb|naiss|nacim|nascim|nascit|рожд|生年|出生|誕生|생년|생일",
    re.IGNORECASE,
)
_EIGHT_DIGITS = re.compile(r"\d{8}")
_THREE_DECIMALS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")


def leaf_values(
    leaves: Sequence[Leaf], written: Sequence[str | None], notation: Notation
) -> list[TypedValue]:
    """What leaves say, as `typed_values` reads them; `written` are their values as written, None where there is none.

    Values of one key in one list are a column. Those that a single sign says (○ and ×) are read with all others.
    """
    found = [_typed(leaf, text, notation) for leaf, text in zip(leaves, written, strict=True)]
    still_open = [at for at, value in enumerate(found) if value.is_open]
    if still_open:
        texts = [text for text in written if text]
        signs = "".join(sign for text in texts if len(text) <= 2 and len(sign := seen(text)) == 1)
        near = _neighbours(leaves, written, texts, {_column(leaves[at]) for at in still_open})
        for at in still_open:
            found[at] = _settled(leaves[at], str(written[at]), notation, near[_column(leaves[at])], signs)
    found = [value._replace(is_open=False) if value.is_open else value for value in found]
    return _with_doubts(leaves, written, found)


def _with_doubts(
    leaves: Sequence[Leaf], written: Sequence[str | None], found: list[TypedValue]
) -> list[TypedValue]:
    """Values with what speaks against them although nothing does in themselves."""
    texts = [text or "" for text in written]

    def column(at: int) -> str | None:
        return None if leaves[at].list_index is None else _column(leaves[at])

    nearly = set(nearly_numbers(texts, [value.number for value in found], column))
    for at, (leaf, text, value) in enumerate(zip(leaves, texts, found, strict=True)):
        if not text:
            continue
        if is_unreadable(text) or _is_placeholder(leaf, text):
            found[at] = value._replace(doubt=UNREADABLE)
        elif value.doubt is None:
            found[at] = _as_asked(leaf, text, value, is_nearly=at in nearly)
    return found


_PLACEHOLDER = re.compile(r"(?:<|\{\{?|\[|\$\{)\s*([^<>{}\[\]]+?)\s*(?:>|\}\}?|\])")
_LEFT_OUT = frozenset(("...", "…", "……"))


def _is_placeholder(leaf: Leaf, text: str) -> bool:
    """Whether a value is none: `<total>` or `{{total}}` of `total`, as in an example, or dots."""
    written = text.strip() if len(text) <= LONGEST else ""
    found = _PLACEHOLDER.fullmatch(written)
    return written in _LEFT_OUT or (found is not None and _letters(found[1]) == _letters(leaf.key))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def _as_asked(leaf: Leaf, text: str, value: TypedValue, *, is_nearly: bool) -> TypedValue:
    asked = asked_for(leaf.hint)
    if value.type == "boolean" and text in _PLACES and _PLACE_KEY.search(leaf.key):
        return TEXT
    if asked == "date" and value.type != "date" and _HINT_OF_A_DAY.search(leaf.hint) and not is_gap(text):
        return TypedValue("text", doubt=NO_DAY)
    if value.type == "number" and is_month(text) and (asked == "date" or _DATE_KEY.search(leaf.key)):
        return TypedValue("text", doubt=NO_DAY)
    if value.type == "text" and (
        is_nearly or is_almost_amount(text) or (asked == "number" and not is_gap(text))
    ):
        return value._replace(doubt=NO_NUMBER)
    is_of_days = _DATE_KEY.search(leaf.key) is not None and not (text.isdigit() and leaf.key in _NO_DAYS)
    if value.type != "date" and (is_almost_day(text) or (is_of_days and _is_no_day(text))):
        return TypedValue("text", doubt=NO_DAY)
    return value


_NO_DAY = re.compile(
    r"[0-9]{1,2}([-/.])\s?[0-9]{1,2}\1\s?[0-9]{4}|[0-9]{4}([-/.])[0-9]{1,2}\2[0-9]{1,2}|[0-9]{5}|[0-9]{9,13}"
)
"""A day of three numbers whose year has four digits, of a spreadsheet, of a clock that counts seconds."""


_NO_DAYS = frozenset(("data", "Data", "DATA", "dato"))
"""Days in Italian, Portuguese and Norwegian, and anything else that is given."""


def _is_no_day(text: str) -> bool:
    """Whether a text that is not read as a day has the form of one."""
    return _NO_DAY.fullmatch(seen(text)) is not None


_PLACES = frozenset(("NO", "ON", "SI"))
"""Norway, Ontario and Slovenia, where a place is asked for."""
_PLACE_KEY = re.compile(
    r"country|nation|state|province|region|locale|lang|land\b|pays|pa[ií]s|paese|стран|国|國|省|나라|국가|code\b",
    re.IGNORECASE,
)
_HINT_OF_A_DAY = re.compile(r"D\b|DD|dd|日|날|(?i:date|datum|fecha|дата|ISO)")


def _typed(leaf: Leaf, written: str | None, notation: Notation) -> TypedValue:
    if written is None:
        return TypedValue("null")
    if isinstance(leaf.value, bool):
        return TypedValue("boolean", truth=leaf.value)
    asked = _asked(leaf, written)
    if isinstance(leaf.value, JsonNumber | int | float | Decimal) and asked != "date":
        number = plain_number(written)
        # 1.234 is what the model copied from the page
        is_open = _THREE_DECIMALS.fullmatch(written) is not None and notation.decimal is None
        if number is None:
            return (
                TEXT if written.isdigit() else TypedValue("text", doubt=NO_NUMBER)
            )  # more than a column holds
        return TypedValue("number", number=number, is_open=is_open)
    return typed_value(written, notation, asked_for=asked)


def _asked(leaf: Leaf, written: str) -> str | None:
    """What the schema asks for; of eight digits and years of two the key tells as well, `invoice_date`."""
    asked = asked_for(leaf.hint)
    if not _is_open_day(written):
        return asked
    if _OF_BIRTH.search(leaf.key) and not _EIGHT_DIGITS.fullmatch(written):
        return None if asked == "date" else asked  # the century of a birth is anybody's guess
    return "date" if asked is None and _DATE_KEY.search(leaf.key) else asked


def _is_open_day(written: str) -> bool:
    return _EIGHT_DIGITS.fullmatch(written) is not None or is_short(seen(written))


def _settled(leaf: Leaf, written: str, notation: Notation, near: Neighbours, signs: str) -> TypedValue:
    if isinstance(leaf.value, JsonNumber | float | Decimal):
        if near.widened.decimal == ",":
            return TypedValue("text", doubt=TWO_READINGS)
        return TypedValue("number", number=plain_number(written))
    asked = _asked(leaf, written)
    own = typed_value(written, notation, near.column, asked_for=asked, signs=signs)
    if own.doubt != TWO_READINGS:
        return own
    return typed_value(written, notation, near.widened, asked_for=asked, signs=signs)


def _column(leaf: Leaf) -> str:
    """The list and the key that a leaf's value stands under; outside lists a column of its own."""
    if leaf.list_index is None:
        return leaf.path
    return f"{(leaf.parent_path or '').rpartition('[')[0]}\n{leaf.key}"


def _neighbours(
    leaves: Sequence[Leaf], written: Sequence[str | None], texts: Sequence[str], columns: set[str]
) -> dict[str, Neighbours]:
    of_column: dict[str, list[str]] = defaultdict(list)
    for leaf, text in zip(leaves, written, strict=True):
        if text is not None and (column := _column(leaf)) in columns:
            of_column[column].append(text)
    return neighbours({column: of_column[column] for column in columns}, lambda: texts)
