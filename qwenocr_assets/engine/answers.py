"""From a request and its page to an answer: which task is answered from what, in the service's form.

With a task the service answers in the forms that its guide shows: fenced JSON, HTML and LaTeX, plain text without
a fence. What the page says is decided in `text.py`, `key_values.py`, `tables.py` and `document.py`.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from qwenocr_assets.engine.errors import UnsupportedTask
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from qwenocr_assets.engine.shapes import Shape, shaped
from qwenocr_assets.engine.understanding.document import document_latex
from qwenocr_assets.engine.understanding.key_values import all_pairs, fill_schema
from qwenocr_assets.engine.understanding.sureness import sureness
from qwenocr_assets.engine.understanding.tables import tables_html
from qwenocr_assets.engine.understanding.text import plain_text
from qwenocr_assets.engine.understanding.unlabelled import Unlabelled
from qwenocr_assets.engine.whole_pdfs import pdf_answer
from qwenocr_assets.engine.wire.errors import invalid_parameter
from qwenocr_assets.engine.wire.geometry import location, normalised, rotate_rect
from qwenocr_assets.engine.wire.usage import Usage
from qwenocr_assets.engine.wire.values import (
    MAX_INPUT_TOKENS,
    Answer,
    JsonObject,
    LaysOut,
    OcrRequest,
    PageReader,
    ReadsAgain,
)
from qwenocr_assets.qwenocr.tasks import Form
from qwenocr_assets.qwenocr.tokens import cut_to_tokens, image_tokens, text_tokens


def answer(request: OcrRequest, reader: PageReader, shapes: Collection[Shape] = ()) -> Answer:
    """Answer one request, in these shapes beside the guide's.

    Raises EngineError, and WireError when the input is over the model's limit.
    """
    if request.pages:
        return pdf_answer(request, lambda page: answer(page, reader, {*shapes, Shape.LAYOUTS}))
    task = request.instruction.task
    compose = _ANSWERS.get(task.spec.form)
    if compose is None:
        why = _CANNOT.get(task.spec.form, f"it does not write answers in the form {task.spec.form}")
        raise UnsupportedTask(
            f"The embedded engine does not support the task {task}: {why}. Use a cloud region for this task."
        )
    image = request.image
    tokens = image_tokens(image.width, image.height, min_pixels=image.min_pixels, max_pixels=image.max_pixels)
    if tokens + request.instruction.text_tokens > MAX_INPUT_TOKENS:
        raise invalid_parameter(f"Range of input length should be [1, {MAX_INPUT_TOKENS}]")

    page = _page(request, reader)
    full_text, ocr_result = compose(page, request.instruction.schema)
    if ocr_result is not None and "kv_result" in ocr_result and isinstance(reader, ReadsAgain):
        has_schema = request.instruction.schema is not None
        ocr_result |= {"kv_scores": _scores(ocr_result["kv_result"], page, reader, image.data, has_schema)}
    usage = Usage(tokens, request.instruction.text_tokens, 0)
    whole = shaped(request, Answer(full_text, usage, "stop", ocr_result), page, shapes)
    text = whole.text if request.max_tokens is None else cut_to_tokens(whole.text, request.max_tokens)
    is_cut = len(text) < len(whole.text)
    return replace(
        whole,
        text=text,
        usage=replace(usage, output_tokens=text_tokens(text or full_text)),
        finish_reason="length" if is_cut else "stop",
        ocr_result=_complete_part(whole.ocr_result, text) if is_cut else whole.ocr_result,
    )


def _page(request: OcrRequest, reader: PageReader) -> ReadPage:
    """The page as it is read, or as the text says it that came with it. Raises EngineError."""
    if not request.own_text:
        return reader.read(request.image.data)
    if not isinstance(reader, LaysOut):
        raise invalid_parameter("This reader takes no own_text.")
    return reader.lay_out(request.image.data, request.own_text)


def _scores(
    values: JsonObject, page: ReadPage, reader: ReadsAgain, image: bytes, has_schema: bool
) -> JsonObject:
    """`kv_scores`, which the service does not have: how sure the reader is of each value.

    Which text a key of a schema means may be open; a pair's key is the label that stands at its value.
    """

    def read_again(lines: Sequence[Line], stretched: float) -> Sequence[Line]:
        found = reader.read_wider(image, [line.quad for line in lines], stretched)
        return [
            replace(line, text=reading.text, least_score=reading.least_score)
            for line, reading in zip(lines, found, strict=True)
        ]

    is_open = Unlabelled(page).is_open
    scores: JsonObject = (
        sureness(values, page, read_again, is_open) if has_schema else sureness(values, page, read_again)
    )
    return scores


_Composed = tuple[str, JsonObject | None]


def _lines(page: ReadPage, _schema: JsonObject | None) -> _Composed:
    """`words_info` in pixels of the image; the text in thousandths of its sides, as newer models write it."""
    words = [_word(line, page) for line in page.lines]
    written = ",\n".join(f"\t{_text_entry(line, page)}" for line in page.lines)
    return f"```json\n[\n{written}\n]\n```", {"words_info": words}


def _word(line: Line, page: ReadPage) -> JsonObject:
    """A line as the service gives it, with `least_score`, which the service does not have."""
    return {
        "rotate_rect": rotate_rect(line.quad),
        "location": location(line.quad, page.width, page.height),
        "text": line.text,
        **({} if line.least_score is None else {"least_score": round(line.least_score, 4)}),
    }


def _text_entry(line: Line, page: ReadPage) -> str:
    rectangle = rotate_rect(normalised(line.quad, page.width, page.height))
    return json.dumps({"rotate_rect": rectangle, "text": line.text}, ensure_ascii=False)


def _key_values(page: ReadPage, schema: JsonObject | None) -> _Composed:
    pairs = all_pairs(page) if schema is None else fill_schema(page, schema)
    return f"```json\n{json.dumps(pairs, ensure_ascii=False, indent=4)}\n```", {"kv_result": pairs}


def _tables(page: ReadPage, _schema: JsonObject | None) -> _Composed:
    return f"```html\n{tables_html(page)}\n```", None


def _document(page: ReadPage, _schema: JsonObject | None) -> _Composed:
    return f"```latex\n{document_latex(page)}\n```", None


def _text(page: ReadPage, _schema: JsonObject | None) -> _Composed:
    return plain_text(page), None


_ANSWERS: dict[Form, Callable[[ReadPage, JsonObject | None], _Composed]] = {
    Form.LINES: _lines,
    Form.KEY_VALUES: _key_values,
    Form.TABLES: _tables,
    Form.DOCUMENT: _document,
    Form.TEXT: _text,
}
"""A free prompt is one of these by then: see `wire/prompts.py`."""

_CANNOT = {Form.FORMULA: "it has no weights for formulas"}


def _complete_part(ocr_result: JsonObject | None, cut_text: str) -> JsonObject | None:
    """What of the structured result the cut text still holds whole: entire lines, but no half JSON object."""
    if ocr_result is None or "words_info" not in ocr_result:
        return None
    # The text has a fence and a bracket before the first entry, and a line break after each complete one.
    complete = max(0, cut_text.count("\n") - 2)
    return {"words_info": ocr_result["words_info"][:complete]}
