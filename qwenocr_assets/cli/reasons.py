"""Why documents, pages and answers were not read, in one line per reason: names first, codes left to SQL."""

import re
from collections.abc import Iterable, Iterator, Mapping

from qwenocr_assets.errors import without_code

_SCRIPT = re.compile(r"The page is written in (?P<script>.+?), which the embedded engine cannot read")
_MOST_NAMES = 3
_END_OF_SENTENCE = re.compile(r"(?<=[.!?…]) (?=[\"“(]?[A-Z0-9`])")


def told_reasons(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A line for each reason, from pairs of a document's name and its reason; a document counts once in a line.

    Pages in scripts that the embedded engine cannot read as it is installed are one reason.
    """
    scripts: dict[str, None] = {}
    unreadable: dict[str, None] = {}
    places: dict[str, dict[str, None]] = {}
    for name, reason in told:
        if found := _SCRIPT.search(reason):
            scripts[found["script"]] = unreadable[name] = None
        else:
            places.setdefault(_first_sentence(without_code(reason)), {})[name] = None
    if unreadable:
        number = len(unreadable)
        documents = _names(unreadable) if number == 1 else f"{number:,} documents"
        yield f"{documents} in {', '.join(sorted(scripts))}: run `make scripts`, or use a cloud region"
    for reason, names in places.items():
        yield f"{_names(names)}: {reason}"


def _names(names: Mapping[str, None]) -> str:
    shown = list(names)[:_MOST_NAMES]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _first_sentence(reason: str) -> str:
    return _END_OF_SENTENCE.split(" ".join(reason.split()), maxsplit=1)[0]
