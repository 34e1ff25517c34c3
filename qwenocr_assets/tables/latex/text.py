"""LaTeX nodes as plain text."""

import re
from collections.abc import Iterable

from qwenocr_assets.raised import lowered, raised, struck
from qwenocr_assets.tables.latex.symbols import SYMBOLS, UNITS, circled, dingbat
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
    addlinespace specialrule cdashline hdashline Xhline Xcline thickhline morecmidrules noalign firsthline lasthline
    cellcolor rowcolor columncolor arrayrulecolor colorlet linespread index glossary zihao CJKfamily fontfamily
    fontseries fontshape fontencoding arabic roman Roman alph value thepage footnotemark ref pageref eqref autoref
    vref rule strut null relax ignorespaces unskip arraybackslash displaystyle textstyle scriptstyle normalfont
    protect leavevmode smallskip vskip hskip kern vrule hrule hss vss raise lower nolinebreak nopagebreak pagebreak
    tnotex captionsetup setmainfont setCJKmainfont addtolength songti heiti kaishu fangsong lishu youyuan slshape
    SetCell SetRow extrarowheight tabcolsep arraystretch boldmath unboldmath allowbreak nobreak sloppy
    """.split()  # noqa: SIM905
)
_LAST_ARGUMENT_ONLY = frozenset(
    """
    href textcolor colorbox fcolorbox multicolumn multirow resizebox scalebox rotatebox parbox captionof hyperref
    raisebox makebox framebox adjustbox foreignlanguage textlang multirowcell multirowthead
    """.split()  # noqa: SIM905
)
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
    waiting: list[Node] = []  # a command nobody knows, and the groups behind it
    before: Node | None = None
    for node in nodes:
        if waiting:
            if node.kind is Kind.GROUP or (len(waiting) == 1 and _OPTION.fullmatch(node.plain)):
                waiting.append(node)
                continue
            _append(parts, _unknown(waiting), apart=False)
            waiting = []
        if _is_unknown(node):
            waiting.append(node)
        else:
            _append(parts, _behind(before, node), apart=_sets_apart(node) or _sets_apart(before))
        before = node
    if waiting:
        _append(parts, _unknown(waiting), apart=False)
    return "".join(parts)


def _append(parts: list[str], text: str, *, apart: bool) -> None:
    """Add a piece; a fraction, a sign or a note never runs into the number before it."""
    if apart and text and parts and parts[-1][-1:].isdecimal() and text[0].isdecimal():
        parts.append(" ")
    if text:
        parts.append(text)


_OPTION = re.compile(r"\[[^\[\]]*\]\s*")
_DIMENSION = re.compile(
    r"\s*(?:(?:to|spread|width|height|depth|plus|minus|by)?\s*=?\s*[-+]?\d*\.?\d+\s*"
    r"(?:pt|pc|bp|cm|mm|in|em|ex|sp|mu|zw|zh|fil+)(?![A-Za-z])\s*)+"
)
_BEFORE_DIMENSIONS = frozenset("vskip hskip kern vrule hrule raise lower hbox vbox".split())  # noqa: SIM905
_CHARACTER = re.compile(r"\s*(?:\"([0-9A-F]{1,6})|'([0-7]{1,7})|([0-9]{1,7}))\s?")
_MOST_CHARACTER = 0x10FFFF


def _behind(before: Node | None, node: Node) -> str:
    """A node as text, without the measure or the code that belongs to the command before it."""
    text = _written(node)
    if before is None or before.kind is not Kind.MACRO or node.kind is not Kind.TEXT:
        return text
    if before.name in _BEFORE_DIMENSIONS:
        return _DIMENSION.sub("", text, count=1) if _DIMENSION.match(text) else text
    if before.name == "char" and (code := _CHARACTER.match(text)) is not None:
        hexadecimal, octal, decimal = code.groups()
        number = int(hexadecimal or octal or decimal, 16 if hexadecimal else 8 if octal else 10)
        return _character(number) + text[code.end() :]
    return text


def _character(number: int) -> str:
    return chr(number) if 32 <= number <= _MOST_CHARACTER and not 0xD800 <= number < 0xE000 else ""


def _unknown(nodes: list[Node]) -> str:
    """A command nobody knows with what follows it: formatting of a text, a measure, or kept as it is written."""
    groups = [node for node in nodes[1:] if node.kind is Kind.GROUP]
    said = [_joined(group.children).strip() for group in groups]
    if len(said) == 1:
        if any(map(str.isalpha, said[0])) and not _DIMENSION.fullmatch(said[0]):
            return _written(groups[0])
        if _DIMENSION.fullmatch(said[0]) or not said[0]:
            return ""
    return "".join(node.latex for node in nodes)


def _is_unknown(node: Node) -> bool:
    return (
        node.kind is Kind.MACRO
        and not node.arguments
        and not node.plain
        and node.option is None
        and node.name != "char"
        and node.name not in _SILENT
        and node.name not in _LINE_BREAKS
        and node.name not in SYMBOLS
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


_FRACTIONS = frozenset("frac dfrac tfrac cfrac nicefrac sfrac xfrac".split())  # noqa: SIM905
_STRUCK = frozenset("sout st xout cancel bcancel xcancel".split())  # noqa: SIM905
_RAISED = frozenset(("textsuperscript", "tnote"))
_CIRCLED = frozenset("textcircled circled circledtext".split())  # noqa: SIM905
_NOTES = frozenset("footnote thanks footnotetext tablefootnote endnote sidenote marginpar".split())  # noqa: SIM905
_RUBY = frozenset("ruby ltjruby kana aruby".split())  # noqa: SIM905
_BETWEEN = {"numrange": "–", "diagbox": " / ", "slashbox": " / ", "backslashbox": " / ", "numproduct": " × "}
_QUANTITIES = frozenset(("SI", "qty"))
_APART = (
    _FRACTIONS
    | _STRUCK
    | _RAISED
    | _CIRCLED
    | _QUANTITIES
    | {"cite", "num", "ang", "ding", "symbol"}
    | _BETWEEN.keys()
)
_POWER = re.compile(r"\A([-+]?[\d.,]+)[eE]([-+]?\d+)\Z")


def _sets_apart(node: Node | None) -> bool:
    return node is not None and node.kind is Kind.MACRO and node.name in _APART


def _macro(node: Node) -> str:
    if node.name in _LINE_BREAKS:
        return _BREAK
    if node.name in _SILENT:
        return ""
    if node.name in SYMBOLS:
        return SYMBOLS[node.name]
    if node.name == "char" or (node.option is not None and not node.arguments and not node.plain):
        return ""
    if node.plain or not node.arguments:
        return node.plain
    if node.name in _ACCENTS_ALONE and not node.arguments[0].children:
        return node.name
    shown = _shown(node)
    if shown is not None:
        return shown
    arguments = node.arguments[-1:] if node.name in _LAST_ARGUMENT_ONLY else node.arguments
    inside = _joined(arguments)
    return f" [{inside}]" if node.name in _NOTES or node.name.startswith("cite") else inside


def _shown(node: Node) -> str | None:
    """What a command prints that does more than format its arguments; None for one that does not."""
    name = node.name
    arguments = [_joined((argument,)).strip() for argument in node.arguments]
    first = arguments[0]
    if name in _RAISED:
        return raised(first)
    if name == "textsubscript":
        return lowered(first)
    if name in _STRUCK:
        return struck(first)
    if name in _CIRCLED:
        return circled(first)
    if name in _RUBY:
        return first
    if name == "ding":
        return dingbat(first)
    if name in ("symbol", "unichar"):
        code = _CHARACTER.fullmatch(first)
        return (
            _character(int(code[1] or code[2] or code[3], 16 if code[1] else 8 if code[2] else 10))
            if code
            else ""
        )
    if name == "ang":
        return "".join(map("".join, zip(first.split(";"), "°′″", strict=False)))
    if name == "num":
        return _number(first)
    if name in ("si", "unit"):
        return _unit(node.arguments[0])
    if len(arguments) < 2:
        return None
    if name in _FRACTIONS:
        return f"{first}/{arguments[1]}"
    if name in _BETWEEN:
        return _BETWEEN[name].join(arguments)
    if name in _QUANTITIES:
        return f"{_number(first)} {_unit(node.arguments[1])}".strip()
    if name in ("SIrange", "qtyrange"):
        return f"{first}–{arguments[1]} {_unit(node.arguments[-1])}".strip()
    return None


def _number(written: str) -> str:
    """A number of siunitx: `1.2e3` is printed 1.2 × 10³."""
    power = _POWER.match(written)
    return f"{power[1]} × 10{raised(power[2])}" if power else written


def _unit(node: Node) -> str:
    """A unit of siunitx, written as letters or as macros."""
    return "".join(
        UNITS.get(inner.name, inner.name) if inner.kind is Kind.MACRO else _written(inner)
        for inner in (node.children or (node,))
    ).strip()
