"""The text of an answer without what the model wraps around it: thoughts, words of introduction, code fences."""

import re

from qwenocr_assets.tables.no_answer.phrases import folded, languages

_OPENING = re.compile(
    r"\s*```(?:(?:json|html|latex|tex|text|txt|plaintext|markdown|md|xml|csv|tsv|ocr)\b)?[ \t]*\r?\n?",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"(?:```|\n`{1,2})\Z")
_FENCE = "```"
_FENCE_LINE = re.compile(r"^[ \t]*```", re.MULTILINE)

_THOUGHT_BEGINS = re.compile(
    r"\s{0,80}(?:<(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad)>|\[think\]|◁think▷"
    r"|<\|(?:begin_of_thought|think)\|>)",
    re.IGNORECASE,
)
_THOUGHT_ENDS = re.compile(
    r"(?:</(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad)>|\[/think\]"
    r"|◁/think▷|<\|(?:end_of_thought|/think)\|>)\s*",
    re.IGNORECASE,
)
_MARKED_ANSWER = re.compile(
    r"\s*<(?P<tag>answer|output|result|response|ocr)>(?P<said>.*)</(?P=tag)>\s*\Z", re.IGNORECASE | re.DOTALL
)

_TURN_BEGINS = re.compile(
    r"\s*(?:<\|(?:im_start|start_header_id)\|>)?\s*"
    r"(?:<\|assistant\|>|assistant\s*(?:\n|<\|end_header_id\|>))?\s*"
)
_TURN_ENDS = re.compile(
    r"(?:<\|(?:im_end|endoftext|eot_id|end_of_text|end|im_start)\|>|</s>\s*\Z|<｜end▁of▁sentence｜>)"
)
"""Signs of a chat template that a model writes out: what stands behind the end of its turn is nobody's answer."""

_LONGEST_INTRODUCTION = 300
_LONGEST_REMARK = 300
_STRUCTURED = ("<", "{", "[", "\\", "|")
_INTRODUCTION = re.compile(r"(?:[^\n]{0,40}[!！.。,，][ \t\r]{0,8}\n\s{0,8})?[^\n]{1,300}[:：]\**[ \t\r]*\n")
"""A line that ends with a colon, maybe with a "Sure!" above."""


def storable(text: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair (from a torn JSON escape) becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def unfenced(text: str) -> str:
    """The answer inside its code fence, or the whole answer where it has none; thoughts and introductions stepped over.

    The service fences JSON, HTML and LaTeX (the product guide, section Table parsing and others), and sometimes
    closes the fence on the last line of content. A fence further down belongs to the content, unless the words above
    it only introduce it.
    """
    text = without_thoughts(storable(text))
    body = _introduced(text)
    opening = _OPENING.match(body)
    if opening is not None:
        return _CLOSING.sub("", _without_remark(body[opening.end() :]).rstrip())
    return body if body is text else _without_last_words(body)


def without_thoughts(text: str) -> str:
    """The answer behind the model's marked thoughts; empty where it never comes out of them.

    Chat templates that open the thought themselves leave only its end in the answer.
    """
    if "<|" in text or "</s>" in text or "<｜" in text:
        text = _own_turn(text)
    at = 0
    while (begins := _THOUGHT_BEGINS.match(text, at)) is not None:
        ends = _THOUGHT_ENDS.search(text, begins.end())
        if ends is None:
            return ""
        at = ends.end()
    if at:
        text = text[at:]
    if "/think" in text:
        ends = _THOUGHT_ENDS.search(text)
        if ends is not None and _THOUGHT_BEGINS.search(text, 0, ends.start()) is None:
            text = text[ends.end() :]
    marked = _MARKED_ANSWER.match(text) if text.lstrip()[:2].lower() in ("<a", "<o", "<r") else None
    return text if marked is None else marked["said"]


def _own_turn(text: str) -> str:
    """The model's own turn, where it wrote the signs around it out."""
    if text.lstrip().startswith(("<|im_start|>", "<|start_header_id|>", "<|assistant|>")):
        text = text[_TURN_BEGINS.match(text).end() :]  # type: ignore[union-attr]  # the pattern matches nothing too
    ends = _TURN_ENDS.search(text)
    return text if ends is None else text[: ends.start()]


def goes_on_behind_its_turn(text: str) -> bool:
    """Whether a model that ended its turn wrote on all the same."""
    own = _own_turn(text) if "<|" in text or "<｜" in text else text
    return own is not text and bool(_SIGN.sub("", text[text.find(own) + len(own) :]).strip())


_SIGN = re.compile(r"<[|｜][^<>|｜\s]{1,24}[|｜]>|</s>")


def fence_left_open(text: str) -> bool:
    """Whether the answer starts with a code fence that is never closed, or is no more than the start of one."""
    if text.strip() in ("`", "``"):
        return True
    body = _introduced(without_thoughts(text))
    opening = _OPENING.match(body)
    return opening is not None and _FENCE not in body[opening.end() :]


def _introduced(text: str) -> str:
    """The text behind words that only introduce it ("Here is the table:"); itself where there are none."""
    begin = text.lstrip()
    if begin.startswith((*_STRUCTURED, _FENCE)):
        return text
    fence = _FENCE_LINE.search(text, 0, len(text) - len(begin) + _LONGEST_INTRODUCTION)
    if fence is not None and _introduces(text[: fence.start()]):
        return text[fence.start() :]
    colon = _INTRODUCTION.match(begin)
    if colon is not None and begin[colon.end() :].strip() and _introduces(colon[0]):
        return begin[colon.end() :]
    return text


def _introduces(words: str) -> bool:
    if not words.strip() or len(words) > _LONGEST_INTRODUCTION:
        return False
    said = folded(words).lstrip("*#> ")
    return any(phrases.here.match(said) and phrases.what.search(said) for phrases in languages())


def _without_remark(fenced: str) -> str:
    """What stands behind an opening fence, without the model's remark behind the closing one."""
    at = fenced.rfind(_FENCE)
    if at < 0:
        return fenced
    end = at + len(_FENCE)
    return fenced[:end] if _closes(fenced[end:]) else fenced


def _without_last_words(text: str) -> str:
    """An introduced text without the polite paragraph behind it."""
    body, gap, last = text.rstrip().rpartition("\n\n")
    return body if gap and body.strip() and _closes(last) else text


def _closes(words: str) -> bool:
    said = folded(words).lstrip("*#> ")
    if not said or len(said) > _LONGEST_REMARK:
        return False
    return any(phrases.closes.match(said) or phrases.here.match(said) for phrases in languages())
