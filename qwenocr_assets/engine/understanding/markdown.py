"""A page as Markdown and as the layouts that newer models give beside it: kind, text and place of each block."""

from collections.abc import Iterator, Sequence

from qwenocr_assets.engine.page.read_page import Line, ReadPage, Table
from qwenocr_assets.engine.understanding.blocks import Block, blocks_of
from qwenocr_assets.engine.understanding.tables import table_html
from qwenocr_assets.geometry import Box, around, box_around

Layout = dict[str, object]

_KINDS = {"title": "title", "section": "title", "paragraph": "text", "item": "list"}


def document_markdown(page: ReadPage) -> str:
    """The page in Markdown: headings, paragraphs and lists, tables as HTML."""
    return "\n\n".join(_markdown(block) for block in blocks_of(page))


def document_layouts(page: ReadPage, units: int) -> list[Layout]:
    """The page's blocks in reading order; `pos` are their corners, so many `units` to a side."""
    lines = list(page.upright_lines)
    scale = units / page.width, units / page.height
    return [_layout(block, _box(block, lines), scale) for block in blocks_of(page)]


def _layout(block: Block | Table, box: Box | None, scale: tuple[float, float]) -> Layout:
    kind, text = (
        ("table", " ".join(cell.text for cell in block.cells))
        if isinstance(block, Table)
        else (_KINDS[block.kind], "\n".join(block.lines))
    )
    layout: Layout = {
        "pageNum": 0,
        "type": kind,
        "text": text,
        "markdownContent": _markdown(block),
    }
    return layout if box is None else layout | {"pos": list(_corners(box, scale))}


def _markdown(block: Block | Table) -> str:
    if isinstance(block, Table):
        return table_html(block)
    if block.kind in ("title", "section"):
        return f"{'#' * (1 if block.kind == 'title' else block.level + 1)} {block.lines[0]}"
    return f"- {block.lines[0]}" if block.kind == "item" else "  \n".join(block.lines)


def _box(block: Block | Table, lines: list[Line]) -> Box | None:
    """Where a block stands; the lines it is made of are taken out of `lines`."""
    if isinstance(block, Table):
        return block.bbox
    said = "".join("".join(block.lines).split())
    own = [line for line in lines if line.text and "".join(line.text.split()) in said]
    for line in own:
        lines.remove(line)
    return around(box_around(line.quad) for line in own) if own else None


def _corners(box: Box, scale: tuple[float, float]) -> Iterator[dict[str, int]]:
    corners: Sequence[tuple[float, float]] = (
        (box.left, box.top),
        (box.right, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
    )
    for x, y in corners:
        yield {"x": round(x * scale[0]), "y": round(y * scale[1])}
