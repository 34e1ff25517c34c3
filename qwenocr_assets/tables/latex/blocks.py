"""LaTeX answers as blocks, formulas and tables."""

import re
from collections.abc import Iterable
from functools import lru_cache

from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.cell_grid import ParsedTable
from qwenocr_assets.tables.document.parts import Block, Document, Formula, table_text
from qwenocr_assets.tables.latex.mended import mended
from qwenocr_assets.tables.latex.tables import TABULAR, tabular
from qwenocr_assets.tables.latex.text import plain_text
from qwenocr_assets.tables.latex.tree import Kind, Node, parse


@lru_cache(maxsize=4)  # blocks, formulas and tables of one answer are asked for one after the other
def read_document(text: str) -> Document:
    """A LaTeX answer as blocks, formulas and tables; a cut-off one as far as it goes.

    Text that no LaTeX parser can read becomes one block of type other.
    """
    latex = mended(unfenced(text))
    nodes = parse(latex)
    if nodes is None:
        return Document(blocks=(Block("other", latex.strip(), latex),))
    reader = _Reader()
    reader.read(nodes)
    return Document(tuple(reader.blocks), tuple(reader.formulas), tuple(reader.tables))


_SECTION_LEVELS = {
    "part": 1,
    "chapter": 1,
    "section": 1,
    "subsection": 2,
    "subsubsection": 3,
    "paragraph": 4,
    "subparagraph": 5,
}
_FRONT_MATTER = {"title": "title", "author": "author", "date": "other"}
_LISTS = frozenset(("itemize", "enumerate", "description", "thebibliography"))
_FIGURES = frozenset(("figure", "figure*", "wrapfigure", "tikzpicture"))
_TABLES = TABULAR - {"array"} | {"table", "table*", "sidewaystable", "wraptable", "threeparttable"}
_VERBATIM = frozenset(("verbatim", "verbatim*", "lstlisting", "minted"))
_PLAIN_EQUATIONS = frozenset(("equation", "equation*", "displaymath", "math"))
_EQUATIONS = _PLAIN_EQUATIONS | frozenset(
    """
    align align* gather gather* flalign flalign* multline multline* alignat alignat* eqnarray eqnarray* dmath dmath*
    """.split()  # noqa: SIM905
)
_PARAGRAPH_END = re.compile(r"(\n[ \t\r]*\n\s*)")
_DELIMITERS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$"))


