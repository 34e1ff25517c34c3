"""Whether an answer is one at all."""

import re
from html import unescape

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Form, Task
from qwenocr_assets.tables.answer_text import unfenced, without_thoughts
from qwenocr_assets.tables.json.text import read_json
from qwenocr_assets.tables.leaves import leaves
from qwenocr_assets.tables.no_answer.refusals import refusal, speaks_of_the_page

_READS_TEXT = frozenset((Form.LINES, Form.TEXT, Form.DOCUMENT))
"""Forms of answers that are what stands on the page, so that a remark on the page is none."""

_LONGEST = 6000
"""Characters of the longest answer that is looked into: with its markup, a refusal is shorter."""
_MOST_VALUES = 3
"""Values beside a refusal in JSON: a status, a code."""

_MOST_TAGS = 40
"""Tags around a refusal; more make a table."""

_PICTURE = re.compile(
    r"!\[[^\]\n]{0,300}\]\([^)\n]{1,4000}\)|<img\b[^<>]{0,4000}>"
    r"|(?:https?|oss|file)://[^\s<>]{1,2000}?\.(?:png|jpe?g|gif|webp|bmp|tiff?|svg)(?:\?\S*)?(?=\s|\Z)"
    r"|data:image/[a-z+]{1,20};base64,\S*",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)
_LATEX = re.compile(
    r"\\(?:begin|end|documentclass|usepackage|title|author|date)\s*(?:\[[^\]]*\])?\{[^{}]*\}|\\[a-z]+\*?|[{}$]|\\[\[\]]",
    re.IGNORECASE,
)


def no_answer(task: Task, answer: Answer) -> str | None:
    """Why an answer gives no row: a refusal, thoughts, a remark on the picture or its address; None for any other."""
    if len(answer.words) > _MOST_VALUES:
        return None
    if answer.words and answer.text == "":
        return _of_text(task, "\n".join(word.text for word in answer.words))
    if answer.text.strip() and not without_thoughts(answer.text).strip():
        return "the answer holds no more than the model's thoughts"
    return _of_text(task, unfenced(answer.text))


def picture_line(line: str) -> bool:
    """Whether a line is no more than a picture's address."""
    begin = line.lstrip(" \t,;|")
    return bool(begin) and _PICTURE.match(begin) is not None and not _PICTURE.sub("", begin).strip(" \t,;|")


def _of_text(task: Task, body: str) -> str | None:
    if body.count("<") > _MOST_TAGS:
        return None
    head = body[:_LONGEST]
    if "://" in head or "data:" in head or "](" in head or "<img" in head:
        lines = [line for line in body.splitlines() if line.strip()]
        if lines and all(map(picture_line, lines)):
            return "the answer is a picture's address instead of what it shows"
    if len(body) > _LONGEST:
        return refusal(body)
    if body.lstrip().startswith(("{", "[")):
        values = [str(leaf.value) for leaf in leaves(read_json(body).value) if leaf.value not in (None, "")]
        if not values or len(values) > _MOST_VALUES + 1:
            return None
        if all(map(picture_line, values)):
            return "the answer is a picture's address instead of what it shows"
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
