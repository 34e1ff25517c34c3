"""Where truncated table HTML breaks off."""

import re
from typing import NamedTuple

_TABLE_TAG = re.compile(
    r"<(/?)(table|thead|tbody|tfoot|tr|td|th)(?![a-z0-9-])[^>]*>", re.IGNORECASE | re.ASCII
)
_TAG_START = re.compile(r"<(?:[a-z/!]|\Z)", re.IGNORECASE | re.ASCII)


class HtmlEnd(NamedTuple):
    """How table HTML ends."""

    sound_end: int
    """Offset where the torn part begins: half a tag, or the cell that is still open."""
    reason: str | None
    """What is missing; None when nothing is."""
    in_table: bool = False
    """Whether it is a table that is cut off, and not what stands behind one."""


class _Level:
    """An open table, or the outermost level of bare rows."""

    __slots__ = ("cell_at", "has_rows", "in_row")

    def __init__(self) -> None:
        self.cell_at: int | None = None
        self.has_rows = False
        self.in_row = False


def html_end(html: str) -> HtmlEnd:
    """Follow the table tags to the end, with the end tags that HTML implies.

    Rows without a table around them count as complete when the last one is closed. A < in a text
    that is no HTML is no torn tag.
    """
    lowered = html.lower()  # only to count: its offsets may differ
    if lowered.rstrip().endswith("</table>") and lowered.count("<table") == lowered.count("</table"):
        return HtmlEnd(len(html), None)
    body = html.rstrip()
    torn = _TAG_START.search(body, body.rfind(">") + 1)
    end = torn.start() if torn else len(html)
    levels = [_Level()]
    tag = None
    for tag in _TABLE_TAG.finditer(html, 0, end):
        _follow(levels, closes=bool(tag[1]), name=tag[2].lower(), at=tag.start())
    in_table = len(levels) > 1 or levels[0].has_rows
    open_cells = [level.cell_at for level in levels if level.cell_at is not None]
    if torn and (tag is not None or body.lstrip().startswith("<")):
        return HtmlEnd(min([end, *open_cells]), "the HTML breaks off inside a tag", in_table)
    if open_cells:
        return HtmlEnd(open_cells[0], "the HTML breaks off inside a cell", in_table)
    if len(levels) > 1:
        return HtmlEnd(end, "the HTML ends without </table>", in_table)
    if levels[0].in_row:
        return HtmlEnd(end, "the HTML ends without </tr>", in_table)
    return HtmlEnd(len(html), None)


def _follow(levels: list[_Level], *, closes: bool, name: str, at: int) -> None:
    level = levels[-1]
    if name == "table":
        if not closes:
            levels.append(_Level())
        elif len(levels) > 1:
            levels.pop()
            levels[-1].has_rows = len(levels) > 1
    elif name in ("td", "th"):
        level.cell_at = None if closes else at
        level.has_rows = True
    else:
        level.cell_at = None
        level.has_rows = True
        level.in_row = name == "tr" and not closes
