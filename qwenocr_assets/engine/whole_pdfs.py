"""The answer to a whole PDF: what each of its pages is answered with, one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from qwenocr_assets.engine.wire.errors import invalid_parameter
from qwenocr_assets.engine.wire.usage import Usage
from qwenocr_assets.engine.wire.values import Answer, JsonObject, OcrRequest, most_pdf_pages
from qwenocr_assets.qwenocr.tasks import Form
from qwenocr_assets.qwenocr.tokens import cut_to_tokens, text_tokens


def pdf_answer(request: OcrRequest, answer_page: Callable[[OcrRequest], Answer]) -> Answer:
    """One answer with the layouts of all pages, each with its `pageNum` from 0.

    Only document parsing is answered: what else is said of a whole PDF has not been seen. An answer that comes to
    `max_tokens` ends in the middle of a part, and what would follow is not there.

    Raises WireError for another task, and for more pages than the model takes.
    """
    task = request.instruction.task
    most = most_pdf_pages(request.model, task)
    if len(request.pages) > most:
        raise invalid_parameter(f"The file has {len(request.pages)} pages, at most {most} are supported.")
    if task.spec.form is not Form.DOCUMENT:
        raise invalid_parameter("The embedded engine answers whole PDFs with document_parsing alone.")
    answers = [answer_page(replace(request, image=page, pages=(), max_tokens=None)) for page in request.pages]
    layouts = list(_numbered(answers))
    whole = len(layouts)
    if request.max_tokens is not None:
        layouts = list(_cut(layouts, request.max_tokens))
    text = "\n\n".join(str(layout["markdownContent"]) for layout in layouts)
    is_cut = len(layouts) < whole or (
        request.max_tokens is not None and text_tokens(text) >= request.max_tokens
    )
    usage = Usage(
        sum(one.usage.image_tokens for one in answers),
        sum(one.usage.text_tokens for one in answers),
        text_tokens(text),
    )
    return Answer(text, usage, "length" if is_cut else "stop", {"layouts": layouts})


def _numbered(answers: list[Answer]) -> Iterator[JsonObject]:
    for number, one in enumerate(answers):
        for layout in (one.ocr_result or {}).get("layouts", ()):
            yield {**layout, "pageNum": number}


def _cut(layouts: list[JsonObject], most: int) -> Iterator[JsonObject]:
    """The parts up to so many tokens; the last one breaks off."""
    left = most
    for layout in layouts:
        source = str(layout["markdownContent"])
        if (tokens := text_tokens(source)) <= left:
            left -= tokens
            yield layout
            continue
        if begun := cut_to_tokens(source, left):
            yield {**layout, "markdownContent": begun, "text": begun}
        return
