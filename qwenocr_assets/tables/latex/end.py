"""Where truncated LaTeX breaks off."""

import re

from qwenocr_assets.tables.latex.mended import mended
from qwenocr_assets.tables.no_answer.refusals import quoted

_LATEX_TOKEN = re.compile(
    r"""
    \\begin\s*\{(?P<verbatim>verbatim\*?|lstlisting|minted)\}.*?(?:\\end\s*\{(?P=verbatim)\}|(?P<unclosed>\Z))
    | \\begin\s*\{(?P<begin>[^{}]*)\}
    | \\end\s*\{(?P<end>[^{}]*)\}
    | \\. | %[^\n]* | (?P<brace>[{}])
    """,
    re.VERBOSE | re.DOTALL,
)


_DOCUMENT_START = "\\documentclass"


def document_end(latex: str) -> str | None:
    """Why a LaTeX document is truncated; None when it is complete."""
    latex = mended(latex)
    environments, braces = _left_open(latex)
    if environments:
        return f"the LaTeX ends without \\end{{{environments[-1]}}}"
    start = latex.strip()[: len(_DOCUMENT_START)]
    if start and _DOCUMENT_START.startswith(start) and "\\begin{document}" not in latex:
        return "the LaTeX breaks off before \\begin{document}"
    if braces:
        return f"the LaTeX breaks off with {braces} of its braces open"
    if _ends_in_command(latex):
        return "the LaTeX breaks off inside a command"
    return open_formula(latex)


_DOLLAR = re.compile(r"(?<!\\)\$\$?")
_MONEY = re.compile(r"\$\s?[0-9]")
_OPENS = re.compile(r"\$\$?\s*[A-Za-z\\({\[|+-]")
_SET_IN_MATH = re.compile(r"\\[A-Za-z]+|[_^]\s*[{\\A-Za-z0-9]")
_PARAGRAPHS = re.compile(r"\n\s*\n")


def open_formula(text: str) -> str | None:
    """The formula that a text leaves open, as a reason: TeX ends one with its paragraph at the latest.

    `$` before a number is money where what follows does not look like a formula.
    """
    if "$" in text:
        display = text.count("$$")
        pieces = [text] if display % 2 else _PARAGRAPHS.split(text)
        for paragraph in pieces:
            signs = [
                sign for sign in _DOLLAR.finditer(paragraph) if not _MONEY.match(paragraph, sign.start())
            ]
            if len(signs) % 2 == 0:
                continue
            last = signs[-1]
            behind = paragraph[last.end() :]
            if _SET_IN_MATH.search(behind) or (len(signs) > 1 and _OPENS.match(paragraph, last.start())):
                return f"the formula ends without {last[0]}"
    for opening, closing in (("\\[", "\\]"), ("\\(", "\\)")):
        if text.count(opening) > text.count(closing) and _SET_IN_MATH.search(text[text.rfind(opening) + 2 :]):
            return f"the formula ends without {closing}"
    return None


def open_environment(text: str) -> str | None:
    """The environment that a text leaves open, as a reason."""
    if "\\begin" not in text:
        return None
    environments, _ = _left_open(text)
    return f"the LaTeX ends without \\end{{{environments[-1]}}}" if environments else None


def formula_end(latex: str) -> str | None:
    """Why a formula is truncated or is none; None when it is complete."""
    latex = latex.strip()
    if is_prose(latex):
        return f"the answer holds no formula: {quoted(latex)}"
    for opening, closing in (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$")):
        if latex.startswith(opening):
            if latex.count(opening) > latex.count(closing) or (
                opening == closing and latex.count(opening) % 2 == 1
            ):
                return f"the formula ends without {closing}"
            break
    environments, braces = _left_open(latex)
    if environments:
        return f"the formula ends without \\end{{{environments[-1]}}}"
    if braces:
        return f"the formula breaks off with {braces} of its braces open"
    if len(re.findall(r"\\left(?![A-Za-z])", latex)) > len(re.findall(r"\\right(?![A-Za-z])", latex)):
        return "the formula breaks off before a \\right"
    return "the formula breaks off inside a command" if _ends_in_command(latex) else None


_SIGNS_OF_MATH = re.compile(r"[\\^_=$+<>{}0-9∑∫√≤≥±×÷·−*/|]")
_WORDS = 4
_LETTERS_UNSPACED = 6


def is_prose(text: str) -> bool:
    """Whether a text has several words and no sign of a formula."""
    if not text or _SIGNS_OF_MATH.search(text):
        return False
    letters = sum(map(str.isalpha, text))
    return len(text.split()) >= _WORDS or (not text.isascii() and letters >= _LETTERS_UNSPACED)


def _left_open(latex: str) -> tuple[list[str], int]:
    """The environments and the number of braces that are open at the end."""
    environments: list[str] = []
    braces = 0
    for token in _LATEX_TOKEN.finditer(latex):
        if token["brace"]:
            braces = braces + 1 if token["brace"] == "{" else max(braces - 1, 0)
        elif token["begin"] is not None:
            environments.append(token["begin"].strip())
        elif token["end"] is not None:
            name = token["end"].strip()
            if name in environments:
                del environments[len(environments) - 1 - environments[::-1].index(name) :]
        elif token["unclosed"] is not None:
            environments.append(token["verbatim"])
    return environments, braces


def _ends_in_command(latex: str) -> bool:
    """Whether the text ends with a backslash that starts nothing, or in the middle of an environment's name."""
    tail = latex.rstrip()
    backslashes = len(tail) - len(tail.rstrip("\\"))
    return backslashes % 2 == 1 or re.search(r"\\(?:begin|end)\s*\{?[A-Za-z*]*\Z", tail) is not None
