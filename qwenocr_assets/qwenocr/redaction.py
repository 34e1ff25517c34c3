"""Keeps secrets out of everything that is kept or shown."""

import re
from collections.abc import Iterable
from urllib.parse import quote

_HIDDEN = "[hidden]"
_BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s\"',;\\]+")
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@\"']+@")
_SHORTEST = 6
"""A shorter secret would blot out ordinary words."""


class Redactor:
    """Replaces these secrets, bearer tokens and the logins in URLs by a mark, wherever they stand in a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {
            form for secret in secrets if len(secret) >= _SHORTEST for form in (secret, quote(secret, ""))
        }
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(_HIDDEN, text)
        if "earer" in text or "EARER" in text:
            text = _BEARER.sub(rf"\1{_HIDDEN}", text)
        return _USER_IN_URL.sub(f"{_HIDDEN}@", text) if "@" in text else text

    def __repr__(self) -> str:
        return "Redactor(…)"
