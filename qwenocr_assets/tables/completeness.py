"""Whether an answer is all there, judged by its content.

The service reports `finish_reason: "stop"` for answers that break off in the middle (the product guide's own samples
of table and document parsing do), so the content decides.
"""

import re

from qwenocr_assets.qwenocr.tasks import Form, MissingForm, Task
from qwenocr_assets.tables.answer_text import fence_left_open, unfenced
from qwenocr_assets.tables.html.end import html_end
from qwenocr_assets.tables.json.scan import json_end
from qwenocr_assets.tables.json.text import is_answered_in_json, is_json, json_source

_JSON = "the JSON breaks off, {} is missing"


def incomplete(task: Task, text: str) -> str | None:
    """Why the answer is truncated, as far as its text shows; None when it is complete.

    An empty answer is complete: a blank page has nothing to say. Raises `MissingForm`.
    """
    if not text.strip():
        return None
    match task.spec.form:
        case Form.KEY_VALUES:
            return _json(text) if json_source(text) else "the answer holds no JSON"
        case Form.LINES:
            return _lines(text)
        case Form.TABLES:
            # A page of several tables that ends between two of them shows it by the open fence alone.
            return html_end(unfenced(text)).reason or _plain(text)
        case Form.DOCUMENT:
            return _document(unfenced(text))
        case Form.FORMULA:
            return _formula(unfenced(text))
        case Form.FREE:
            return _free(text)
        case Form.TEXT:
            return _plain(text)
        case unknown:
            raise MissingForm(unknown, "tables/completeness.py")


def _json(text: str) -> str | None:
    source = json_source(text)
    if source is None or is_json(source):
        return None
    missing = json_end(source).missing
    return _JSON.format(missing) if missing else None


def _lines(text: str) -> str | None:
    """The text beside `words_info`: the service itself leaves its outermost list open (the product guide's sample)."""
    source = json_source(text)
    if source is None or is_json(source):
        return None
    end = json_end(source)
    as_the_service_ends = end.missing == "]" and source[: end.safe_end].endswith("}")
    left_over = source[end.safe_end :].strip()
    if not end.missing or (as_the_service_ends and not left_over):
        return None
    return _JSON.format(end.missing)


def _free(text: str) -> str | None:
    if is_answered_in_json(text):
        return _json(text)
    body = unfenced(text).lstrip()
    if re.match(r"<(?:!doctype|html|table|tr)\b", body, re.IGNORECASE):
        return html_end(body).reason
    if body.startswith("\\documentclass") or "\\begin{document}" in body:
        return _document(body)
    return _plain(text)


def _plain(text: str) -> str | None:
    return "the code fence around the answer is never closed" if fence_left_open(text) else None


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


def _document(latex: str) -> str | None:
    environments, braces = _left_open(latex)
    if environments:
        return f"the LaTeX ends without \\end{{{environments[-1]}}}"
    start = latex.strip()[: len(_DOCUMENT_START)]
    if start and _DOCUMENT_START.startswith(start) and "\\begin{document}" not in latex:
        return "the LaTeX breaks off before \\begin{document}"
    if braces:
        return f"the LaTeX breaks off with {braces} of its braces open"
    return "the LaTeX breaks off inside a command" if _ends_in_command(latex) else None


def _formula(latex: str) -> str | None:
    latex = latex.strip()
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
