"""Any HTML into tables, by an HTML5 parser."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from qwenocr_assets.tables.html.cell_text import cell_text, is_left_out
from qwenocr_assets.tables.html.tags import escaped
from qwenocr_assets.tables.raw_tables import RawCell, RawTable, RowGroup, span

_SECTIONS = ("thead", "tbody", "tfoot")


def dom_tables(html: str) -> list[RawTable]:
    """The tables of an answer in document order, nested ones behind the one they stand in."""
    return [_table(node) for node in LexborHTMLParser(_with_tables(escaped(html))).css("table")]


def fragment_text(html: str) -> str:
    """The text of a piece of HTML, as that of a cell."""
    cell = LexborHTMLParser(f"<table><tr><td>{escaped(html)}</table>").css_first("td")
    return "" if cell is None else cell_text(cell)


_MARKUP = re.compile(
    r"</?(?:b|i|u|em|strong|sup|sub|s|del|ins|span|small|big|font|p|div|br|mark)(?:\s+[a-z-]+\s*=[^<>]*|\s*/)?>"
    r"|&(?:[a-z]{2,8}|#\d{2,6});",
    re.IGNORECASE,
)
_WHOLLY_STRONG = re.compile(r"\s*(\*\*|__)(?=\S)((?:(?!\1).)+)(?<=\S)\1\s*", re.DOTALL)


def without_markup(text: str) -> str:
    """A value as it is seen, where a model wrote marks of HTML or Markdown into it; any other as it is."""
    if ("<" in text or "&" in text) and _MARKUP.search(text):
        text = fragment_text(text)
    strong = _WHOLLY_STRONG.fullmatch(text) if text.lstrip()[:2] in ("**", "__") else None
    return text if strong is None else strong[2]


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
            rows = [_cells(row) for row in section.iter() if row.tag == "tr" and not is_left_out(row)]
            groups.append(RowGroup(section.tag, rows))
        elif section.tag == "caption" and caption is None:
            caption = cell_text(section) or None
    around = _cell_around(node)
    return RawTable(groups, caption, None if around is None else around.mem_id)


def _cells(row: LexborNode) -> list[RawCell]:
    return [_cell(cell) for cell in row.iter() if cell.tag in ("td", "th") and not is_left_out(cell)]


def _cell_around(node: LexborNode) -> LexborNode | None:
    above = node.parent
    while above is not None and above.tag not in ("td", "th"):
        above = above.parent
    return above


def _cell(cell: LexborNode) -> RawCell:
    attributes = cell.attributes
    spans = (span(attributes.get("rowspan")), span(attributes.get("colspan"))) if attributes else (1, 1)
    return (cell.tag == "th", *spans, cell_text(cell), cell.mem_id)
