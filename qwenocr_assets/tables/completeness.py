"""Whether an answer is all there, judged by its content.

The service reports `finish_reason: "stop"` for answers that break off in the middle (the product guide's own samples
of table and document parsing do), so the content decides.
"""

import re

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Form, MissingForm, Task
from qwenocr_assets.qwenocr.wire.positions import words_of_text
from qwenocr_assets.tables.answer_text import (
    fence_left_open,
    goes_on_behind_its_turn,
    storable,
    unfenced,
    without_thoughts,
)
from qwenocr_assets.tables.document.layouts import is_only_a_picture, lacks_its_cells
from qwenocr_assets.tables.document.markdown import is_markdown, markdown_document
from qwenocr_assets.tables.document.reading import words_left_out
from qwenocr_assets.tables.forms.answered import answered_tables, is_html
from qwenocr_assets.tables.forms.beside import rows_beside
from qwenocr_assets.tables.forms.instead import markup_instead, number_left_out, said_otherwise, unsure_values
from qwenocr_assets.tables.html.end import html_end
from qwenocr_assets.tables.json.places import has_places
from qwenocr_assets.tables.json.scan import json_end
from qwenocr_assets.tables.json.text import is_answered_in_json, is_json, json_source, read_json
from qwenocr_assets.tables.latex.end import document_end, formula_end, open_environment, open_formula
from qwenocr_assets.tables.no_answer.judging import no_answer
from qwenocr_assets.tables.no_answer.loops import loop, loop_of_lines
from qwenocr_assets.tables.no_answer.pictures import is_picture
from qwenocr_assets.tables.no_answer.refusals import quoted, says_there_is_no_table
from qwenocr_assets.tables.no_answer.remarks import caveat, description, left_out

_JSON = "the JSON breaks off, {} is missing"
_CELL = re.compile(r"<t[dh](?![a-z0-9-])", re.IGNORECASE)
_FENCE_OPEN = "the code fence around the answer is never closed"


def incomplete(task: Task, answer: Answer) -> str | None:
    """Why the answer is truncated, none at all or in a shape that is not known, as far as its content shows; None when
    it is complete.

    An empty answer is complete: a blank page has nothing to say. Raises `MissingForm`.
    """
    return (
        _elsewhere(task.spec.form, answer)
        or (_of_content(task, answer) if answer.text.strip() or answer.words or answer.layouts else None)
        or _unknown(answer)
    )


def said_of_no_page(answer: Answer) -> str | None:
    """What the answer to a whole PDF says and no part of it that is of a page."""
    lost = words_left_out(answer)
    return (
        (f"the text of the PDF's answer has {lost} words that no part of a page has" if lost else None)
        or _said_over_and_over(answer)
        or _unknown(answer)
    )


def _of_content(task: Task, answer: Answer) -> str | None:
    return (
        (_lines(answer.text) if task.spec.form is Form.LINES else None)
        or no_answer(task, answer)
        or _truncated(task, answer)
        or _loop(answer)
        or _said_over_and_over(answer)
        or _beside_the_rows(task.spec.form, answer)
        or _remarks(task.spec.form, answer)
    )


def _remarks(form: Form, answer: Answer) -> str | None:
    """What the model says of its own reading, in an answer that is all text."""
    if answer.words or answer.layouts or form is Form.FORMULA:
        return None
    body = unfenced(answer.text)
    return (
        ("the model wrote on behind the end of its turn" if goes_on_behind_its_turn(answer.text) else None)
        or left_out(body)
        or caveat(without_thoughts(storable(answer.text)))
        or (description(body) if form in (Form.TEXT, Form.LINES, Form.DOCUMENT) else None)
    )


_TAKES = {
    Form.LINES: ("words", "text"),
    Form.TEXT: ("words", "text"),
    Form.FREE: ("words", "text"),
    Form.KEY_VALUES: ("key_values", "text"),
    Form.DOCUMENT: ("layouts", "text"),
    Form.TABLES: ("text",),
    Form.FORMULA: ("text",),
}
"""The parts of an answer that rows of a form are made of."""