class _Reader:
    """Walks the nodes of a document and gathers what lies between block boundaries into paragraphs."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.formulas: list[Formula] = []
        self.tables: list[ParsedTable] = []
        self._paragraph: list[Node] = []
        self._paragraph_type = "paragraph"
        self._list_depth = 0

    def read(self, nodes: Iterable[Node]) -> None:
        """Read the nodes as blocks of their own."""
        self._walk(nodes)
        self._end_paragraph()

    def _walk(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            match node.kind:
                case Kind.TEXT:
                    self._text(node)
                case Kind.MACRO:
                    self._macro(node)
                case Kind.ENVIRONMENT:
                    self._environment(node)
                case Kind.DISPLAY_MATH:
                    self._formula(node)
                case _:
                    self._paragraph.append(node)

    def _add(self, block_type: str, text: str, latex: str, level: int | None = None) -> None:
        if text or block_type in ("table", "figure"):
            self.blocks.append(Block(block_type, text, latex.strip(), level))

    def _end_paragraph(self) -> None:
        nodes, self._paragraph = self._paragraph, []
        self._formulas_in(nodes)
        level = self._list_depth if self._paragraph_type == "list_item" else None
        self._add(self._paragraph_type, plain_text(nodes), "".join(node.latex for node in nodes), level)

    def _text(self, node: Node) -> None:
        pieces = _PARAGRAPH_END.split(node.plain)
        for index, piece in enumerate(pieces):
            if index % 2:
                self._end_paragraph()
            elif piece:
                self._paragraph.append(Node(Kind.TEXT, "", piece, plain=piece))

    def _macro(self, node: Node) -> None:
        if node.name in _SECTION_LEVELS and node.arguments:
            self._heading("section", node, _SECTION_LEVELS[node.name])
        elif node.name in _FRONT_MATTER and node.arguments:
            self._heading(_FRONT_MATTER[node.name], node)
        elif node.name in ("item", "bibitem"):
            self._end_paragraph()
            if node.option is not None:
                self._paragraph.extend(node.option.children)
                self._paragraph.append(Node(Kind.TEXT, "", " ", plain=" "))
        elif node.name == "includegraphics":
            self._end_paragraph()
            self._add("figure", "", node.latex)
        elif node.name in ("par", "newpage", "maketitle"):
            self._end_paragraph()
        else:
            self._paragraph.append(node)

    def _heading(self, block_type: str, node: Node, level: int | None = None) -> None:
        self._end_paragraph()
        self._formulas_in(node.arguments)
        self._add(block_type, plain_text(node.arguments[-1:]), node.latex, level)

    def _environment(self, node: Node) -> None:
        if node.name in _EQUATIONS:
            self._formula(node)
            return
        self._end_paragraph()
        if node.name in _TABLES:
            caption = plain_text(_captions((node,))) or None
            tables = _tables_in((node,), caption)
            self.tables.extend(table for table in tables if table.cells)
            self._formulas_in(node.children)
            self._add("table", table_text(caption, tables), node.latex)
        elif node.name in _FIGURES:
            self._formulas_in(node.children)
            self._add("figure", plain_text(_captions((node,))), node.latex)
        elif node.name in _VERBATIM:
            self._add("other", node.plain.strip("\n") or plain_text(node.children), node.latex)
        else:
            is_list = node.name in _LISTS
            outer, self._paragraph_type = (
                self._paragraph_type,
                "list_item" if is_list else self._paragraph_type,
            )
            self._list_depth += is_list
            self.read(node.children)
            self._list_depth -= is_list
            self._paragraph_type = outer

    def _formula(self, node: Node) -> None:
        self._end_paragraph()
        latex = _undelimited(node)
        if latex:
            self.formulas.append(Formula(latex, display=True))
            self._add("formula", latex, node.latex)

    def _formulas_in(self, nodes: Iterable[Node]) -> None:
        """Take note of the formulas inside text, in order."""
        for node in nodes:
            if node.kind in (Kind.INLINE_MATH, Kind.DISPLAY_MATH) or node.name in _EQUATIONS:
                latex = _undelimited(node)
                if latex:
                    display = node.kind is not Kind.INLINE_MATH and node.name != "math"
                    self.formulas.append(Formula(latex, display))
            else:
                self._formulas_in(node.arguments)
                self._formulas_in(node.children)


def _undelimited(node: Node) -> str:
    """A formula without its delimiters; environments of several lines keep theirs, which give the lines meaning."""
    latex = node.latex.strip()
    if node.kind is Kind.ENVIRONMENT:
        if node.name in _PLAIN_EQUATIONS:
            return "".join(child.latex for child in node.children).strip()
        return latex
    for opening, closing in _DELIMITERS:
        if latex.startswith(opening):
            return latex.removeprefix(opening).removesuffix(closing).strip()
    return latex


def _tables_in(nodes: Iterable[Node], caption: str | None) -> list[ParsedTable]:
    tables: list[ParsedTable] = []
    for node in nodes:
        if node.kind is Kind.ENVIRONMENT and node.name in TABULAR:
            tables.append(tabular(node, caption))
        elif node.kind not in (Kind.INLINE_MATH, Kind.DISPLAY_MATH):
            tables.extend(_tables_in((*node.arguments, *node.children), caption))
    return tables


def _captions(nodes: Iterable[Node]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        if node.name in ("caption", "captionof"):
            found.append(node)
        else:
            found.extend(_captions(node.children))
    return found
