"""Whether an answer is one at all."""

import re
from html import unescape

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Form, Task
from qwenocr_assets.qwenocr.wire.box_lists import lines_alone
from qwenocr_assets.qwenocr.wire.positions import holds_lines_alone, holds_positions, words_of_text
from qwenocr_assets.tables.answer_text import unfenced, without_thoughts
from qwenocr_assets.tables.document.layouts import said_by
from qwenocr_assets.tables.json.places import has_places
from qwenocr_assets.tables.json.text import read_json
from qwenocr_assets.tables.leaves import leaves
from qwenocr_assets.tables.no_answer.pictures import is_picture
from qwenocr_assets.tables.no_answer.refusals import refusal, says_nothing, speaks_of_the_page

_READS_TEXT = frozenset((Form.LINES, Form.TEXT, Form.DOCUMENT))
"""Forms of answers that are what stands on the page, so that a remark on the page is none."""

_LONGEST = 6000
"""Characters of the longest answer that is looked into: with its markup, a refusal is shorter."""
_MOST_VALUES = 3
"""Values beside a refusal in JSON: a status, a code."""

_MOST_TAGS = 40
"""Tags around a refusal; more make a table."""

_TAG = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)
_LATEX = re.compile(
    r"\\(?:begin|end|documentclass|usepackage|title|author|date)\s*(?:\[[^\]]*\])?\{[^{}]*\}|\\[a-z]+\*?|[{}$]|\\[\[\]]",
    re.IGNORECASE,
)


_INSTEAD_OF = {
    Form.KEY_VALUES: "the answer is a list of lines with their places instead of key values",
    Form.TABLES: "the answer is a list of lines with their places instead of tables",
    Form.FORMULA: "the answer is a list of lines with their places instead of a formula",
    Form.DOCUMENT: "the answer is a list of lines with their places instead of the document",
}
"""Forms that are not lines; where lines are asked for, such a list is an answer."""
_ONLY_PLACES = "the answer holds places on the page without the text that stands there"
_REPEATS = "the answer repeats what was asked"
_ONLY_PICTURE = "the answer is a picture's address instead of what it shows"


def no_answer(task: Task, answer: Answer) -> str | None:
    """Why an answer gives no row: a refusal, thoughts, places without text, a remark on the picture or its address;
    None for any other.
    """
    return _of_places(task.spec.form, answer) or _of_words(task, answer)


def _of_places(form: Form, answer: Answer) -> str | None:
    """Coordinates where something else was asked for: whatever form they came in, they are no text of the page."""
    if form in _INSTEAD_OF:
        is_list = bool(lines_alone(answer.key_values)) or (
            not answer.layouts and holds_lines_alone(answer.text)
        )
        return _INSTEAD_OF[form] if is_list else None
    if answer.words or answer.key_values is not None or words_of_text(answer.text, None):
        return None
    return _ONLY_PLACES if holds_positions(answer.text) or has_places(read_json(answer.text).value) else None


def _of_words(task: Task, answer: Answer) -> str | None:
    if len(answer.words) > _MOST_VALUES:
        return None
    if answer.layouts and task.spec.form is Form.DOCUMENT:
        said = "\n".join(
            words for layout in answer.layouts if (words := layout.text.strip() or said_by(layout))
        )
        return _of_text(task, said) if said else _ONLY_PICTURE
    if answer.words:
        return _of_text(task, "\n".join(word.text for word in answer.words))
    if answer.text.strip() and not without_thoughts(answer.text).strip():
        return "the answer holds no more than the model's thoughts"
    body = unfenced(answer.text)
    if repeats_its_task(task, body):
        return _REPEATS
    return (says_nothing(body) if task.spec.form in _READS_TEXT else None) or _of_text(task, body)


_TELLING = 40
"""Characters of a prompt that no page has by chance."""


def repeats_its_task(task: Task, body: str) -> bool:
    """Whether an answer begins as the prompt of its task does, or is a part of it."""
    asked, said = (" ".join((text or "").split()) for text in (task.spec.prompt, body[:_LONGEST]))
    return (
        len(said) >= _TELLING
        and len(asked) >= _TELLING
        and (said[:_TELLING] == asked[:_TELLING] or said in asked)
    )


def _of_text(task: Task, body: str) -> str | None:
    if body.count("<") > _MOST_TAGS:
        return None
    if is_picture(body):
        return _ONLY_PICTURE
    if len(body) > _LONGEST:
        return refusal(body)
    if body.lstrip().startswith(("{", "[")):
        values = [str(leaf.value) for leaf in leaves(read_json(body).value) if leaf.value not in (None, "")]
        if not values or len(values) > _MOST_VALUES + 1:
            return None
        if all(map(is_picture, values)):
            return _ONLY_PICTURE
        return next((why for value in values if (why := refusal(value))), None)
    words = _words(body)
    return refusal(words) or (speaks_of_the_page(words) if task.spec.form in _READS_TEXT else None)


def _words(body: str) -> str:
    """What an answer says, without its markup."""
    if "<" in body:
        body = unescape(_TAG.sub(" ", body))
    if "\\" in body:
        body = _LATEX.sub(" ", body)
    return body.strip()
