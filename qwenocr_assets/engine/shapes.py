"""Shapes that answers of the service come in beside those of its guide, by model: to try who reads them.

The guide and its newer sample have `words_info` without `location` and `processed_text`; what else is here is known
from programs that met it (2026). `SHAPES_BY_MODEL` is what a model answers in unless somebody says otherwise.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType

from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.understanding.markdown import document_layouts, document_markdown
from qwenocr_assets.engine.understanding.text import plain_text
from qwenocr_assets.engine.wire.geometry import NORMALISED, normalised, rotate_rect
from qwenocr_assets.engine.wire.values import Answer, JsonObject, OcrRequest
from qwenocr_assets.qwenocr.tasks import Form

_PICTURE = "https://dashscope-result.oss-cn-beijing.aliyuncs.com/pages/0.png?Expires=1790000000&Signature=abc"


class Shape(StrEnum):
    """One way in which an answer differs from the guide's samples."""

    BOX_LIST = "box_list"
    """A fenced JSON list of lines with their rectangles, whatever was asked for."""
    TUPLES = "tuples"
    """Each line with its rectangle behind it."""
    BARE_TUPLES = "bare_tuples"
    """Rectangles alone."""
    NO_LOCATION = "no_location"
    """`words_info` without corners."""
    TEXT_RECTANGLES = "text_rectangles"
    """Rectangles as a text of `<n>` groups."""
    FOUR_NUMBERS = "four_numbers"
    """Rectangles without their angle."""
    LAYOUTS = "layouts"
    """Documents in Markdown, with `ocr_result.layouts`."""
    PICTURE_LINK = "picture_link"
    """A text that is a temporary picture's address; layouts keep their words."""
    PROCESSED_TEXT = "processed_text"
    """The text once more, without repeats: here the same."""
    REPEATS = "repeats"
    """The last line over and over, and `processed_text` without that."""
    ONLY_PROCESSED = "only_processed"
    """An empty text, and `ocr_result.processed_text`, also in the OpenAI-compatible dialect."""
    UNKNOWN = "unknown"
    """Everything under a name of `ocr_result` that nobody knows, the text empty."""
    STREAMED_RESULT = "streamed_result"
    """Streams carry `ocr_result` in their last event."""
    RESULT_IN_CHAT = "result_in_chat"
    """The OpenAI-compatible dialect has `ocr_result`, too."""


Shapes = Mapping[str, Collection[Shape]]
"""By the name of a model."""

SHAPES_BY_MODEL: Shapes = MappingProxyType(
    {"qwen3.5-ocr": (Shape.LAYOUTS, Shape.NO_LOCATION, Shape.PROCESSED_TEXT)}
)


def shaped(request: OcrRequest, answer: Answer, page: ReadPage, shapes: Collection[Shape]) -> Answer:
    """The answer in these shapes, one after the other."""
    for shape in Shape:
        if shape in shapes:
            answer = _MAKERS[shape](request, answer, page)
    return answer


def _lines_instead(answer: Answer, text: str, listed: list[JsonObject] | None, form: Form) -> Answer:
    """Lines where another form was asked for: no result of that form is left, or the lines in its place."""
    if form is Form.LINES:
        return replace(answer, text=text)
    instead = {"kv_result": listed} if form is Form.KEY_VALUES and listed is not None else None
    return replace(answer, text=text, ocr_result=instead)


def _box_list(request: OcrRequest, answer: Answer, page: ReadPage) -> Answer:
    listed = [{"rotate_rect": rectangle, "text": text} for rectangle, text in _rectangles(page)]
    written = f"```json\n{json.dumps(listed, ensure_ascii=False)}\n```"
    return _lines_instead(answer, written, listed, request.instruction.task.spec.form)


def _tuples(request: OcrRequest, answer: Answer, page: ReadPage) -> Answer:
    written = "\n".join(f"{text} ({', '.join(map(str, rect))})" for rect, text in _rectangles(page))
    return _lines_instead(answer, written, None, request.instruction.task.spec.form)


