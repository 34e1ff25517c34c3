"""LaTeX as a small typed tree: the one place that knows pylatexenc, which has no types."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pylatexenc import latex2text, latexwalker, macrospec


class Kind(Enum):
    """What a node is."""

    TEXT = "text"
    MACRO = "macro"
    ENVIRONMENT = "environment"
    GROUP = "group"
    INLINE_MATH = "inline math"
    DISPLAY_MATH = "display math"
    SPECIAL = "special"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of LaTeX."""

    kind: Kind
    name: str
    """Name of a macro (without backslash) or environment, the characters of a special, else empty."""
    latex: str
    """The piece as it came."""
    children: tuple["Node", ...] = ()
    """What stands inside a group, a formula or an environment."""
    arguments: tuple["Node", ...] = ()
    """Required arguments of a macro or environment, those that are there."""
    option: "Node | None" = None
    """The last optional argument in brackets."""
    plain: str = ""
    """What a text, a symbol, an accent or verbatim text looks like on paper."""


_MACRO_ARGUMENTS = {
    "multicolumn": "{{{",
    "multirow": "[{[{[{",
    "makecell": "*[{",
    "cline": "{",
    "paragraph": "*[{",
    "caption": "*[{",
    "captionof": "*{[{",
    "part": "*[{",
    "href": "{{",
    "cite": "[[{",
    "citep": "[[{",
    "citet": "[[{",
    "bibitem": "[{",
    "textsuperscript": "{",
    "textsubscript": "{",
    "thanks": "{",
    "footnotemark": "[",
    "footnotetext": "[{",
    "tag": "*{",
    "operatorname": "*{",
    "hyperref": "[{",
    "rotatebox": "[{{",
    "resizebox": "*{{{",
    "scalebox": "{[{",
    "parbox": "[[[{{",
    "fontsize": "{{",
    "pagestyle": "{",
    "thispagestyle": "{",
    "bibliographystyle": "{",
    "geometry": "{",
    **dict.fromkeys(
        """
        url nolinkurl path phantom hphantom vphantom cdashline Xhline cellcolor rowcolor columncolor arrayrulecolor
        linespread index glossary zihao CJKfamily fontfamily fontseries fontshape fontencoding arabic roman Roman alph
        value ding textcircled circled circledtext symbol unichar num ang si unit tnote sout st xout cancel bcancel
        xcancel hl uline uuline uwave dashuline dotuline fbox boxed llap rlap smash centerline uppercase
        lowercase tablefootnote endnote sidenote marginpar captionsetup color setmainfont setCJKmainfont vskip
        """.split(),  # noqa: SIM905
        "[{",
    ),
    **dict.fromkeys(("linebreak", "pagebreak", "nolinebreak", "nopagebreak", "addlinespace"), "["),
    **dict.fromkeys(
        """
        ruby ltjruby kana aruby qty SI numrange diagbox slashbox backslashbox adjustbox foreignlanguage dfrac tfrac
        cfrac sfrac xfrac textlang setcounter addtolength rule raisebox numproduct tablehead
        """.split(),  # noqa: SIM905
        "[{{",
    ),
    **dict.fromkeys(("specialrule", "SIrange", "qtyrange"), "[{{{"),
    **dict.fromkeys(("cellcolor", "rowcolor", "columncolor"), "[{["),
    "makebox": "[[{",
    "framebox": "[[{",
    "raisebox": "{[[{",
    "SetCell": "[{",
    "SetRow": "[{",
    "tnotex": "{",
    "shortstack": "[{",
    "thead": "*[{",
    "multirowcell": "{[{",
    "multirowthead": "{[{",
}
_ENVIRONMENT_ARGUMENTS = {
    "minipage": "[[[{",
    "multicols": "{",
    "thebibliography": "{",
    "longtable": "[{",
    "tabulary": "{{",
    "tabular": "[{",
    "tabular*": "{[{",
    "enumerate": "[",
    "itemize": "[",
    "description": "[",
    "wrapfigure": "[{[{",
    "wraptable": "[{[{",
    "CJK": "[{{",
    "CJK*": "[{{",
    "adjustbox": "{",
    "threeparttable": "[",
    "tablenotes": "[",
    "tblr": "[{",
    "longtblr": "[{",
    "NiceTabular": "{[",
    "supertabular": "{",
    "xltabular": "[{{",
    "tabu": "{",
    "longtabu": "{",
    "spacing": "{",
    "otherlanguage": "{",
    "varwidth": "[{",
    "sidewaystable": "[",
    "tcolorbox": "[",
    "mdframed": "[",
}
"""What pylatexenc does not know or knows otherwise: `*` a star, `[` an option, `{` an argument."""


