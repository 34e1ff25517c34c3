"""What an answer of document parsing holds, from whichever of its parts says it."""

import re

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.document.layouts import document_of_layouts
from qwenocr_assets.tables.document.markdown import is_markdown, markdown_document
from qwenocr_assets.tables.document.parts import Document
from qwenocr_assets.tables.latex.blocks import read_document


def document_of(answer: Answer, page_size: tuple[int, int]) -> Document:
    """Blocks, formulas and tables of a page image of `page_size`, width and height in pixels.

    Of `ocr_result.layouts` where the answer has them: there the words are, with their places, also when the text is no
    more than a picture's address. Else of its text, Markdown (`qwen3.5-ocr`) or LaTeX (the models before it).
    """
    if answer.layouts:
        return document_of_layouts(answer.layouts, page_size)
    body = unfenced(answer.text)
    return markdown_document(body) if is_markdown(body) else read_document(answer.text)


_WORD = re.compile(r"\w{2,}")
_FEW = 3
"""Words that may be in the text alone: a picture's description, a mark of its markup."""


def words_left_out(answer: Answer) -> int:
    """How many different words the Markdown text has that no layout has; few of them say nothing."""
    body = unfenced(answer.text)
    if not answer.layouts or not body.strip():
        return 0
    document = markdown_document(body)
    said = {word for block in document.blocks for word in _WORD.findall(block.text.casefold())}
    held = " ".join(f"{layout.text} {layout.markdown}" for layout in answer.layouts).casefold()
    missing = {word for word in said if word not in held}
    return len(missing) if len(missing) > _FEW else 0