def _bare_tuples(request: OcrRequest, answer: Answer, page: ReadPage) -> Answer:
    written = "\n".join(f"({', '.join(map(str, rect))})" for rect, _ in _rectangles(page))
    return _lines_instead(answer, written, None, request.instruction.task.spec.form)


def _rectangles(page: ReadPage) -> list[tuple[list[int], str]]:
    return [(rotate_rect(normalised(line.quad, page.width, page.height)), line.text) for line in page.lines]


def _no_location(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    return _with_words(answer, lambda word: {k: v for k, v in word.items() if k != "location"})


def _text_rectangles(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    return _with_words(answer, lambda word: word | {"rotate_rect": _as_text(word["rotate_rect"])})


def _four_numbers(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    return _with_words(answer, lambda word: word | {"rotate_rect": _upright(word["rotate_rect"])})


def _as_text(rectangle: list[int]) -> str:
    return "".join(f"<{number}>" for number in rectangle)


def _upright(rectangle: list[int]) -> list[int]:
    cx, cy, width, height, angle = rectangle
    return [cx, cy, height, width] if angle == 90 else [cx, cy, width, height]


def _with_words(answer: Answer, change: Callable[[JsonObject], JsonObject]) -> Answer:
    """The same change to the lines of `words_info` and of a list of them in the text."""
    result = answer.ocr_result
    if result is not None and "words_info" in result:
        answer = replace(
            answer, ocr_result=result | {"words_info": [change(w) for w in result["words_info"]]}
        )
    listed = answer.text.removeprefix("```json\n").removesuffix("\n```")
    if listed.startswith("[") and "rotate_rect" in listed:
        changed = [change(word) for word in json.loads(listed)]
        answer = replace(answer, text=f"```json\n{json.dumps(changed, ensure_ascii=False)}\n```")
    return answer


def _layouts(request: OcrRequest, answer: Answer, page: ReadPage) -> Answer:
    if request.instruction.task.spec.form is not Form.DOCUMENT:
        return answer
    return replace(
        answer, text=document_markdown(page), ocr_result={"layouts": document_layouts(page, NORMALISED)}
    )


def _picture_link(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    link = f"![page]({_PICTURE})"
    result = answer.ocr_result
    if result is not None and "layouts" in result:
        pictures = [layout | {"markdownContent": link} for layout in result["layouts"]]
        return replace(answer, text=link, ocr_result={"layouts": pictures})
    return replace(answer, text=link, ocr_result=None)


def _processed_text(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    return replace(answer, beside={"processed_text": answer.text})


def _repeats(_request: OcrRequest, answer: Answer, page: ReadPage) -> Answer:
    last = plain_text(page).splitlines()[-1:]
    return replace(answer, text="\n".join([answer.text, *last * 3]), beside={"processed_text": answer.text})


def _only_processed(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    result = {**(answer.ocr_result or {}), "processed_text": answer.text}
    return replace(answer, text="", ocr_result=result, in_chat=True)


def _unknown(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    return replace(answer, text="", ocr_result={"regions_info": [{"words": answer.text}]}, in_chat=True)


def _streamed_result(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    return replace(answer, in_stream=True)


def _result_in_chat(_request: OcrRequest, answer: Answer, _page: ReadPage) -> Answer:
    return replace(answer, in_chat=True)


_MAKERS: Mapping[Shape, Callable[[OcrRequest, Answer, ReadPage], Answer]] = {
    Shape.BOX_LIST: _box_list,
    Shape.TUPLES: _tuples,
    Shape.BARE_TUPLES: _bare_tuples,
    Shape.NO_LOCATION: _no_location,
    Shape.TEXT_RECTANGLES: _text_rectangles,
    Shape.FOUR_NUMBERS: _four_numbers,
    Shape.LAYOUTS: _layouts,
    Shape.PICTURE_LINK: _picture_link,
    Shape.PROCESSED_TEXT: _processed_text,
    Shape.REPEATS: _repeats,
    Shape.ONLY_PROCESSED: _only_processed,
    Shape.UNKNOWN: _unknown,
    Shape.STREAMED_RESULT: _streamed_result,
    Shape.RESULT_IN_CHAT: _result_in_chat,
}
