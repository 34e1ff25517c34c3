"""The tables of an answer, whichever form they came in."""

import re

from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.cell_grid import ParsedTable
from qwenocr_assets.tables.forms.listed import listed_tables
from qwenocr_assets.tables.forms.piped import piped_tables
from qwenocr_assets.tables.forms.separated import separated_tables
from qwenocr_assets.tables.html.tables import html_tables
from qwenocr_assets.tables.latex.blocks import read_document
from qwenocr_assets.tables.latex.tables import TABULAR

_HTML = re.compile(r"<t(?:able|head|body|foot|[rdh])(?![a-z0-9-])", re.IGNORECASE)
_TABULAR = re.compile(rf"\\begin\s*\{{(?:{'|'.join(map(re.escape, sorted(TABULAR)))})\}}")
_TABLES = re.compile(r"<table(?![a-z0-9-]).*</table\s*>", re.IGNORECASE | re.DOTALL)
_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*\|", re.MULTILINE)
_BARE_ROWS = re.compile(r"(?<!\\)&[^\n]*\\\\")


def answered_tables(text: str) -> list[ParsedTable]:
    """The tables of an answer in document order; none where it holds none.

    HTML is what the service is asked for; models write Markdown, CSV, LaTeX and JSON as well. Markdown beside HTML
    comes behind it.
    """
    if _HTML.search(text):
        beside = _TABLES.sub("\n\n", unfenced(text)) if "|" in text and "--" in text else ""
        return [*html_tables(text), *(piped_tables(beside) if _RULE.search(beside) else [])]
    body = unfenced(text)
    if _TABULAR.search(body):
        return list(read_document(text).tables)
    if _BARE_ROWS.search(body):
        return list(read_document(f"\\begin{{tabular}}{{l}}{body}\\end{{tabular}}").tables)
    if body.lstrip().startswith(("{", "[")):
        return listed_tables(body)
    return piped_tables(body) or separated_tables(body)


def is_html(text: str) -> bool:
    """Whether an answer writes its tables as HTML."""
    return _HTML.search(text) is not None
