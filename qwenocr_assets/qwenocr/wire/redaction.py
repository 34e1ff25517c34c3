"""Keeps secrets out of everything that is kept or shown, however they are spelt."""

import base64
import re
from collections.abc import Iterable

_HIDDEN = "[hidden]"
_BEARER = re.compile(r"(?i)\b(bearer\s+|authorization\W{1,6}basic\s+)[^\s\"',;\\]+")
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@\"']+@")
_SHORTEST = 6
"""A shorter secret would blot out ordinary words."""
_ESCAPE = re.compile(
    r"\\{1,8}(?:u00|x)([0-9a-f]{2})|%(?:25){0,6}([0-9a-f]{2})|&#(?:x0{0,6}([0-9a-f]{2})|0{0,6}([0-9]{2,3}));"
    r"|\\{1,8}([^0-9A-Za-z\\])",
    re.IGNORECASE,
)
"""One character, written as JSON, Python, URLs or HTML escape it; URLs again and again."""
_MOST_LAYERS = 3


class Redactor:
    """Replaces secrets by a mark: as they are, escaped (JSON, URLs, HTML, in part and over again), in Base64."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        longest_first = sorted({s for s in secrets if len(s) >= _SHORTEST}, key=len, reverse=True)
        self._in_base64 = _one_of(map(re.escape, {c for s in longest_first for c in _base64_cores(s)}))
        self._plain = _one_of(map(re.escape, longest_first))
        self._spelt = _one_of("".join(map(_spellings, s)) for s in longest_first)

    def answer(self, text: str) -> str:
        """An answer without these secrets. What the page says stays as it is, bearers and addresses included."""
        if self._plain is None or self._spelt is None or self._in_base64 is None:
            return text
        text = self._in_base64.sub(_HIDDEN, self._plain.sub(_HIDDEN, text))
        # looking for every spelling takes a hundred times as long
        return self._spelt.sub(_HIDDEN, text) if self._plain.search(_unescaped(text)) else text

    def message(self, text: str) -> str:
        """A message without these secrets, any bearer token, and the logins in addresses."""
        text = _BEARER.sub(rf"\1{_HIDDEN}", self.answer(text))
        return _USER_IN_URL.sub(f"{_HIDDEN}@", text)

    def __repr__(self) -> str:
        return "Redactor(…)"


def _one_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    pattern = "|".join(patterns)
    return re.compile(pattern) if pattern else None


def _spellings(character: str) -> str:
    """A pattern of everything that stands for the character."""
    if not character.isascii():
        return re.escape(character)
    code = f"{ord(character):02x}"
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in code)
    times = "{0,6}"
    escaped = "|".join(
        (
            rf"\\{{1,8}}[uUxX](?:00)?{digits}",
            rf"%(?:25){times}{digits}",
            rf"&#(?:[xX]0{times}{digits}|0{times}{ord(character)});",
        )
    )
    bare = re.escape(character) if character.isalnum() else rf"\\{{0,8}}{re.escape(character)}"
    return f"(?:{bare}|{escaped})"


def _unescaped(text: str) -> str:
    for _ in range(_MOST_LAYERS):
        before, text = text, _ESCAPE.sub(_character, text)
        if text == before:
            break
    return text


def _character(escape: re.Match[str]) -> str:
    two, percent, html, decimal, itself = escape.groups()
    if itself:
        return itself
    return chr(int(decimal)) if decimal else chr(int(two or percent or html, 16))


def _base64_cores(secret: str) -> Iterable[str]:
    """What the secret is in Base64, wherever in the text around it it begins, without what depends on that text."""
    content = secret.encode()
    for before in range(3):
        padded = b"\0" * before + content
        whole = len(padded) // 3 * 4 + (len(padded) % 3) * 8 // 6
        core = base64.b64encode(padded).decode()[-(-before * 8 // 6) : whole]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))
