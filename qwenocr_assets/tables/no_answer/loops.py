"""One thing said over and over: a model that has lost its way, even where it then ends by itself.

Looked for among the lines, table rows and list items of an answer, and among the words of long ones. Real pages repeat
themselves too (a column of zeros, a sheet of labels), so short things may come more often than long ones.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from operator import eq

_UNITS = re.compile(r"\n|<tr\b|\{|\\\\|</li>", re.IGNORECASE)
_NUMBERED = re.compile(r"\A\s*(?:\d{1,5}\s*[.):、]|[-*•])\s*")
_MARKUP = re.compile(r"</?[a-z][^<>]*>|\\[a-z]+|[\s\"'&|,{}\[\]:]+", re.IGNORECASE)
_LONGEST_PERIOD = 32
_FEWEST = 12
"""Times over that make a loop of something that says something."""
_TELLING = 8
"""Letters and digits of something that says something; three where letters are words."""
_FEWEST_SHORT = 24
"""Times over of a short word; a list may say "Yes" in each of twenty rows."""
_FEWEST_DIGITS = 60
_FEWEST_BLANK = 100
_LEAST_SIGNS = 1000
"""Characters of a row of dots or lines that no page has."""
_LONG = 240
"""Characters of a unit that is looked into."""
_PATIENCE_WITH_PLACES = 4
"""How many times more often the same line may stand at different places of a page."""
_MOST_UNITS = 20_000
"""Units that are looked at from the beginning, and from the end."""
_LONGEST_QUOTED = 40


def loop(text: str) -> str | None:
    """What an answer says over and over, as a reason; None where nothing is."""
    units = [short for unit in _UNITS.split(text) if (short := _NUMBERED.sub("", unit).strip())]
    found = _repeated(units, " ")
    for unit in units:
        if found is None and len(unit) > _LONG:
            words = unit.split()
            found = _repeated(words, " ")
            if found is None and len(words) * 16 < len(unit):  # a script without spaces
                found = _repeated(unit, "")
    return found


def loop_of_lines(lines: Sequence[tuple[str, object]]) -> str | None:
    """As `loop`, for lines that have places: at the same place a line is said once, elsewhere it may come again."""
    in_place = _repeated([f"{text}\0{place}" for text, place in lines], " ")
    return in_place or _repeated([text for text, _ in lines], " ", patience=_PATIENCE_WITH_PLACES)


def _repeated(units: Sequence[str], glue: str, patience: int = 1) -> str | None:
    """A run of units that comes over and over, as a reason."""
    if len(units) > 2 * _MOST_UNITS:
        begin, end = units[:_MOST_UNITS], units[-_MOST_UNITS:]
        return _repeated(begin, glue, patience) or _repeated(end, glue, patience)
    if len(units) < _FEWEST or Counter(units).most_common(1)[0][1] < _FEWEST:
        return None
    for period in range(1, min(_LONGEST_PERIOD, len(units) // _FEWEST) + 1):
        at = 0
        for same, run in groupby(map(eq, units, units[period:])):
            length = sum(1 for _ in run)
            times = length // period + 1
            if same and times >= _FEWEST:
                run_of = units[at : at + period]
                said = glue.join(run_of)
                if times >= patience * _times_needed(said) and not _repeats_itself(run_of):
                    return f"the same comes {times} times over: “{_quoted(said)}”"
            at += length
    return None


def _repeats_itself(units: Sequence[str]) -> bool:
    return any(
        len(units) % part == 0 and units[:-part] == units[part:] for part in range(1, len(units) // 2 + 1)
    )


def _times_needed(said: str) -> int:
    shown = _MARKUP.sub("", said)
    signs = sum(map(str.isalnum, shown))
    letters = sum(map(str.isalpha, shown))
    if signs >= _TELLING or (letters >= 3 and not shown.isascii()):
        return _FEWEST
    if letters >= (3 if shown.isascii() else 2):
        return _FEWEST_SHORT
    if signs:
        return _FEWEST_DIGITS
    return max(_LEAST_SIGNS // len(shown), _FEWEST) if shown else _FEWEST_BLANK


def _quoted(said: str) -> str:
    said = " ".join(said.partition("\0")[0].split())
    return said if len(said) <= _LONGEST_QUOTED else said[:_LONGEST_QUOTED].rstrip() + "…"
