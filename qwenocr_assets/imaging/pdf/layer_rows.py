"""The text that PDF pages carry themselves as rows of `text_lines`, and how well it agrees with what was recognised."""

from collections import Counter
from collections.abc import Iterable, Sequence

from qwenocr_assets.own_text import stored_lines
from qwenocr_assets.rows import PageRow, TextLineRow
from qwenocr_assets.schemas import is_ready

TASK = "text_layer"
"""What stands in the column `task` of lines that come from the page's own text."""


def text_layer_rows(pages: Iterable[PageRow], *, in_parts: bool = False) -> list[TextLineRow]:
    """Rows of `text_lines` for the pages (rows of that table) whose own text was kept; their task is `text_layer`.

    With `in_parts` lines are cut where their words stand wide apart, as lines are recognised.
    """
    rows: list[TextLineRow] = []
    for page in filter(is_ready, pages):
        lines = stored_lines(page.get("text_layer") or "[]")
        shown = [part for line in lines for part in line.parts()] if in_parts else lines
        for index, line in enumerate(shown):
            box = line.quad.box
            rows.append(
                {
                    "batch_id": page["batch_id"],
                    "document_id": page["document_id"],
                    "page_id": page["page_id"],
                    "task": TASK,
                    "request_key": page["pixels_sha256"] or page["sha256"],
                    "line_index": index,
                    "text": line.text,
                    "quad_px": list(line.quad),
                    "left_px": box.left,
                    "top_px": box.top,
                    "right_px": box.right,
                    "bottom_px": box.bottom,
                }
            )
    return rows


def agreement(layer: Sequence[str], recognised: Sequence[str]) -> float:
    """How much of a page's own text was recognised and the other way round: the F1 measure over words, 0 to 1."""
    ours, theirs = (Counter(word for line in lines for word in line.split()) for lines in (layer, recognised))
    common = (ours & theirs).total()
    return 2 * common / (ours.total() + theirs.total()) if ours or theirs else 1.0


def layer_agreement(lines: Sequence[TextLineRow]) -> float | None:
    """Mean agreement of the pages that have both their own text and recognised lines (rows of `text_lines`).

    Of several tasks that recognised lines of a page, the first by name counts.
    """
    by_page: dict[str, dict[str, list[str]]] = {}
    for line in lines:
        by_page.setdefault(line["page_id"], {}).setdefault(line["task"], []).append(line["text"])
    figures = []
    for tasks in by_page.values():
        layer = tasks.pop(TASK, None)
        if layer and tasks:
            figures.append(agreement(layer, tasks[min(tasks)]))
    return sum(figures) / len(figures) if figures else None
