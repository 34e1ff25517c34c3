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
    """Replaces secrets by a mark."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {
            form for secret in secrets if len(secret) >= _SHORTEST for form in (secret, quote(secret, ""))
        }
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def answer(self, text: str) -> str:
        """An answer without these secrets. What the page says stays as it is, bearers and addresses included."""
        return self._secrets.sub(_HIDDEN, text) if self._secrets is not None else text

    def message(self, text: str) -> str:
        """A message without these secrets, any bearer token, and the logins in addresses."""
        text = _BEARER.sub(rf"\1{_HIDDEN}", self.answer(text))
        return _USER_IN_URL.sub(f"{_HIDDEN}@", text)

    def __repr__(self) -> str:
        return "Redactor(…)"
