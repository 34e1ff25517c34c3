"""LaTeX nodes as plain text."""

import re
from collections.abc import Iterable

from qwenocr_assets.tables.latex_tree import Kind, Node

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
    today
    """.split()  # noqa: SIM905
)
_LAST_ARGUMENT_ONLY = frozenset(
    """
    href textcolor colorbox fcolorbox multicolumn multirow resizebox scalebox rotatebox parbox captionof hyperref
    """.split()  # noqa: SIM905
)
_LINE_BREAKS = frozenset(("\\", "newline", "linebreak", "tabularnewline", "par"))
_INNER_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")


def plain_text(nodes: Iterable[Node]) -> str:
    """The nodes as text: formatting and comments dropped, symbols drawn, formulas kept as LaTeX.

    White space counts as in LaTeX: any of it is one space; `\\\\` breaks the line.
    """
    text = "".join(_written(node) for node in nodes)
    lines = (_INNER_SPACE.sub(" ", line).strip() for line in text.split(_BREAK))
    return "\n".join(line for line in lines if line)


def _written(node: Node) -> str:
    match node.kind:
        case Kind.TEXT:
            return node.plain.replace(_BREAK, " ")
        case Kind.INLINE_MATH | Kind.DISPLAY_MATH:
            return node.latex
        case Kind.COMMENT:
            return ""
        case Kind.SPECIAL:
            return {"~": " ", "&": " "}.get(node.name, node.plain)
        case Kind.GROUP:
            return "".join(_written(child) for child in node.children)
        case Kind.ENVIRONMENT:
            inside = node.plain or "".join(_written(child) for child in node.children)
            return f"{_BREAK}{inside}{_BREAK}"
        case Kind.MACRO:
            return _macro(node)


def _macro(node: Node) -> str:
    if node.name in _LINE_BREAKS:
        return _BREAK
    if node.name in _SILENT:
        return ""
    if not node.arguments:
        return node.plain
    if node.plain:
        return node.plain
    arguments = node.arguments[-1:] if node.name in _LAST_ARGUMENT_ONLY else node.arguments
    inside = "".join(_written(argument) for argument in arguments)
    return f" [{inside}]" if node.name in ("footnote", "thanks", "footnotetext") else inside
