"""Markdown answers as blocks, formulas and tables."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from qwenocr_assets.tables.answer_text import storable
from qwenocr_assets.tables.cell_grid import ParsedTable
from qwenocr_assets.tables.document.parts import Block, Document, Formula, table_text
from qwenocr_assets.tables.forms.piped import piped_tables
from qwenocr_assets.tables.html.dom import fragment_text
from qwenocr_assets.tables.html.tables import html_tables

_LATEX = re.compile(
    r"\\documentclass|\\(?:part|chapter|(?:sub){0,2}section|title|maketitle|item|caption)\b"
    r"|\\begin\s*\{(?:document|tabular|table|itemize|enumerate|figure|center|verbatim|abstract|longtable)"
)
_MARKDOWN = re.compile(
    r"^ {0,3}#{1,6}[ \t]+\S|^ {0,3}[-*+][ \t]+\S|^ {0,3}\d{1,3}[.)][ \t]+\S|^ {0,3}>[ \t]|\*\*\S|!\[|^ {0,3}```"
    r"|^ {0,3}\|? {0,9}:?-{2,200}:? {0,9}\|[-:| \t]*$|</?t(?:able|r|d)\b|^ {0,3}(?:-{3,}|\*{3,})\s*$"
    r"|^ {0,3}\|[^\n]*\|[ \t]*\n {0,3}\|[^\n]*\|[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_DISPLAY = re.compile(r"\$\$(.{1,4000}?)\$\$|\\\[(.{1,4000}?)\\\]", re.DOTALL)
_INLINE = re.compile(
    r"(?<![\\$\w])\$(?![\s\d.,]*\$)(?=\S)([^$\n]{1,400}?)(?<=\S)\$(?![\w$])|\\\((.{1,400}?)\\\)"
)
_HTML_TABLE = re.compile(r"<t(?:able|r|d)\b", re.IGNORECASE)
_WHOLE_TABLE = re.compile(r"<table\b.*?</table\s*>", re.IGNORECASE | re.DOTALL)
_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def is_markdown(text: str) -> bool:
    """Whether a document is written in Markdown: it has its marks, and no structure of LaTeX."""
    return _LATEX.search(_DISPLAY.sub("", text)) is None and _MARKDOWN.search(text) is not None


@lru_cache(maxsize=64)  # a layout's Markdown is asked for when judged and when read
def markdown_document(text: str) -> Document:
    """The blocks, formulas and tables of a Markdown text; any text is one.

    Display formulas are taken out first: Markdown would read their signs as its own.
    """
    reader = _Reader()
    at = 0
    source = storable(text)
    for formula in _DISPLAY.finditer(source):
        reader.read(source[at : formula.start()])
        reader.formula(formula)
        at = formula.end()
    reader.read(source[at:])
    return reader.document()


class _Reader:
    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._formulas: list[Formula] = []
        self._tables: list[ParsedTable] = []

    def document(self) -> Document:
        """What was read; the only heading of the first level is the title."""
        first = [block for block in self._blocks if block.type == "section" and block.level == 1]
        if len(first) != 1:
            return Document(tuple(self._blocks), tuple(self._formulas), tuple(self._tables))
        blocks = [
            Block("title", block.text, block.source)
            if block is first[0]
            else Block(block.type, block.text, block.source, block.level - 1)
            if block.type == "section" and block.level
            else block
            for block in self._blocks
        ]
        return Document(tuple(blocks), tuple(self._formulas), tuple(self._tables))

    def formula(self, found: re.Match[str]) -> None:
        latex = (found[1] or found[2]).strip()
        if latex:
            self._formulas.append(Formula(latex, display=True))
            self._blocks.append(Block("formula", latex, found[0]))

    def read(self, source: str) -> None:
        """Read a text without display formulas."""
        lines = source.splitlines(keepends=True)
        tokens = _PARSER.parse(source)
        depth = 0
        for at, token in enumerate(tokens):
            written = "".join(lines[slice(*token.map)]).strip() if token.map else ""
            match token.type:
                case "bullet_list_open" | "ordered_list_open":
                    depth += 1
                case "bullet_list_close" | "ordered_list_close":
                    depth -= 1
                case "heading_open":
                    self._text("section", tokens[at + 1], written, int(token.tag[1]))
                case "paragraph_open" if depth:
                    self._text("list_item", tokens[at + 1], written, depth)
                case "paragraph_open":
                    self._text("paragraph", tokens[at + 1], written)
                case "table_open":
                    self._table(piped_tables(written), written)
                case "html_block" if _HTML_TABLE.search(written):
                    self._table(html_tables(written), written)
                    rest = _WHOLE_TABLE.sub("", written)
                    if not _HTML_TABLE.search(rest):  # words on the line on which a table ends
                        self._add("paragraph", fragment_text(rest).strip(), rest.strip())
                case "html_block":
                    self._add("paragraph", fragment_text(written), written)
                case "fence" | "code_block" if _HTML_TABLE.search(token.content):
                    self._table(html_tables(token.content), written)
                case "fence" | "code_block":
                    self._add("other", token.content.strip("\n"), written)

    def _text(self, block_type: str, inline: Token, written: str, level: int | None = None) -> None:
        children = inline.children or []
        if inline.content.startswith("|") and (tables := piped_tables(inline.content)):
            self._table(tables, written)  # without the rule that makes it one
            return
        if _HTML_TABLE.search(inline.content):
            self._table(html_tables(inline.content), written)
            return
        for found in _INLINE.finditer(inline.content):
            self._formulas.append(Formula((found[1] or found[2]).strip(), display=False))
        is_figure = any(child.type == "image" for child in children) and all(
            child.type in ("image", "softbreak") or not child.content.strip() for child in children
        )
        self._add("figure" if is_figure else block_type, "".join(_plain(children)).strip(), written, level)

    def _table(self, tables: Sequence[ParsedTable], written: str) -> None:
        self._tables += tables
        self._add("table", table_text(None, tables), written)

    def _add(self, block_type: str, text: str, source: str, level: int | None = None) -> None:
        if text or block_type in ("table", "figure"):
            self._blocks.append(Block(block_type, text, source, level))


def _plain(children: Sequence[Token]) -> Iterator[str]:
    """The words of inline tokens; formulas stay as they are written."""
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif child.type == "image":
            yield child.content
        elif child.type == "html_inline":
            yield "\n" if child.content.casefold().startswith("<br") else ""
        elif child.type in ("text", "code_inline", "text_special"):
            yield child.content