def _context() -> Any:
    context = latexwalker.get_default_latex_context_db()
    context.add_context_category(
        "documents",
        prepend=True,
        macros=[macrospec.MacroSpec(name, arguments) for name, arguments in _MACRO_ARGUMENTS.items()],
        environments=[
            macrospec.EnvironmentSpec(name, arguments) for name, arguments in _ENVIRONMENT_ARGUMENTS.items()
        ],
    )
    return context


_CONTEXT: Any = _context()
_ON_PAPER: Any = latex2text.LatexNodes2Text(math_mode="verbatim")
_ACCENTS = frozenset("'`\"c^~Hk=b.druv")
_PARSER_FAILURES = (
    latexwalker.LatexWalkerError,
    RecursionError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    AssertionError,
)
"""What pylatexenc raises on text that is no LaTeX, found by trying."""


def parse(latex: str) -> tuple[Node, ...] | None:
    """The LaTeX as a tree; environments and groups left open end with the text.

    None when it cannot be parsed at all, like groups nested hundreds deep.
    """
    try:
        nodes, _, _ = latexwalker.LatexWalker(latex, latex_context=_CONTEXT).get_latex_nodes()
        return _nodes(nodes, latex)
    except _PARSER_FAILURES:
        return None


def _nodes(raw: Sequence[Any] | None, source: str) -> tuple[Node, ...]:
    return tuple(_node(node, source) for node in raw or () if node is not None)


def _node(raw: Any, source: str) -> Node:
    latex = source[raw.pos : raw.pos + raw.len]
    if isinstance(raw, latexwalker.LatexCharsNode):
        return Node(Kind.TEXT, "", latex, plain=raw.chars)
    if isinstance(raw, latexwalker.LatexGroupNode):
        return Node(Kind.GROUP, "", latex, _nodes(raw.nodelist, source))
    if isinstance(raw, latexwalker.LatexCommentNode):
        return Node(Kind.COMMENT, "", latex)
    if isinstance(raw, latexwalker.LatexMathNode):
        kind = Kind.DISPLAY_MATH if raw.displaytype == "display" else Kind.INLINE_MATH
        return Node(kind, "", latex, _nodes(raw.nodelist, source))
    if isinstance(raw, latexwalker.LatexSpecialsNode):
        return Node(Kind.SPECIAL, raw.specials_chars, latex, plain=_on_paper(raw))
    arguments, option = _arguments(raw, source)
    if isinstance(raw, latexwalker.LatexEnvironmentNode):
        name = raw.environmentname
        return Node(
            Kind.ENVIRONMENT, name, latex, _nodes(raw.nodelist, source), arguments, option, _verbatim(raw)
        )
    name = raw.macroname
    draws = not arguments or name in _ACCENTS
    plain = _verbatim(raw) or (_on_paper(raw) if draws else "")
    return Node(Kind.MACRO, name, latex, (), arguments, option, plain)


def _arguments(raw: Any, source: str) -> tuple[tuple[Node, ...], Node | None]:
    found = raw.nodeargd
    required: list[Node] = []
    option: Node | None = None
    for kind, node in zip(
        getattr(found, "argspec", None) or "", getattr(found, "argnlist", None) or (), strict=False
    ):
        if node is None or kind == "*":
            continue
        if kind == "{":
            required.append(_node(node, source))
        else:
            option = _node(node, source)
    return tuple(required), option


def _verbatim(raw: Any) -> str:
    return getattr(raw.nodeargd, "verbatim_text", None) or ""


def _on_paper(raw: Any) -> str:
    """What a symbol or an accent looks like; empty when pylatexenc cannot say."""
    try:
        return str(_ON_PAPER.node_to_text(raw))
    except _PARSER_FAILURES:
        return ""
