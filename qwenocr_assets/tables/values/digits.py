"""Digits with separators → the numbers they may mean. `typed_values` has the table of what is read how."""

import re
from typing import Final

from qwenocr_assets.tables.values.currencies import Currency

Readings = tuple[str, ...]
"""Digits with at most a decimal point. One reading, or two: where `.` is the decimal point, and where `,` is; of these
one may be empty, which is no number."""

_SEPARATOR: Final = re.compile(r"[^0-9]")
_SPACES: Final = " \u00a0"
MOST_UNGROUPED_DIGITS: Final = 15


def readings(written: str, currency: Currency | None) -> Readings:
    """What digits with separators may mean where nothing around them says how numbers are written."""
    separators = _SEPARATOR.findall(written)
    if not separators:
        return (written,) if _is_count(written) else ()
    kinds = list(dict.fromkeys(separators))
    if "٫" in kinds or "٬" in kinds:
        return declared(written.replace("٬", ",").replace("٫", "."), ".") if _is_arabic(kinds) else ()
    groups = _SEPARATOR.split(written)
    if not all(groups[1:]):
        return ()
    if len(kinds) > 2 or (len(kinds) == 2 and separators.index(kinds[1]) != len(separators) - 1):
        return ()
    if len(kinds) == 2:
        is_number = kinds[1] in ".," and is_grouped(groups[:-1], kinds[0])
        return (f"{''.join(groups[:-1])}.{groups[-1]}",) if is_number else ()
    return _one_kind(kinds[0], groups, currency)


def _is_arabic(kinds: list[str]) -> bool:
    """Whether ARABIC DECIMAL and THOUSANDS SEPARATOR stand as what they are, at most with commas between thousands."""
    return kinds in (["٬"], ["٫"], ["٬", "٫"], [",", "٫"])


def _one_kind(separator: str, groups: list[str], currency: Currency | None) -> Readings:
    """The readings where all separators are the same."""
    joined = "".join(groups)
    grouped = is_grouped(groups, separator)
    if separator not in ".,":
        # a plain space may as well stand between two numbers
        return (joined,) if grouped and (separator != " " or currency) else ()
    if len(groups) > 2:
        # 1.234.567 is a section, a version or a telephone number as well
        if separator == ".":
            return ((joined,) if currency else ("", joined)) if grouped else ()
        return (joined,) if grouped else ()
    whole, rest = groups
    decimal = f"{whole or '0'}.{rest}" if not whole or _is_count(whole) else ""
    if not grouped:
        if separator == "." or not whole or whole == "0" or len(rest) == 2 or currency or len(whole) > 3:
            return (decimal,) if decimal else ()
        return ("", decimal) if decimal else ()  # 1,5: a decimal, or a list of two
    if currency and (currency.decimals == 0 or (separator == "," and currency.groups_by_comma)):
        return (joined,)
    return (decimal, joined) if separator == "." else (joined, decimal)


def declared(written: str, decimal: str) -> Readings:
    """The one reading, or none, of digits where the decimal point is known."""
    whole, point, rest = written.partition(decimal)
    groups = _SEPARATOR.split(whole)
    separators = set(_SEPARATOR.findall(whole))
    if len(separators) > 1 or (point and not rest.isdigit()):
        return ()
    if not whole:
        return (f"0.{rest}",)
    if not all(groups) or not (is_grouped(groups, separators.pop()) if separators else _is_count(whole)):
        return ()
    return (f"{''.join(groups)}.{rest}" if rest else "".join(groups),)


def shows(written: str, is_measured: bool) -> str | None:
    """The decimal point that digits show by themselves: `.`, `,` or None.

    `is_measured` says that a currency or a percent sign stands beside them, so that `1,5` is no list of two.
    """
    separators = _SEPARATOR.findall(written)
    groups = _SEPARATOR.split(written)
    if not separators or not all(groups) or not set(separators) <= set(".,'" + _SPACES):
        return None
    first, last = separators[0], separators[-1]
    if first != last or first not in ".,":
        return last if last in ".," and is_grouped(groups[:-1], first) else None
    if len(groups) > 2:
        return "." if first == "," and is_grouped(groups, ",") else None
    whole, rest = groups
    if not _is_count(whole) or is_grouped(groups, first):
        return None
    return first if first == "." or whole == "0" or len(rest) == 2 or is_measured else None


def _is_count(digits: str) -> bool:
    return digits == "0" or (digits[0] != "0" and len(digits) <= MOST_UNGROUPED_DIGITS)


def is_grouped(groups: list[str], separator: str) -> bool:
    """Whether digits are set off in groups of three, or by commas as lakh and crore are: 1,23,45,678."""
    first, *others, last = groups
    if not first or first[0] == "0" or len(first) > 3 or len(last) != 3:
        return False
    if all(len(group) == 3 for group in others):
        return True
    return separator == "," and len(first) <= 2 and all(len(group) == 2 for group in others)
