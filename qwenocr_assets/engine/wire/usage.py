"""Tokens as the embedded engine reports them.

Image tokens follow the guide's formula. Text tokens are a deterministic estimate, for no tokeniser is shipped:
a Chinese, Japanese or Korean character or a digit is one token, of everything else 3.5 characters are. The
guide's samples, reported and estimated: ticket 159, 157; receipt 58, 53; LaTeX 845, 1,048; HTML 1,981, 1,343.
"""

import re
from dataclasses import dataclass
from itertools import accumulate

_WHOLE_TOKENS = re.compile(r"[0-9\u2e80-\U0010ffff]")
_WHOLE_TOKEN_SHARES = 7
_OTHER_SHARES = 2
"""Counted in sevenths of a token, to stay with whole numbers: 2/7 is one token for 3.5 characters."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer."""

    image_tokens: int
    text_tokens: int
    output_tokens: int

    @property
    def input_tokens(self) -> int:
        return self.image_tokens + self.text_tokens

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens


def estimate_tokens(text: str) -> int:
    """Estimated tokens of `text`, rounded up; 0 for none."""
    whole = len(_WHOLE_TOKENS.findall(text))
    shares = whole * _WHOLE_TOKEN_SHARES + (len(text) - whole) * _OTHER_SHARES
    return -(-shares // _WHOLE_TOKEN_SHARES)


def cut_to_tokens(text: str, max_tokens: int) -> str:
    """The longest beginning of `text` that `estimate_tokens` counts as at most `max_tokens`."""
    if estimate_tokens(text) <= max_tokens:
        return text
    allowed = max_tokens * _WHOLE_TOKEN_SHARES
    shares = accumulate(_WHOLE_TOKEN_SHARES if _WHOLE_TOKENS.match(c) else _OTHER_SHARES for c in text)
    return text[: sum(1 for used in shares if used <= allowed)]
