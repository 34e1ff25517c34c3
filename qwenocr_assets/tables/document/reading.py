"""What an answer of document parsing holds, from whichever of its parts says it."""

import re

from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.wire.positions import holds_lines_alone
from qwenocr_assets.tables.answer_text import storable, unfenced
from qwenocr_assets.tables.document.layouts import document_of_layouts
from qwenocr_assets.tables.document.markdown import is_markdown, markdown_document
from qwenocr_assets.tables.document.parts import Block, Document, Where
from qwenocr_assets.tables.latex.blocks import read_document


def document_of(answer: Answer, page_size: tuple[int, int]) -> Document:
    """Blocks, formulas and tables of a page image of `page_size`, width and height in pixels.

    Of `ocr_result.layouts` where the answer has them: there the words are, with their places, also when the text is no
    more than a picture's address. Else of its text, Markdown (`qwen3.5-ocr`) or LaTeX (the models before it). Where it
    is a list of lines with their places instead, each line is a block: what is a title or a table nobody can say.
    """
    if answer.layouts:
        return document_of_layouts(answer.layouts, page_size)
    if is_lines_instead(answer):
        return Document(tuple(_line(word, page_size) for word in answer.words))
    body = unfenced(answer.text)
    return markdown_document(body) if is_markdown(body) else read_document(answer.text)


def is_lines_instead(answer: Answer) -> bool:
    """Whether the answer is lines with their places and nothing else; it is judged so, too."""
    return bool(answer.words) and not answer.layouts and holds_lines_alone(answer.text)


def _line(word: Word, page_size: tuple[int, int]) -> Block:
    box = None if word.quad is None else word.quad.within(*page_size).box
    text = storable(word.text)
    return Block("other", text, text, kind="line", where=Where(box, word.box_doubt))


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
