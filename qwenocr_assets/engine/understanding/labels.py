"""What labels mean: the same thing has many names, in many languages, kept as data in `labels.json`."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from unicodedata import combining, normalize

from rapidfuzz import fuzz, process

_KNOWN = 88.0
"""From this similarity on (0 to 100), a label is one of a concept's labels, allowing for a misread character."""
_BROADER = 84.0
"""Score of a match between a narrow and its broader concept: "date" on the page for "invoice date"."""
_OTHER_CONCEPT = 60.0
"""Most that labels of two different concepts can score, however alike they look: "subtotal" and "total"."""

_ABBREVIATIONS = {
    "no": "number",
    "nr": "number",
    "num": "number",
    "n": "number",
    "#": "number",
    "num.": "number",
    "amt": "amount",
    "qty": "quantity",
    "tel": "phone",
    "ph": "phone",
    "inv": "invoice",
    "addr": "address",
    "acct": "account",
    "cust": "customer",
    "desc": "description",
}

_KINDS: dict[str, Callable[[str], bool]] = {
    "date": lambda value: bool(re.search(r"\d", value)),
    "number": lambda value: bool(re.search(r"\d", value)),
    "email": lambda value: "@" in value,
}


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that documents name: its labels in many languages, normalised."""

    name: str
    labels: tuple[str, ...]
    broader: str | None
    kind: str | None
    """What a value must look like: date, number (has a digit) or email; None for any text."""


def normalised(label: str) -> str:
    """A label or schema key as lower-case words: no punctuation, no accents, abbreviations written out."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", label)
    text = normalize("NFKC", text.replace("№", " no ").replace("n.º", "no").replace("N.º", "no")).casefold()
    text = re.sub(r"(?<=\bn)\s?°", "o", text)
    text = "".join(c for c in normalize("NFKD", text) if not combining(c))
    words = re.sub(r"[\s_\-./:,;()\[\]*'’|]+", " ", normalize("NFC", text).replace("#", " # ")).split()
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)


def meant(label: str) -> str:
    """A label as normalised words without what stands in brackets and rates: "Sales tax (8.25%)" is a sales tax."""
    bare = re.sub(r"[(（][^()（）]*[)）]|@?\s*\d+(?:[.,]\d+)?\s?%", " ", label)
    return normalised(bare) or normalised(label)


@cache
def concepts() -> dict[str, Concept]:
    """Every known concept by its name."""
    data = json.loads(files(__package__).joinpath("labels.json").read_text("utf-8"))
    return {
        name: Concept(
            name,
            tuple(dict.fromkeys(normalised(label) for label in entry["labels"])),
            entry.get("broader"),
            entry.get("kind"),
        )
        for name, entry in data.items()
    }


@cache
def _labels() -> dict[str, tuple[str, ...]]:
    """Each known label, normalised, with the names of its concepts."""
    known: dict[str, tuple[str, ...]] = {}
    for concept in concepts().values():
        for label in concept.labels:
            known[label] = (*known.get(label, ()), concept.name)
    return known


@cache
def concepts_of(label: str) -> frozenset[str]:
    """Names of the concepts that a label (normalised) may name; empty when it is not known."""
    if label in _labels():
        return frozenset(_labels()[label])
    if len(label) < 4:  # too short to forgive a misread character
        return frozenset()
    found = process.extractOne(label, _labels().keys(), scorer=fuzz.ratio, score_cutoff=_KNOWN)
    return frozenset(_labels()[found[0]]) if found else frozenset()


def is_known(label: str) -> bool:
    """Whether a text as printed is a label that documents use."""
    return bool(concepts_of(meant(label)))


def similarity(key: str, label: str) -> float:
    """How well a label on the page (normalised) names what a schema key (normalised) asks for, 0 to 100."""
    if not key or not label:
        return 0.0
    alike = max(fuzz.ratio(key, label), fuzz.token_sort_ratio(key, label), _contained(key, label))
    wanted, given = concepts_of(key), concepts_of(label)
    if key == label or not wanted or not given:
        return alike
    if wanted & given:
        return max(alike, 96.0)
    broader = {concepts()[name].broader for name in wanted} & given
    narrower = {concepts()[name].broader for name in given} & wanted
    return _BROADER if broader or narrower else min(alike, _OTHER_CONCEPT)


def _contained(key: str, label: str) -> float:
    """One holds all words of the other ("customer", "customer name"), or ends with it where words are not spaced."""
    short, long = sorted((key.split(), label.split()), key=len)
    if len(short) < len(long) and set(short) <= set(long):
        return 70 + 25 * len(short) / len(long)
    brief, full = sorted((key, label), key=len)
    if not brief.isascii() and full.endswith(brief):
        return 70 + 25 * len(brief) / len(full)
    return 0.0


def fits(key: str, value: str) -> bool:
    """Whether a value can be what the key (normalised) asks for: a date or amount has a digit, an email an @."""
    kinds = {concepts()[name].kind for name in concepts_of(key)}
    return not kinds or any(kind is None or _KINDS[kind](value) for kind in kinds)
