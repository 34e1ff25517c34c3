"""Numbers as they stand in tables: what tells rows of values from wrapped text."""

import re

_DIGITS = r"\d[\d.,:'/]*"
_NUMBER = re.compile(
    rf"[^\w\s]{{0,3}}\s?{_DIGITS}\s?(?:[^\w\s]{{0,4}}|[A-Za-z]{{1,2}})|[-–—.]+|\*+|n/?a", re.IGNORECASE
)
_LONG_NUMBER = re.compile(r"[^\w\s]{0,2}(?:\d{1,3}(?:[.,]\d+)+|\d{4,})[^\w\s]{0,2}")


def is_value(text: str) -> bool:
    """Whether a piece of text is a value: numbers with what may stand around them, or a sign for none."""
    return all(_NUMBER.fullmatch(word) for word in text.split())


def is_several_numbers(text: str) -> bool:
    """Whether a piece is two or more numbers beside each other; `10 000` is one."""
    words = text.split()
    return len(words) > 1 and all(_LONG_NUMBER.fullmatch(word) for word in words)
