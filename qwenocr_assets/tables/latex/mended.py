"""LaTeX as models write it: a `%` or a `$` that stands on the page, and that they forgot to escape.

TeX takes a `%` for a comment to the end of the line, which swallows the rest of a row and the `\\\\` that ends it; a
lone `$` before a price takes all up to the next one for a formula.
"""

import re

_VERBATIM = re.compile(
    r"\\begin\s*\{(?P<name>verbatim\*?|lstlisting|minted)\}.*?(?:\\end\s*\{(?P=name)\}|\Z)|\\verb\*?(?P<sign>[^A-Za-z\s*]).*?(?P=sign)",
    re.DOTALL,
)
_PERCENT = re.compile(r"(?<!\\)((?:\\\\)*)%")
_AROUND = 400
"""Characters before and behind a sign that tell what it is."""
_MOST_PRICES = 100
"""Prices in one cell or paragraph that are told from formulas; as many `$` have no pairs."""
_COMMAND_BEFORE = re.compile(r"\\[A-Za-z]+\*?\Z")
_BEGIN_BEFORE = re.compile(r"\\begin\s*\{[^{}]*\}(?:\[[^\[\]]*\]|\{(?:[^{}]|\{[^{}]*\})*\})*\Z")
_ROW_GOES_ON = re.compile(r"(?<!\\)&|\\\\")
_FIRST_IN_CELL = re.compile(r"[0-9]|\s*&")
_CLOSES = (")", "]", "）", "】", ",", ".", ";", "、", "。", "，")
_CUTS = re.compile(r"(\\\\|(?<!\\)&|\n[ \t]*\n|\\(?:begin|end)\s*\{[^{}]*\}|\$\$|\\[\[\]()])")
_DOLLAR = re.compile(r"(?<!\\)\$")
_PRICE = re.compile(r"(?<!\\)\$(?=\s?[0-9][0-9.,]*(?:\s|\Z|[-–)/;:]))")
_FORMULA_SIGN = re.compile(r"[\\^_{}=]")


def mended(latex: str) -> str:
    """The LaTeX with a backslash before every `%` and `$` that is text; verbatim text as it is."""
    if "%" not in latex and "$" not in latex:
        return latex
    parts: list[str] = []
    at = 0
    for verbatim in _VERBATIM.finditer(latex):
        parts += (_with_prices(_with_percents(latex[at : verbatim.start()])), verbatim[0])
        at = verbatim.end()
    return "".join((*parts, _with_prices(_with_percents(latex[at:]))))


def _with_percents(latex: str) -> str:
    if "%" not in latex:
        return latex
    return "\n".join(_line(line) if "%" in line else line for line in latex.split("\n"))


def _line(line: str) -> str:
    parts: list[str] = []
    done = 0
    for sign in _PERCENT.finditer(line):
        percent = sign.end() - 1
        if not _is_text(line[max(percent - _AROUND, 0) : percent], line[percent + 1 : percent + _AROUND]):
            break
        parts += (line[done:percent], "\\")
        done = percent
    return "".join((*parts, line[done:]))


def _is_text(before: str, after: str) -> bool:
    """Whether a `%` stands on the page: behind a number or a word, before a digit, or with the row going on behind."""
    stripped = before.rstrip()
    if stripped.endswith("}") and _BEGIN_BEFORE.search(stripped):
        return False
    if _FIRST_IN_CELL.match(after):
        return True
    if not stripped or _COMMAND_BEFORE.search(stripped) or stripped.endswith("\\\\"):
        return False
    if stripped[-1].isalnum() or stripped[-1] in ")）(（" or after.startswith(_CLOSES):
        return True
    return _ROW_GOES_ON.search(after) is not None and stripped[-1] != "{"


def _with_prices(latex: str) -> str:
    if "$" not in latex:
        return latex
    pieces = _CUTS.split(latex)
    return "".join(_prices(piece) if "$" in piece and piece != "$$" else piece for piece in pieces)


def _prices(piece: str) -> str:
    """A cell or paragraph with its prices told from its formulas: what is left must come in pairs."""
    prices = list(_PRICE.finditer(piece))
    if not prices or len(prices) > _MOST_PRICES:
        return piece
    signs = [sign.start() for sign in _DOLLAR.finditer(piece)]
    escaped: set[int] = set()
    for price in prices:
        others = [sign for sign in signs if sign not in escaped]
        place = others.index(price.start())
        if place % 2:
            continue  # it ends a formula
        end = others[place + 1] if place + 1 < len(others) else len(piece)
        between = piece[price.end() : end]
        if (len(others) - place) % 2 or (" " in between.strip() and not _FORMULA_SIGN.search(between)):
            if end < len(piece) and _FORMULA_SIGN.search(between):
                continue
            escaped.add(price.start())
    for at in sorted(escaped, reverse=True):
        piece = f"{piece[:at]}\\{piece[at:]}"
    return piece
