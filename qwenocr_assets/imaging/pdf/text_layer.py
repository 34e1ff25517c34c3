"""The text that a PDF page carries itself: its lines with their boxes, as far as they are seen; it costs nothing.

A text layer may say what nobody sees: text that is invisible, white, covered, on a layer that is off, beside the page.
So every character is looked for in the drawing of the page. It may also lack what everybody sees: what is a picture,
an outline, filled into a form or noted on the page. That is said, so that the page is not taken for read.
"""

import ctypes
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from math import pi
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium_c

from qwenocr_assets.imaging.page_image import TextLayer
from qwenocr_assets.imaging.pdf.ink import Box, Ink, Rest
from qwenocr_assets.imaging.pdf.pdfium import annotations_on
from qwenocr_assets.imaging.pdf.text_lines import Character, around, is_space, layer_line, lines_of

_MOST_UNKNOWN = 0.01
"""Share of characters that may have no meaning (fonts without a Unicode table) before the text is not trusted."""
_LEAST_CHARACTERS = 20
_MOST_BESIDE = 0.02
"""How much may look like writing beside the text, as a share of the text's own area."""
_MOST_ASLANT = 0.01
"""Of a quarter turn: a line of 60 heights that is tilted by more reaches into the next one."""
_LEAST_POINTS = 2.0
"""Height of the smallest letters that anybody reads; smaller ones are a dot on paper."""
_THIN = 3.0
"""Pixels: a dash or a full stop that is drawn one beside its place leaves no ink within it."""
_REPLACEMENT = 0xFFFD
_PRIVATE_USE = range(0xE000, 0xF900)
_UNSEEN_MODES = (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP)


def text_layer(page: pypdfium2.PdfPage, width_px: int, height_px: int, unit: float = 1.0) -> TextLayer | None:
    """The lines of a page drawn as `width_px` × `height_px`; None when its text is not sound.

    Not sound is text that is missing or next to nothing once what is not seen is left out, or that has characters
    without meaning. `unit` is the size of the page's units in points.
    """
    with closing(page.get_textpage()) as text:
        codes = [
            int(pdfium_c.FPDFText_GetUnicode(text, index))
            for index in range(pdfium_c.FPDFText_CountChars(text))
        ]
        printed = [index for index, code in enumerate(codes) if not is_space(code)]
        if len(printed) < _LEAST_CHARACTERS:
            return None
        least = _LEAST_POINTS / unit * width_px / page.get_width()
        characters = list(_characters(text, printed, codes, _Device(page, width_px, height_px)))
        shapes = {character.key: character.shape for character in characters}
        ink = Ink(page, unit)
        scale = ink.width_px / width_px
        seen = [c for c in _seen(characters, shapes, ink, scale) if _height(c) >= least]
        if len(seen) < _LEAST_CHARACTERS or _share_unknown(text, seen) > _MOST_UNKNOWN:
            return None
        lines = lines_of(seen, codes)
        rest = ink.beside(list(shapes.values()))
        area = sum((b[2] - b[0]) * (b[3] - b[1]) for b in map(around, lines)) * scale**2
    is_struck = _is_struck_out(page) or any(_is_crossed_out(line, rest, scale) for line in lines)
    doubt = _STRUCK_OUT if is_struck else _doubt(rest.writing_px, rest.in_notes_px, area)
    return TextLayer(tuple(layer_line(line, codes) for line in lines), doubt)


_STRUCK_OUT = "Text on the page is struck out, and is in its own text as if it stood."
_MOST_UNCROSSED = 2
"""Characters in a row with a line through them that are not struck out: a rule may touch some."""


def _is_crossed_out(line: Sequence[Character], rest: Rest, scale: float) -> bool:
    """Whether a line is drawn through some characters of a line of text."""
    if rest.is_plain(_scaled(around(line), scale)):
        return False
    run = 0
    for character in line:
        (x1, top, x2, bottom), (left, y1, right, y2) = character.room, character.box
        box = (x1, y1, x2, y2) if character.turn % 2 else (left, top, right, bottom)
        is_crossed = rest.is_crossed(_scaled(box, scale), character.turn)
        run = run + 1 if is_crossed else 0
        if run > _MOST_UNCROSSED:
            return True
    return False


def _is_struck_out(page: pypdfium2.PdfPage) -> bool:
    unseen = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW
    return any(
        kind == pdfium_c.FPDF_ANNOT_STRIKEOUT and not flags & unseen for kind, flags in annotations_on(page)
    )


def _height(character: Character) -> float:
    left, top, right, bottom = character.room
    return right - left if character.turn % 2 else bottom - top


def _doubt(beside: int, in_notes: int, area: float) -> str | None:
    if in_notes:
        return "Form fields or notes on the page are not in its own text."
    if beside > _MOST_BESIDE * area:
        share = beside / (beside + area)
        return f"{share:.0%} of what looks like writing or pictures is not in the page's own text."
    return None


