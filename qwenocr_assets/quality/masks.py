"""Values of which a part is hidden on purpose, as in `4107281991****5515`; each sign of a mask hides one character."""

import re
from collections.abc import Callable, Iterator

MASK = re.compile(r"[*＊•●×]{2,}|(?<![A-Za-z])[xX]{3,}(?![A-Za-z])")


def is_masked(value: str) -> bool:
    """Whether a part of the value is hidden."""
    return MASK.search(value) is not None


def hidden_count(value: str) -> int:
    """How many characters are hidden."""
    return sum(len(mask[0]) for mask in MASK.finditer(value))


def filled(visible: Callable[[str], str], masked: str, hidden: Iterator[str]) -> str:
    """A masked value with what is visible and each sign of its masks replaced."""
    parts, end = [], 0
    for mask in MASK.finditer(masked):
        parts += [visible(masked[end : mask.start()]), *(next(hidden) for _ in mask[0])]
        end = mask.end()
    return "".join([*parts, visible(masked[end:])])
