"""The text of an answer without what the model wraps around it."""

import re

_OPENING = re.compile(
    r"\s*```(?:(?:json|html|latex|tex|text|txt|plaintext|markdown|md|xml)\b)?[ \t]*\r?\n?", re.IGNORECASE
)
_CLOSING = re.compile(r"(?:```|\n`{1,2})\Z")
_FENCE = "```"


def storable(text: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair (from a torn JSON escape) becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def unfenced(text: str) -> str:
    """The answer inside its code fence, or the whole answer when it does not start with a fence.

    The service fences JSON, HTML and LaTeX (the product guide, section Table parsing and others), and sometimes
    closes the fence on the last line of content. A fence further down belongs to the content.
    """
    text = storable(text)
    opening = _OPENING.match(text)
    if opening is None:
        return text
    return _CLOSING.sub("", text[opening.end() :].rstrip())


def fence_left_open(text: str) -> bool:
    """Whether the answer starts with a code fence that is never closed, or is no more than the start of one."""
    if text.strip() in ("`", "``"):
        return True
    opening = _OPENING.match(text)
    return opening is not None and _FENCE not in text[opening.end() :]