def _characters(
    text: pypdfium2.PdfTextPage, printed: Sequence[int], codes: Sequence[int], to_pixels: "_Device"
) -> Iterator[Character]:
    """The printed characters that some text object draws, and does not draw invisibly."""
    modes: dict[int, int] = {}
    fonts: dict[int, int] = {}
    numbers: dict[int, int] = {}
    edges = [ctypes.c_double() for _ in range(4)]
    room = pdfium_c.FS_RECTF()
    for index in printed:
        shape = pdfium_c.FPDFText_GetTextObject(text, index)
        if not shape:
            continue
        key = ctypes.addressof(shape.contents)
        if key not in modes:
            modes[key] = pdfium_c.FPDFTextObj_GetTextRenderMode(shape)
            font = pdfium_c.FPDFTextObj_GetFont(shape)
            at = ctypes.addressof(font.contents) if font else 0
            fonts[key] = numbers.setdefault(at, len(numbers))
        if modes[key] in _UNSEEN_MODES or not pdfium_c.FPDFText_GetCharBox(text, index, *edges):
            continue
        left, right, bottom, top = (edge.value for edge in edges)
        box = to_pixels.box(left, top, right, bottom)
        pdfium_c.FPDFText_GetLooseCharBox(text, index, room)
        around_it = to_pixels.box(room.left, room.top, room.right, room.bottom)
        quarters = pdfium_c.FPDFText_GetCharAngle(text, index) / (pi / 2)
        turn = (round(quarters) + to_pixels.turn) % 4
        is_aslant = abs(quarters - round(quarters)) > _MOST_ASLANT
        yield Character(index, codes[index], box, around_it, turn, is_aslant, shape, key, fonts[key])


def _seen(characters: Sequence[Character], shapes: dict[int, Any], ink: Ink, scale: float) -> list[Character]:
    """The characters that leave ink of their own.

    All text is taken away at once. Where text lies over text, or may be switched off, that does not tell whose the ink
    is: such objects are taken away by themselves.
    """
    traces = ink.of(list(shapes.values()))
    seen = [c for c in characters if traces.within(_scaled(c.box, scale))]
    uncertain = _overlaid(seen) | {
        key for key, shape in shapes.items() if pdfium_c.FPDFPageObj_CountMarks(shape)
    }
    if not uncertain:
        return seen
    own = ink.of([shapes[key] for key in uncertain])
    return [c for c in seen if c.key not in uncertain or own.within(_scaled(c.box, scale))]


def _overlaid(characters: Sequence[Character]) -> set[int]:
    """The objects that have characters with later ones of other objects over them."""
    centres: dict[tuple[int, int], list[Character]] = defaultdict(list)
    found = set()
    for character in characters:
        left, top, right, bottom = character.box
        x, y = (left + right) / 2, (top + bottom) / 2
        for row in range(int(top) // 16 - 1, int(bottom) // 16 + 2):
            for column in range(int(left) // 16 - 1, int(right) // 16 + 2):
                for other in centres.get((column, row), ()):
                    if other.key == character.key:
                        continue
                    of_other = (other.box[0] + other.box[2]) / 2, (other.box[1] + other.box[3]) / 2
                    if (left < of_other[0] < right and top < of_other[1] < bottom) or (
                        other.box[0] < x < other.box[2] and other.box[1] < y < other.box[3]
                    ):
                        found.add(other.key)
        centres[int(x) // 16, int(y) // 16].append(character)
    return found


def _share_unknown(text: pypdfium2.PdfTextPage, characters: Sequence[Character]) -> float:
    unknown = sum(
        c.code == _REPLACEMENT
        or c.code in _PRIVATE_USE
        or pdfium_c.FPDFText_HasUnicodeMapError(text, c.index) == 1
        for c in characters
    )
    return float(unknown / len(characters))


def _scaled(box: Box, scale: float) -> Box:
    """The box in pixels of the drawing; a thin one has room around it, since strokes are drawn on whole pixels."""
    left, top, right, bottom = (side * scale for side in box)
    if min(right - left, bottom - top) >= _THIN:
        return left, top, right, bottom
    return left - 1, top - 1, right + 1, bottom + 1


class _Device:
    """From a page's own coordinates to pixels of its drawing, whatever its rotation and boxes."""

    def __init__(self, page: pypdfium2.PdfPage, width_px: int, height_px: int) -> None:
        self._page, self._size = page, (width_px, height_px)
        # PDFium answers in whole device units: ask for a thousand to the pixel
        self._fine = 1000 if max(width_px, height_px) < 2_000_000 else 1
        self.turn = page.get_rotation() // 90
        origin, x, y = (self._point(*point) for point in ((0, 0), (1000, 0), (0, 1000)))
        self._origin = origin
        self._x = ((x[0] - origin[0]) / 1000, (x[1] - origin[1]) / 1000)
        self._y = ((y[0] - origin[0]) / 1000, (y[1] - origin[1]) / 1000)

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """The rectangle around two corners, in pixels."""
        (x0, y0), (x1, y1) = self._at(left, top), self._at(right, bottom)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return (
            self._origin[0] + x * self._x[0] + y * self._y[0],
            self._origin[1] + x * self._x[1] + y * self._y[1],
        )

    def _point(self, x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        width, height = (side * self._fine for side in self._size)
        pdfium_c.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, x, y, across, down)
        return across.value / self._fine, down.value / self._fine
