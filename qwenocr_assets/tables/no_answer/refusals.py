"""Refusals, apologies and thoughts that came where the text of a page was asked for.

Found by the phrases of many languages and by structure together: a refusal *is* the answer, in a sentence or two that
begin with it, spoken by one who was asked to look at a picture. A letter that apologises has an address above or a
signature below, and speaks of other things.
"""

import re

from qwenocr_assets.tables.no_answer.phrases import Phrases, folded, languages

REFUSED = "the model refused: {}"
SPEAKS_OF_IT = "the model speaks of the page instead of reading it: {}"
THINKS = "the model thinks aloud instead of answering: {}"

_LONGEST = 1500
"""Characters of the longest refusal; models that say no add advice, but no page."""
_HEAD = 240
"""Characters in which a refusal has said what it is."""
_BEGINS = 24
"""Characters that may stand before the first telling words: "Hello! ", "Note: "."""
_LABEL = re.compile(r"\A[^\w]*(?:[\w ]{1,16}[:：][^\w]*)?")
_ENDS = ".!?:;,。！？：；…،؟।"
_LISTED = re.compile(r"(?:[-*•·]|\d{1,2}[.)])\s")
_LONGEST_QUOTED = 80


def refusal(text: str) -> str | None:
    """Why the words of an answer, markup removed, are a refusal or no more than thoughts; None where they are none."""
    head = _begin(text)
    if len(text) <= _LONGEST and _is_speech(text):
        for phrases in languages():
            if _refuses(head, phrases):
                return REFUSED.format(quoted(text))
    for phrases in languages():
        thought = phrases.thinks.match(head)
        if thought and phrases.asked.search(head, thought.end()):
            return THINKS.format(quoted(text))
    return None


# fmt: off
_NOTHING = frozenset((
    "", "none", "n/a", "null", "nil", "undefined", "nothing", "blank", "empty", "sorry", "no text",
    "keine", "nichts", "aucun", "rien", "ninguno", "nada", "nessuno", "niente", "nenhum", "нет",
    "无", "無", "なし", "空白", "없음", "لا يوجد",
))
# fmt: on
"""What says as a whole answer that there is nothing."""
_BESIDE = " .()[]<>{}*…!。'\""
_EMPTY_JSON = re.compile(r"\s*(?:\[\s*\]|\{\s*\})\s*")
"""The answer of a page without text, where one is given as JSON."""


def speaks_of_the_page(text: str) -> str | None:
    """Why the words of an answer are a remark on the picture ("There is no text in the image."); None if not."""
    return _remark(text, [phrases.nothing for phrases in languages()])


def says_nothing(text: str) -> str | None:
    """Why an answer of a word is none: it says that there is nothing (`None`, `[blank]`), or leaves it at dots."""
    is_word = bool(text.strip()) and len(text) <= _BEGINS and not _EMPTY_JSON.fullmatch(text)
    return SPEAKS_OF_IT.format(quoted(text)) if is_word and folded(text).strip(_BESIDE) in _NOTHING else None


def says_there_is_no_table(text: str) -> bool:
    """Whether an answer says in one sentence that there is no table."""
    return _remark(text, [phrases.no_table for phrases in languages()]) is not None


def _remark(text: str, patterns: list[re.Pattern[str]]) -> str | None:
    if len(text) > _HEAD or "\n" in text.strip():
        return None
    head = _begin(text)
    return SPEAKS_OF_IT.format(quoted(text)) if any(pattern.match(head) for pattern in patterns) else None


def _begin(text: str) -> str:
    """The first words, folded, without the label or sign before them."""
    head = folded(text[: 2 * _HEAD])
    return head[_LABEL.match(head).end() :][:_HEAD]  # type: ignore[union-attr]  # the pattern matches nothing too


def _refuses(head: str, phrases: Phrases) -> bool:
    apology = phrases.sorry.search(head, 0, _BEGINS)
    refused = phrases.cannot.search(head)
    if refused is None:
        return False
    if apology is None and refused.start() > _BEGINS:
        named = phrases.model.search(head)
        return named is not None and named.start() <= _BEGINS
    return phrases.asked.search(head) is not None or phrases.model.search(head) is not None


def _is_speech(text: str) -> bool:
    """Whether every line ends like a sentence or is an item of a list: no address, no signature, no heading."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return bool(lines)
    return all(line[-1] in _ENDS or _LISTED.match(line) for line in lines) and not lines[-1].endswith(",")


def quoted(text: str) -> str:
    """The begin of an answer, as messages quote it."""
    said = " ".join(text.split())
    return f"“{said if len(said) <= _LONGEST_QUOTED else said[:_LONGEST_QUOTED].rstrip() + '…'}”"
