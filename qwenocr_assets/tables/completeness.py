"""Whether an answer is all there, judged by its content.

The service reports `finish_reason: "stop"` for answers that break off in the middle (the product guide's own samples
of table and document parsing do), so the content decides.
"""

import re

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Form, MissingForm, Task
from qwenocr_assets.tables.answer_text import fence_left_open, unfenced
from qwenocr_assets.tables.forms.answered import answered_tables, is_html
from qwenocr_assets.tables.html.end import html_end
from qwenocr_assets.tables.json.scan import json_end
from qwenocr_assets.tables.json.text import is_answered_in_json, is_json, json_source
from qwenocr_assets.tables.latex.end import document_end, formula_end, open_environment, open_formula
from qwenocr_assets.tables.no_answer.judging import no_answer
from qwenocr_assets.tables.no_answer.loops import loop, loop_of_lines
from qwenocr_assets.tables.no_answer.refusals import quoted, says_there_is_no_table

_JSON = "the JSON breaks off, {} is missing"
_CELL = re.compile(r"<t[dh](?![a-z0-9-])", re.IGNORECASE)
_FENCE_OPEN = "the code fence around the answer is never closed"


def incomplete(task: Task, answer: Answer) -> str | None:
    """Why the answer is truncated or none at all, as far as its content shows; None when it is complete.

    An empty answer is complete: a blank page has nothing to say. Raises `MissingForm`.
    """
    text = answer.text
    if not text.strip() and not answer.words:
        return None
    return no_answer(task, answer) or _truncated(task, text) or _loop(answer)


def _truncated(task: Task, text: str) -> str | None:
    if not text.strip():
        return None
    match task.spec.form:
        case Form.KEY_VALUES:
            return _json(text) if json_source(text) else "the answer holds no JSON"
        case Form.LINES:
            return _lines(text)
        case Form.TABLES:
            return _tables(text)
        case Form.DOCUMENT:
            return document_end(unfenced(text)) or _plain(text)
        case Form.FORMULA:
            return formula_end(unfenced(text))
        case Form.FREE:
            return _free(text)
        case Form.TEXT:
            return _plain(text) or _formulas_in_text(unfenced(text))
        case unknown:
            raise MissingForm(unknown, "tables/completeness.py")


def _loop(answer: Answer) -> str | None:
    if answer.words:
        return loop_of_lines([(word.text, word.quad) for word in answer.words])
    return loop(answer.text)


def _tables(text: str) -> str | None:
    """Tables in any form; one in HTML may be all there and the fence around it open, where more tables were to come."""
    body = unfenced(text)
    if is_html(body):
        torn = html_end(body).reason
    elif body.lstrip().startswith(("{", "[")):
        torn = _json(text)
    else:
        torn = open_environment(body) or html_end(body).reason
    if torn or (torn := _plain(text)) or _CELL.search(body):
        return torn
    tables = answered_tables(text)
    if any(not table.is_complete for table in tables):
        return "the table breaks off inside a row"
    if tables or not body.strip() or says_there_is_no_table(body):
        return None
    return f"the answer holds no table: {quoted(body)}"


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
        return document_end(body)
    return _plain(text)


def _formulas_in_text(body: str) -> str | None:
    return open_formula(body) or open_environment(body)


def _plain(text: str) -> str | None:
    return _FENCE_OPEN if fence_left_open(text) else None