_MOST_TOKENS_OF_NOTHING = 20
"""Output tokens of an empty answer; what used more was lost on its way."""
_PARTS = {"words": "lines", "key_values": "key values", "layouts": "layouts"}


def _elsewhere(form: Form, answer: Answer) -> str | None:
    """An answer that says something, but nowhere that the task's rows are made from."""
    if answer.text.strip() or any(getattr(answer, part) for part in _TAKES.get(form, ())):
        return None
    if not answer.extra and (answer.usage.output_tokens or 0) > _MOST_TOKENS_OF_NOTHING:
        return f"the answer is empty, and {answer.usage.output_tokens} output tokens were used for it"
    other = [name for part, name in _PARTS.items() if getattr(answer, part)]
    return (
        f"the answer holds {' and '.join(other)}, which were not asked for, and nothing else"
        if other
        else None
    )


def _unknown(answer: Answer) -> str | None:
    named = ", ".join(sorted(answer.extra))
    return f"the answer holds what is not known here ({named}); it is kept in raw" if named else None


def _said_over_and_over(answer: Answer) -> str | None:
    """The service's own alarm: its processed text is the text without what the model said over and over."""
    processed = answer.processed_text
    if processed is None or not processed.strip():
        return None
    if _SIGNS.sub("", processed) == _SIGNS.sub("", answer.text):
        return None
    return "the service took repeats out of the text (its processed_text differs)"


_SIGNS = re.compile(r"\s+|```[a-z]*", re.IGNORECASE)


def _beside_the_rows(form: Form, answer: Answer) -> str | None:
    """What an answer says and its rows do not have."""
    if form is Form.TABLES:
        return rows_beside(answer.text)
    if form is Form.KEY_VALUES and has_places(read_json(answer.text).value):
        return "the values came with their places, which are kept in raw"
    if form is Form.KEY_VALUES and (other := unsure_values(answer.text)):
        return other
    if form is Form.KEY_VALUES and (path := said_otherwise(answer.text, answer.key_values)):
        return f"the answer's text gives {path} otherwise than its key values"
    if answer.words and (number := number_left_out(answer)):
        return f"the answer's text has {number}, which is in none of its lines"
    has_lines = answer.words or words_of_text(answer.text, None)
    if form in (Form.TEXT, Form.LINES) and not has_lines and (markup := markup_instead(answer.text)):
        return f"the answer is {markup} instead of the text of the page"
    if form is not Form.DOCUMENT or not answer.layouts:
        return None
    if any(map(is_only_a_picture, answer.layouts)):
        return "a part of the page came as a picture's address instead of what it shows"
    if any(map(lacks_its_cells, answer.layouts)):
        return "a table of the page came without its cells"
    if pages := len({layout.page for layout in answer.layouts}) - 1:
        return f"the answer has layouts of {pages + 1} pages, and one was asked for"
    if lost := words_left_out(answer):
        return f"the text has {lost} words that no layout has"
    return None


def _truncated(task: Task, answer: Answer) -> str | None:
    text = answer.text
    if not text.strip():
        return None
    match task.spec.form:
        case Form.KEY_VALUES:
            return _json(text) if json_source(text) else "the answer holds no JSON"
        case Form.LINES:
            return _plain(text) if not json_source(text) else None
        case Form.TABLES:
            return _tables(text)
        case Form.DOCUMENT:
            return _document(answer)
        case Form.FORMULA:
            return formula_end(unfenced(text))
        case Form.FREE:
            return _free(text)
        case Form.TEXT if answer.words:
            return _lines(text)
        case Form.TEXT:
            return _plain(text) or _formulas_in_text(unfenced(text))
        case unknown:
            raise MissingForm(unknown, "tables/completeness.py")


def _document(answer: Answer) -> str | None:
    body = unfenced(answer.text)
    if not answer.layouts and not is_markdown(body):
        return document_end(body) or _plain(answer.text)
    if is_picture(body):
        return None
    torn = html_end(body).reason if is_html(body) else None
    if torn is None and any(not table.is_complete for table in markdown_document(body).tables):
        torn = "the table breaks off inside a row"
    return torn or _plain(answer.text) or _formulas_in_text(body)


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
