"""What decoders say of damaged files, in words that are the same in every run."""

import re

_OBJECT = re.compile(r"\s*<[^<>]*\bat 0x[0-9a-fA-F]+>")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def plain_words(error: BaseException) -> str:
    """An error's text without objects and addresses of this process, and without a full stop; never empty."""
    said = _ADDRESS.sub("…", _OBJECT.sub("", str(error))).strip().rstrip(".")
    return "its header is damaged" if said == "cannot identify image file" else said or type(error).__name__
