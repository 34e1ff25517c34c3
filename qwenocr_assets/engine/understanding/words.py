"""Words that documents use beside labels: legal forms, titles, streets, currencies, months; data in `words.json`."""

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from rapidfuzz import fuzz, process

from qwenocr_assets.engine.understanding.labels import normalised


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(files(__package__).joinpath("words.json").read_text("utf-8"))
    return data


@cache
def words(kind: str) -> frozenset[str]:
    """The words of a kind, normalised as labels are; a kind within another one is "sums last"."""
    group, _, part = kind.partition(" ")
    data = _data()
    listed = data[kind] if kind in data else data[group][part]
    return frozenset(normalised(word) for word in listed)


_MISREAD = 88.0
"""Similarity from which a longer word is taken for one of a kind, with a character misread."""
_LONG = 6
_ALIKE = str.maketrans("l1|0", "iiio")
"""Signs that print takes for one another."""


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    """Any of the words; those of scripts that space words have to stand by themselves."""
    known = sorted(words(kind), key=len, reverse=True)
    return re.compile("|".join(_standing(word.translate(_ALIKE)) for word in known))


def _standing(word: str) -> str:
    spaced = all(ord(c) < 0x2E80 for c in word)
    return rf"(?<!\w){re.escape(word)}(?!\w)" if spaced else re.escape(word)


def holds(text: str, kind: str) -> bool:
    """Whether a text, normalised as labels are, has a word of the kind, allowing for a misread character."""
    if _pattern(kind).search(text.translate(_ALIKE)) is not None:
        return True
    long = [word for word in text.split() if len(word) >= _LONG]
    return any(
        process.extractOne(word, words(kind), scorer=fuzz.ratio, score_cutoff=_MISREAD) for word in long
    )


def alternatives(kind: str) -> str:
    """The words as they are printed, as alternatives of a regular expression, the longest first."""
    return "|".join(re.escape(word) for word in _longest_first(_data()[kind]))


def _longest_first(listed: Iterable[str]) -> list[str]:
    return sorted(listed, key=len, reverse=True)
