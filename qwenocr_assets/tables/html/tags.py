"""Which `<` begins a tag, and which one stands on the page."""

import re

_NAMES = (
    "a|abbr|acronym|address|annotation(?:-xml)?|article|aside|b|bdi|bdo|big|blockquote|body|br|button|caption|center|"
    "circle|cite|code|col|colgroup|data|dd|del|details|dfn|dir|div|dl|dt|em|fieldset|figcaption|figure|font|footer|"
    "form|g|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|line|link|main|map|mark|math|"
    "maction|menclose|merror|meta|meter|mfenced|mfrac|mi|mmultiscripts|mn|mo|mover|mpadded|mphantom|mprescripts|mroot|"
    "mrow|ms|mspace|msqrt|mstyle|msub|msubsup|msup|mtable|mtd|mtext|mtr|munder|munderover|nav|nobr|noscript|object|ol|"
    "optgroup|option|output|p|path|polygon|polyline|pre|progress|q|rb|rect|rp|rt|rtc|ruby|s|samp|script|section|"
    "select|semantics|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|text|textarea|"
    "tfoot|th|thead|time|title|tr|tspan|tt|u|ul|use|var|video|wbr"
)
_NO_TAG = re.compile(rf"<(?!/?(?:{_NAMES})(?:\s[^<>]*|\s*/)?>|!--|!doctype)", re.IGNORECASE)


def escaped(html: str) -> str:
    """The HTML with every `<` that begins no tag as `&lt;`: parsers swallow the words behind it.

    `a<b`, `n < 30` and `Bob <bob@x.org>` are text. So is a tag that is never closed by a `>`.
    """
    return _NO_TAG.sub("&lt;", html)
