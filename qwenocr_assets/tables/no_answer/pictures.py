"""Texts that are no more than a picture's address."""

import re

_ADDRESS = (
    r"(?:https?|oss|file)://[^\s<>]{1,2000}?\.(?:png|jpe?g|gif|webp|bmp|tiff?|svg)(?:\?[^\s)\]<>]*)?(?=[\s)\]<>]|\Z)"
    r"|(?:https?|oss)://[^\s<>)\]]{1,2000}[?&](?:OSSAccessKeyId|Signature|X-Amz-Signature|x-oss-signature)=[^\s)\]<>]*"
    r"|oss://[^\s<>)\]]{1,2000}"
    r"|data:image/[a-z+]{1,20};base64,\S*"
)
_PICTURE = re.compile(
    rf"!\[[^\]\n]{{0,300}}\]\([^)\n]{{1,4000}}\)|\[[^\]\n]{{0,300}}\]\(\s*(?:{_ADDRESS})\s*\)|<img\b[^<>]{{0,4000}}>|{_ADDRESS}",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"</?(?:figure|figcaption|p|div|center|a|span|br)\b[^<>]{0,4000}>|\\includegraphics\s*(?:\[[^\]]*\])?\{|[}\s,;|]+",
    re.IGNORECASE,
)


def is_picture(text: str) -> bool:
    """Whether a text has nothing but addresses of pictures; an empty one has not even that."""
    if "//" not in text and "data:" not in text and "](" not in text and "<img" not in text.casefold():
        return False
    rest = _PICTURE.sub("", text)
    return rest != text and not _AROUND.sub("", rest)
