"""The text that a born-digital PDF page carries itself, line by line with boxes: it costs nothing."""

import ctypes
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import orjson
import pypdfium2
import pypdfium2.raw as pdfium_c

from qwenocr_assets.imaging.page_image import LayerLine

_MOST_UNKNOWN = 0.01
"""Share of characters that may have no meaning (fonts without a Unicode table) before the text is not trusted."""
_LEAST_CHARACTERS = 20
TASK = "text_layer"
"""What stands in the column `task` of lines that come from the page's own text."""

_REPLACEMENT = 0xFFFD
_PRIVATE_USE = range(0xE000, 0xF900)


def layer_lines(page: pypdfium2.PdfPage, width_px: int, height_px: int) -> tuple[LayerLine, ...] | None:
    """The lines of a page drawn as `width_px` × `height_px`; None when its text is not sound.

    Not sound is text that is missing or next to nothing, that is invisible (another program's OCR under a scan), or
    that has characters without meaning.
    """
    with closing(page.get_textpage()) as text:
        count = pdfium_c.FPDFText_CountChars(text)
        codes = [int(pdfium_c.FPDFText_GetUnicode(text, index)) for index in range(count)]
        printed = [index for index, code in enumerate(codes) if code > 32]
        if len(printed) < _LEAST_CHARACTERS or _is_invisible(text, printed):
            return None
        unknown = sum(
            codes[i] == _REPLACEMENT
            or codes[i] in _PRIVATE_USE
            or pdfium_c.FPDFText_HasUnicodeMapError(text, i) == 1
            for i in printed
        )
        if unknown > _MOST_UNKNOWN * len(printed):
            return None
        to_pixels = _Device(page, width_px, height_px)
        lines = (_line(text, codes, indices, to_pixels) for indices in _line_indices(codes))
        return tuple(line for line in lines if line is not None)


def text_layer_rows(pages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `text_lines` for the pages (rows of that table) whose own text was kept; their task is `text_layer`."""
    rows: list[dict[str, Any]] = []
    for page in pages:
        for index, (text, quad) in enumerate(orjson.loads(page.get("text_layer") or "[]")):
            rows.append(
                {
                    "batch_id": page["batch_id"],
                    "document_id": page["document_id"],
                    "page_id": page["page_id"],
                    "task": TASK,
                    "request_key": page["pixels_sha256"] or page["sha256"],
                    "line_index": index,
                    "text": text,
                    "quad_px": quad,
                    "left_px": min(quad[0::2]),
                    "top_px": min(quad[1::2]),
                    "right_px": max(quad[0::2]),
                    "bottom_px": max(quad[1::2]),
                }
            )
    return rows


def agreement(layer: Sequence[str], recognised: Sequence[str]) -> float:
    """How much of a page's own text was recognised and the other way round: the F1 measure over words, 0 to 1."""
    ours, theirs = (Counter(word for line in lines for word in line.split()) for lines in (layer, recognised))
    common = (ours & theirs).total()
    return 2 * common / (ours.total() + theirs.total()) if ours or theirs else 1.0


def layer_agreement(lines: Sequence[Mapping[str, Any]]) -> float | None:
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


class _Device:
    """From a page's own coordinates to pixels of its drawing, whatever its rotation and boxes."""

    def __init__(self, page: pypdfium2.PdfPage, width_px: int, height_px: int) -> None:
        self._page, self._size = page, (width_px, height_px)
        # PDFium answers in whole device units: ask for a thousand to the pixel
        self._fine = 1000 if max(width_px, height_px) < 2_000_000 else 1

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        width, height = (side * self._fine for side in self._size)
        pdfium_c.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, x, y, across, down)
        return across.value / self._fine, down.value / self._fine


def _is_invisible(text: pypdfium2.PdfTextPage, printed: Sequence[int]) -> bool:
    """Whether most of the text is drawn in the invisible mode, judged by some of its characters."""
    some = printed[:: max(1, len(printed) // 20)]
    hidden = 0
    for index in some:
        shape = pdfium_c.FPDFText_GetTextObject(text, index)
        mode = pdfium_c.FPDFTextObj_GetTextRenderMode(shape) if shape else -1
        hidden += mode == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE
    return 2 * hidden > len(some)


def _line_indices(codes: Sequence[int]) -> Iterator[list[int]]:
    """The characters of each line: PDFium puts line breaks where lines end."""
    line: list[int] = []
    for index, code in enumerate(codes):
        if code in (10, 13):
            if any(codes[i] > 32 for i in line):
                yield line
            line = []
        else:
            line.append(index)
    if any(codes[i] > 32 for i in line):
        yield line


def _line(
    text: pypdfium2.PdfTextPage, codes: Sequence[int], indices: Sequence[int], to_pixels: _Device
) -> LayerLine | None:
    boxes = [box for i in indices if codes[i] > 32 and (box := _box(text, i))]
    if not boxes:
        return None
    left, right = min(b[0] for b in boxes), max(b[1] for b in boxes)
    bottom, top = min(b[2] for b in boxes), max(b[3] for b in boxes)
    corners = [to_pixels(x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
    words = "".join(chr(codes[i]) if codes[i] >= 32 else " " for i in indices)
    return LayerLine(words.strip(), tuple(number for corner in corners for number in corner))


def _box(text: pypdfium2.PdfTextPage, index: int) -> tuple[float, float, float, float] | None:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not pdfium_c.FPDFText_GetCharBox(text, index, left, right, bottom, top):
        return None
    return left.value, right.value, bottom.value, top.value
