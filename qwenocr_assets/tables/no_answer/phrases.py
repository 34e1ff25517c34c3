"""What models say instead of an answer, in the languages of `phrases.toml`."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from unicodedata import category, normalize

_FILE = "phrases.toml"
_SAME_SENTENCE = r"[^.!?。！？]{0,60}?"
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`", "'"))
_SPACED = re.compile(r"[a-z\u0400-\u052f]")
"""Letters of alphabets whose words have edges that can be told: a phrase begins where a word does."""


def folded(text: str) -> str:
    """A text as phrases are compared: without case, accents and vowel signs, white space single."""
    if text.isascii():
        return " ".join(text.translate(_APOSTROPHES).casefold().split())
    bare = (c for c in normalize("NFKD", text.translate(_APOSTROPHES)) if category(c) != "Mn")
    return " ".join("".join(bare).casefold().split())


class Phrases:
    """The phrases of one language: each list as a pattern for folded text."""

    __slots__ = (
        "asked",
        "cannot",
        "closes",
        "here",
        "language",
        "model",
        "no_table",
        "nothing",
        "sorry",
        "thinks",
        "what",
    )

    def __init__(self, language: str, lists: dict[str, list[str]]) -> None:
        self.language = language
        self.sorry = pattern_of(lists["sorry"])
        self.cannot = pattern_of(lists["cannot"])
        self.asked = pattern_of(lists["asked"])
        self.model = pattern_of(lists["model"])
        self.nothing = pattern_of(lists["nothing"])
        self.no_table = pattern_of(lists["no_table"])
        self.thinks = pattern_of(lists["thinks"])
        self.what = pattern_of(lists["what"])
        self.here = pattern_of(lists["here"])
        self.closes = pattern_of(lists["closes"])


@cache
def languages() -> tuple[Phrases, ...]:
    """The phrases of every language."""
    source = files(__package__).joinpath(_FILE).read_text(encoding="utf-8")
    return tuple(Phrases(name, lists) for name, lists in tomllib.loads(source).items())


def pattern_of(phrases: list[str]) -> re.Pattern[str]:
    """Any of some phrases, for folded text."""
    return re.compile("|".join(map(_phrase, sorted(phrases, key=len, reverse=True))))


def _phrase(phrase: str) -> str:
    written = folded(phrase)
    edge = r"(?<!\w)" if _SPACED.match(written) else ""
    return edge + _SAME_SENTENCE.join(re.escape(part.strip()) for part in written.split("*"))
