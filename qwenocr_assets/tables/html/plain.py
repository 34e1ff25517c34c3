"""Tables in plain HTML, read tag by tag: several times faster than through a tree of nodes.

What the service writes (product guide, section Table parsing) is plain: tables, rows and cells with spans and text.
Anything else is left to the parser of `html_dom`; where this reads HTML, it reads what that would.
"""

import re
from functools import lru_cache

from qwenocr_assets.tables.raw_tables import RawCell, RawTable, RowGroup, span

_ATTRIBUTE = r"""\s+[a-z-]+\s*=\s*(?:"[^"<>&]*"|'[^'<>&]*'|[0-9a-z]+)"""
_TOKEN = re.compile(
    # A whole cell, which is most of a table, or one tag with the text behind it.
    rf"(<t([dh])((?:{_ATTRIBUTE})*)\s*>([^<]*)</t\2>[ \t\n\f]*(?=<)"
    rf"|<(/?)(table|thead|tbody|tfoot|tr|td|th|br)((?:{_ATTRIBUTE})*)\s*/?>([^<]*))",
    re.IGNORECASE | re.ASCII,
)
_SPAN = re.compile(
    r"""(?<![a-z-])(rowspan|colspan)\s*=\s*["']?([^"']*?)["']?(?=\s+[a-z-]+\s*=|\s*\Z)""", re.IGNORECASE
)
_REFERENCE = re.compile("&([a-z]*|#39);?")
_TWICE = re.compile("&amp;#?[A-Za-z0-9]{1,8};")
_REFERENCES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": "\u00a0"}
_SPACE = re.compile(r"[ \t\n\f]+")
_BROKEN_LINE = re.compile(r"[ \t\f]*\n\s*")
_WHITE = " \t\n\f"


class _NotPlainError(Exception):
    """Something that only a parser can tell."""


_WHITE_SPACE = r"[ \t\n\f]*"
_OPENING = re.compile(rf"{_WHITE_SPACE}<table\s*>{_WHITE_SPACE}", re.IGNORECASE | re.ASCII)
_WHOLE_ROW = re.compile(
    rf"<tr\s*>{_WHITE_SPACE}((?:<t([dh])(?:{_ATTRIBUTE})*\s*>[^<]*</t\2>{_WHITE_SPACE})+)</tr>{_WHITE_SPACE}",
    re.IGNORECASE | re.ASCII,
)
_CLOSING = re.compile(rf"</table>{_WHITE_SPACE}\Z", re.IGNORECASE | re.ASCII)
_CELL = re.compile(r"<t([dh])\s*([^<>]*)>([^<]*)<", re.IGNORECASE)
_UNTIDY = ("&", "\t", "\f", "\0", "  ", "> ", " <")
"""What is shown otherwise than it is written."""


def plain_tables(html: str) -> list[RawTable] | None:
    """The tables of plain HTML; None when it is not plain."""
    rows = _whole_rows(html)
    return _tables_of_tokens(html) if rows is None else [RawTable([RowGroup("tbody", rows)])]


def _whole_rows(html: str) -> list[list[RawCell]] | None:
    """The rows of one table without sections, line breaks or forgotten end tags, as most are; None for any other."""
    opening = _OPENING.match(html)
    if opening is None or "\r" in html:
        return None
    rows: list[list[RawCell]] = []
    is_tidy = not any(sign in html for sign in _UNTIDY)
    at = opening.end()
    try:
        while (row := _WHOLE_ROW.match(html, at)) is not None:
            written = row[1]
            found = _CELL.findall(written)
            if not is_tidy or "\n" in written:
                found = [(kind, attributes, _text(text)) for kind, attributes, text in found]
            rows.append(
                [
                    (kind in "hH", *_spans(attributes), text, 0)
                    if attributes
                    else (kind in "hH", 1, 1, text, 0)
                    for kind, attributes, text in found
                ]
            )
            at = row.end()
    except _NotPlainError:
        return None
    return rows if rows and _CLOSING.match(html, at) else None


