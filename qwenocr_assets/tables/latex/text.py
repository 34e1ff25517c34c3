"""LaTeX nodes as plain text."""

import re
from collections.abc import Iterable

from qwenocr_assets.tables.latex.tree import Kind, Node

_BREAK = "\x1e"
"""A line break (`\\\\`) until white space is tidied; a control character that no text contains."""
_SILENT = frozenset(
    """
    documentclass usepackage RequirePackage maketitle tableofcontents newpage clearpage pagebreak noindent indent
    centering raggedright raggedleft hspace vspace vfill hfill hline cline toprule midrule bottomrule cmidrule label
    bigskip medskip smallskip newcommand renewcommand providecommand setlength addlength setcounter addcounter
    pagestyle thispagestyle bibliographystyle bibliography geometry hypersetup definecolor color pagecolor fontsize
    selectfont selectlanguage item includegraphics rowcolors DeclareMathOperator par linebreak
    tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge bf it rm sf tt em
    bfseries itshape rmfamily sffamily ttfamily mdseries upshape scshape hphantom vphantom phantom
    today endhead endfirsthead endfoot endlastfoot
    """.split()  # noqa: SIM905
)
_LAST_ARGUMENT_ONLY = frozenset(
    """
    href textcolor colorbox fcolorbox multicolumn multirow resizebox scalebox rotatebox parbox captionof hyperref
    """.split()  # noqa: SIM905
)
_SYMBOLS = {
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textquotesingle": "'",
    "textbullet": "•",
    "textdegree": "°",
    "degree": "°",
    "copyright": "©",
    "textcopyright": "©",
    "textregistered": "®",
    "euro": "€",
    "texteuro": "€",
    "pounds": "£",
    "textsterling": "£",
    "yen": "¥",
    "textyen": "¥",
    "checkmark": "✓",
    "square": "□",
    "Box": "□",
    "and": " ",
    "quad": " ",
    "qquad": " ",
    ",": " ",
    ";": " ",
    ":": " ",
    " ": " ",
    "!": "",
    "-": "",
    "/": "",
}
"""What pylatexenc draws otherwise or not at all."""
_LINE_BREAKS = frozenset(("\\", "newline", "linebreak", "tabularnewline", "par"))
_ACCENTS_ALONE = frozenset("^~`'\"")
"""Accents that are written over nothing to print the sign itself."""
_CELL_BREAK = Node(Kind.TEXT, "", " ", plain=" ")
_INNER_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")


def plain_text(nodes: Iterable[Node]) -> str:
    """The nodes as text: formatting and comments dropped, symbols drawn, formulas kept as LaTeX.

    White space counts as in LaTeX: any of it is one space; `\\\\` breaks the line. A command nobody knows stays as it
    is, but for one with a group behind it, which is taken for formatting of that group.
    """
    text = _joined(nodes)
    lines = (_INNER_SPACE.sub(" ", line).strip() for line in text.split(_BREAK))
    return "\n".join(line for line in lines if line)


def _joined(nodes: Iterable[Node]) -> str:
    parts: list[str] = []
    unknown: Node | None = None
    for node in nodes:
        if unknown is not None and node.kind is not Kind.GROUP:
            parts.append(unknown.latex)
        unknown = node if _is_unknown(node) else None
        parts.append(_written(node))
    if unknown is not None:
        parts.append(unknown.latex)
    return "".join(parts)


def _is_unknown(node: Node) -> bool:
    return (
        node.kind is Kind.MACRO
        and not node.arguments
        and not node.plain
        and node.name not in _SILENT
        and node.name not in _LINE_BREAKS
        and node.name not in _SYMBOLS
    )


def _written(node: Node) -> str:
    match node.kind:
        case Kind.TEXT:
            return node.plain.replace(_BREAK, " ")
        case Kind.INLINE_MATH | Kind.DISPLAY_MATH:
            return node.latex
        case Kind.COMMENT:
            return ""
        case Kind.SPECIAL:
            return {"~": " ", "&": "&"}.get(node.name, node.plain)
        case Kind.GROUP:
            return _joined(node.children)
        case Kind.ENVIRONMENT:
            # Inside, a bare & separates cells; outside, the model forgot to escape it.
            children = (_CELL_BREAK if child.name == "&" else child for child in node.children)
            inside = node.plain or _joined(children)
            return f"{_BREAK}{inside}{_BREAK}"
        case Kind.MACRO:
            return _macro(node)


def _macro(node: Node) -> str:
    if node.name in _LINE_BREAKS:
        return _BREAK
    if node.name in _SILENT:
        return ""
    if node.name in _SYMBOLS:
        return _SYMBOLS[node.name]
    if node.plain or not node.arguments:
        return node.plain
    if node.name in _ACCENTS_ALONE and not node.arguments[0].children:
        return node.name
    arguments = node.arguments[-1:] if node.name in _LAST_ARGUMENT_ONLY else node.arguments
    inside = _joined(arguments)
    return f" [{inside}]" if node.name in ("footnote", "thanks", "footnotetext") else inside
