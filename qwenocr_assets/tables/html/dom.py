"""Any HTML into tables, by an HTML5 parser."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from qwenocr_assets.tables.raw_tables import RawCell, RawTable, RowGroup, span

_SECTIONS = ("thead", "tbody", "tfoot")


def dom_tables(html: str) -> list[RawTable]:
    """The tables of an answer in document order, nested ones behind the one they stand in."""
    return [_table(node) for node in LexborHTMLParser(_with_tables(html)).css("table")]


_BARE_ROW = re.compile(r"<t[rdh](?![a-z0-9-])", re.IGNORECASE)
_TABLE_EDGES = re.compile(r"(<table(?![a-z0-9-])|</table\s*>)", re.IGNORECASE)


def _with_tables(html: str) -> str:
    """The HTML with a table around rows that stand outside any: the parser would drop their tags."""
    parts: list[str] = []
    depth = 0
    for part in _TABLE_EDGES.split(html):
        edge = part[:7].lower()
        if edge == "<table":
            depth += 1
        elif edge == "</table":
            depth = max(depth - 1, 0)
        elif depth == 0 and _BARE_ROW.search(part):
            parts.append(f"<table>{part}</table>")
            continue
        parts.append(part)
    return "".join(parts)


def _table(node: LexborNode) -> RawTable:
    groups: list[RowGroup] = []
    caption = None
    for section in node.iter():
        if section.tag in _SECTIONS:
            rows = [_cells(row) for row in section.iter() if row.tag == "tr"]
            groups.append(RowGroup(section.tag, rows))
        elif section.tag == "caption" and caption is None:
            caption = _text(section) or None
    around = _cell_around(node)
    return RawTable(groups, caption, None if around is None else around.mem_id)


def _cells(row: LexborNode) -> list[RawCell]:
    return [_cell(cell) for cell in row.iter() if cell.tag in ("td", "th")]


def _cell_around(node: LexborNode) -> LexborNode | None:
    above = node.parent
    while above is not None and above.tag not in ("td", "th"):
        above = above.parent
    return above


def _cell(cell: LexborNode) -> RawCell:
    attributes = cell.attributes
    spans = (span(attributes.get("rowspan")), span(attributes.get("colspan"))) if attributes else (1, 1)
    return (cell.tag == "th", *spans, _text(cell), cell.mem_id)


_SPACE = re.compile(r"[ \t\n\f\r]+")
_BROKEN_LINE = re.compile(r"[ \t\f\r]*\n\s*")
_LINE_BREAKING = frozenset(
    "address article blockquote dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section ul".split()  # noqa: SIM905
)
_SILENT = frozenset(("script", "style", "table", "template"))


def _text(cell: LexborNode) -> str:
    """A cell's text as a browser shows it."""
    only = cell.first_child
    if only is None:
        return ""
    if only.next is None and only.is_text_node:
        text: str = only.text_content or ""
    else:
        text = _structured_text(cell)
        if "\n" in text:
            return _BROKEN_LINE.sub("\n", text).strip()
    if "\n" in text or "  " in text or "\t" in text:
        text = _SPACE.sub(" ", text)
    return text.strip()


def _structured_text(cell: LexborNode) -> str:
    parts: list[str] = []
    stack: list[LexborNode | str] = [cell]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
        elif node.is_text_node:
            parts.append(_SPACE.sub(" ", node.text_content or ""))
        elif node.tag == "br":
            parts.append("\n")
        elif node.tag not in _SILENT:
            edge = "\n" if node.tag in _LINE_BREAKING else ""
            stack.append(edge)
            stack.extend(list(node.iter(include_text=True))[::-1])
            stack.append(edge)
    return "".join(parts)
