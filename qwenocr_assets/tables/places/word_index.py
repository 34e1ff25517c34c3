"""Which lines hold a word: what ends looking through all the text of a page for every value."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from qwenocr_assets.tables.places.likeness import is_unspaced

_ASCII_WORDS = re.compile(r"[a-z]+|[0-9]+")
_WORDS = re.compile(r"[^\W\d_]+|\d+")


class WordIndex:
    """The words and numbers of a page's normalised lines, each with the lines it stands in."""

    def __init__(self, texts: Iterable[str]) -> None:
        # A line by itself stands for a list of one: most numbers stand in one line, and lists cost the collector.
        self._lines_of: dict[str, int | list[int]] = {}
        for index, text in enumerate(texts):
            for written in text.split():
                self._add(written, index)
        for written in [written for written in self._lines_of if not _is_word(written)]:
            lines = self._lines_of.pop(written)
            for word in _words(written):
                for index in (lines,) if isinstance(lines, int) else lines:
                    self._add(word, index)

    def _add(self, word: str, index: int) -> None:
        known = self._lines_of.get(word)
        if known is None:
            self._lines_of[word] = index
        elif isinstance(known, int):
            self._lines_of[word] = [known, index]
        else:
            known.append(index)

    def lines_with(self, text: str) -> Sequence[int] | None:
        """The lines that may hold a normalised text standing by itself: those with its rarest word; ascending.

        None for a text without a word that could be looked up: Han and kana have no edges.
        """
        rarest: Sequence[int] | None = None
        for word in _words(text):
            lines = self._lines_of.get(word, ())
            if isinstance(lines, int):
                return (lines,)
            if rarest is None or len(lines) < len(rarest):
                rarest = lines
        return sorted(set(rarest)) if rarest else rarest


def _is_word(written: str) -> bool:
    return written.isascii() and (written.isalpha() or written.isdigit())


def _words(text: str) -> list[str]:
    """Runs of letters of scripts that separate words, and of digits, cut where `stands_alone` sees an edge."""
    if text.isascii():
        return _ASCII_WORDS.findall(text)
    words: list[str] = []
    for run in _WORDS.findall(text):
        if run.isascii():
            words.append(run)
        else:
            pieces = groupby(run, key=lambda char: (char.isalpha(), char.isdigit(), is_unspaced(char)))
            words += ["".join(piece) for (letters, _, unspaced), piece in pieces if letters and not unspaced]
    return words
