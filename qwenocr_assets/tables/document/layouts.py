"""`ocr_result.layouts` as blocks, formulas and tables, each with its kind and its box."""

import re
from collections.abc import Sequence

from qwenocr_assets.qwenocr.answers import BoxDoubt, Layout
from qwenocr_assets.qwenocr.wire.rectangles import Rectangle, placed
from qwenocr_assets.tables.answer_text import storable
from qwenocr_assets.tables.cell_grid import ParsedTable
from qwenocr_assets.tables.document.markdown import markdown_document
from qwenocr_assets.tables.document.parts import Block, Document, Formula, Where, table_text
from qwenocr_assets.tables.no_answer.pictures import is_picture

_TYPES = {
    "title": ("title", "doc_title", "document_title"),
    "section": ("section", "heading", "header", "subtitle", "para_title", "paragraph_title", "section_title"),
    "list_item": ("list", "list_item", "item"),
    "table": ("table",),
    "formula": ("formula", "equation", "display_formula", "isolate_formula", "math", "inline_formula"),
    "figure": ("figure", "image", "picture", "chart", "photo", "graph", "seal", "stamp"),
    "author": ("author",),
    "paragraph": ("text", "para", "paragraph", "plain_text", "abstract", "content"),
}
_TYPE_OF = {name: block for block, names in _TYPES.items() for name in names}
"""Kinds as block types. The service lists none; what is not here is `other`, its kind beside it."""

_HASHES = re.compile(r"\s*(#{1,6})\s")


def document_of_layouts(layouts: Sequence[Layout], page_size: tuple[int, int]) -> Document:
    """The parts of one page in their order; `page_size` is that of its image in pixels."""
    outlines = [
        None if one.outline is None or one.unit_unknown else Rectangle(one.outline, False) for one in layouts
    ]
    places = [
        Where(quad and quad.within(*page_size).box, BoxDoubt.UNIT_UNKNOWN if one.unit_unknown else doubt)
        for one, (quad, doubt) in zip(layouts, placed(outlines, page_size), strict=True)
    ]
    blocks: list[Block] = []
    formulas: list[Formula] = []
    tables: list[ParsedTable] = []
    of_tables: list[Where] = []
    for layout, where in zip(layouts, places, strict=True):
        source = said_by(layout)
        held = markdown_document(source)
        kind = storable(layout.kind) or None
        block_type = type_of(layout)
        text = storable(layout.text).strip() or "\n".join(block.text for block in held.blocks)
        if is_picture(text):
            text = ""
        if held.tables:
            block_type = "table"
            tables += held.tables
            of_tables += [where] * len(held.tables)
            text = table_text(None, held.tables)
        elif block_type == "formula":
            found = [formula.latex for formula in held.formulas] or [text]
            formulas += [Formula(latex, display=True, where=where) for latex in found if latex]
        else:
            formulas += [Formula(formula.latex, formula.display, where) for formula in held.formulas]
        level = _HASHES.match(layout.markdown)
        if text or block_type in ("table", "figure"):
            blocks.append(
                Block(
                    block_type,
                    text,
                    storable(source or layout.markdown),
                    len(level[1]) if level and block_type == "section" else None,
                    kind,
                    where,
                )
            )
    return Document(tuple(blocks), tuple(formulas), tuple(tables), tuple(of_tables))


def type_of(layout: Layout) -> str:
    """The block type of a layout's kind."""
    return _TYPE_OF.get(layout.kind.casefold().replace(" ", "_").replace("-", "_"), "other")


def said_by(layout: Layout) -> str:
    """A layout's Markdown; its text where that is no more than the address of a picture."""
    markdown = layout.markdown.strip()
    return layout.text if not markdown or is_picture(markdown) else markdown


def lacks_its_cells(layout: Layout) -> bool:
    """Whether a table came as its words alone, or as a picture."""
    return type_of(layout) == "table" and not markdown_document(said_by(layout)).tables


def is_only_a_picture(layout: Layout) -> bool:
    """Whether a part that should have words came as the address of a picture and nothing else."""
    return type_of(layout) != "figure" and not layout.text.strip() and is_picture(layout.markdown)