def _tables_of_tokens(html: str) -> list[RawTable] | None:
    at = html.find("<")
    if at < 0 or "\0" in html or "\r" in html:
        return None
    tokens = _TOKEN.findall(html, at)
    if sum(len(token[0]) for token in tokens) < len(html) - at:
        return None  # something stands between them
    tables: list[RawTable] = []
    groups: list[RowGroup] = []
    rows: list[list[RawCell]] = []
    cells: list[RawCell] = []
    section, cell = "", ""
    depth = 0  # 0 outside of tables, 1 in a table, 2 in a section, 3 in a row, 4 in a cell
    is_header, row_span, column_span = False, 1, 1
    text = ""
    try:
        for _, kind, attributes, text_inside, slash, name, tag_attributes, following in tokens:
            if kind:
                if depth == 4:
                    cells.append((is_header, row_span, column_span, _text(text), 0))
                    depth = 3
                elif depth != 3:
                    return None
                row_span, column_span = _spans(attributes) if attributes else (1, 1)
                cells.append((kind in "hH", row_span, column_span, _text(text_inside), 0))
                continue
            name, attributes = name.lower(), tag_attributes
            if name == "td" or name == "th":
                if slash:
                    if depth != 4 or name != cell or attributes:
                        return None
                    cells.append((is_header, row_span, column_span, _text(text), 0))
                    depth = 3
                else:
                    if depth == 4:
                        cells.append((is_header, row_span, column_span, _text(text), 0))
                    elif depth != 3:
                        return None
                    depth, cell, is_header, text = 4, name, name == "th", following
                    row_span, column_span = _spans(attributes) if attributes else (1, 1)
                    continue
            elif name == "br":
                if depth != 4 or slash:
                    return None
                text += "\0" + following
                continue
            else:
                if depth == 4:
                    cells.append((is_header, row_span, column_span, _text(text), 0))
                    depth = 3
                if attributes and _SHOWN_OTHERWISE.search(attributes):
                    return None
                if name == "tr":
                    if depth == 0 or (slash and depth != 3):
                        return None
                    if depth == 1:
                        rows, section = [], "tbody"
                        groups.append(RowGroup(section, rows))
                    if slash:
                        depth = 2
                    else:
                        cells = []
                        rows.append(cells)
                        depth = 3
                elif name == "table":
                    if bool(slash) != bool(depth):
                        return None
                    if slash:
                        depth = 0
                    else:
                        groups = []
                        tables.append(RawTable(groups))
                        depth = 1
                elif slash:
                    if depth < 2 or name != section:
                        return None
                    depth = 1
                else:
                    if depth == 0:
                        return None
                    rows, section = [], name
                    groups.append(RowGroup(section, rows))
                    depth = 2
            if depth and following.strip(_WHITE):
                return None
        if depth == 4:
            cells.append((is_header, row_span, column_span, _text(text), 0))
    except _NotPlainError:
        return None
    return tables


_SHOWN_OTHERWISE = re.compile("hidden|none|through|opacity|font-size|vertical", re.IGNORECASE)
"""What an attribute says of a cell that hides, strikes or raises it."""


@lru_cache(maxsize=1024)  # a table's spans are few
def _spans(attributes: str) -> tuple[int, int]:
    if _SHOWN_OTHERWISE.search(attributes):
        raise _NotPlainError
    if "span" not in attributes.lower():
        return 1, 1
    found: dict[str, str] = {}
    for name, value in _SPAN.findall(attributes):
        found.setdefault(name.lower(), value)
    return span(found.get("rowspan")), span(found.get("colspan"))


def _text(text: str) -> str:
    """A cell's text as a browser shows it; line breaks are marked by NUL."""
    if "&" in text:
        if _TWICE.search(text):
            raise _NotPlainError  # &amp;nbsp;
        text = _REFERENCE.sub(_referred, text)
    if "\n" in text or "  " in text or "\t" in text or "\f" in text:
        text = _SPACE.sub(" ", text)
    if "\0" in text:
        text = _BROKEN_LINE.sub("\n", text.replace("\0", "\n"))
    return text.strip()


def _referred(reference: re.Match[str]) -> str:
    known = _REFERENCES.get(reference[0])
    if known is None:
        raise _NotPlainError
    return known
