"""Whether a formula is LaTeX that can be set, as far as its grammar goes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pylatexenc import latexwalker

_ALIGNING = re.compile(r"array|matrix|align|gather|cases|split|eqnarray|tabular|multline")
_PLAIN_ALIGNING = frozenset(("cases", "matrix", "pmatrix", "eqalign"))
_POSITION = re.compile(r"\s*@\(\d+,\d+\).*", re.DOTALL)
_UNCLOSED = "something is left open: a brace, an environment, or a command without its argument"


def formula_problem(latex: str) -> str | None:
    """What a LaTeX parser objects to in a formula without its delimiters; None when nothing.

    The grammar is checked (braces, environments, arguments, `\\left` and `\\right`, superscripts and subscripts, `&`
    inside of alignments only), not whether every command exists.
    """
    walker = latexwalker.LatexWalker(f"\\[{latex}\\]", tolerant_parsing=False)
    try:
        nodes, _, _ = walker.get_latex_nodes()
        if len(nodes) != 1 or not isinstance(nodes[0], latexwalker.LatexMathNode):
            return "it ends before its end: there is a \\] inside"
        return _problem_in(nodes[0].nodelist, aligned=False)
    except latexwalker.LatexWalkerParseError as error:
        said = _POSITION.sub("", str(error))
        return _UNCLOSED if "end of stream" in said or "closing math mode" in said else said
    except (latexwalker.LatexWalkerError, RecursionError, ValueError, IndexError, AttributeError, TypeError):
        return "the parser cannot read it"


def _problem_in(nodes: Sequence[Any], *, aligned: bool) -> str | None:
    """The first problem among the nodes of a formula, and in what they hold."""
    fences = 0
    aligned = aligned or any(getattr(node, "macroname", None) in _PLAIN_ALIGNING for node in nodes)
    for node in nodes:
        if isinstance(node, latexwalker.LatexSpecialsNode) and node.specials_chars == "&" and not aligned:
            return "an & outside of any alignment"
        if isinstance(node, latexwalker.LatexMacroNode) and node.macroname in ("left", "right"):
            fences += 1 if node.macroname == "left" else -1
            if fences < 0:
                return "a \\right without its \\left"
        for held, is_aligned in _held(node, aligned):
            if problem := _problem_in(held, aligned=is_aligned):
                return problem
    if fences:
        return "a \\left without its \\right"
    return _script_problem(_signs(nodes))


def _held(node: Any, aligned: bool) -> Iterator[tuple[Sequence[Any], bool]]:
    """The nodes inside a node, and whether `&` may stand there. Text inside a formula is not looked into."""
    if isinstance(node, latexwalker.LatexEnvironmentNode):
        yield node.nodelist, _ALIGNING.search(node.environmentname) is not None
    elif isinstance(node, latexwalker.LatexGroupNode):
        yield node.nodelist, aligned
    elif isinstance(node, latexwalker.LatexMacroNode) and not node.macroname.startswith(("text", "mbox")):
        for argument in getattr(node.nodeargd, "argnlist", None) or ():
            if isinstance(argument, latexwalker.LatexGroupNode):
                yield argument.nodelist, aligned


def _signs(nodes: Iterable[Any]) -> Iterator[str]:
    """What follows what: characters, and an empty text for everything else."""
    for node in nodes:
        if isinstance(node, latexwalker.LatexCharsNode):
            yield from (char for char in node.chars if not char.isspace())
        elif not isinstance(node, latexwalker.LatexCommentNode):
            yield ""


_SCRIPTS = {"^": "superscript", "_": "subscript"}


def _script_problem(signs: Iterator[str]) -> str | None:
    on_base: set[str] = set()
    for sign in signs:
        if sign not in _SCRIPTS:
            on_base.clear()
            continue
        if sign in on_base:
            return f"two {_SCRIPTS[sign]}s on one base"
        on_base.add(sign)
        if next(signs, "^") in _SCRIPTS:
            return f"a {sign} with nothing behind it"
    return None
