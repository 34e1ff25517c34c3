"""A page to draw on that remembers what was drawn where: the picture and its truth come from one act."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image, ImageDraw

from .faces import Type

Box = tuple[int, int, int, int]

A4_150_DPI = (1240, 1754)

# A line must not begin with these, nor end with those.
NEVER_FIRST = "、。，．,.：；;:！？!?）)」』】〉》”’％%・ーっゃゅょァィゥェォッャュョ々"
NEVER_LAST = "（(「『【〈《“‘￥¥"


def points(size: float, dpi: int = 150) -> int:
    """A type size in points as whole pixels."""
    return round(size * dpi / 72)


@dataclass
class Sheet:
    """A page image in the making, and the truth about it in pixels of that image."""

    image: Image.Image
    ink: Any = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    key_values: dict[str, Any] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)
    extracted: dict[str, Any] | None = None  # what the extraction schema of its route should give

    @classmethod
    def blank(cls, size: tuple[int, int] = A4_150_DPI, colour: bool = False) -> "Sheet":
        return cls(Image.new("RGB" if colour else "L", size, "white" if colour else 255))

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def text(
        self, xy: tuple[float, float], text: str, type_: Type, *, anchor: str = "la",
        rtl: bool = False, ink: Any = None,
    ) -> Box:  # fmt: skip
        """Draws one line and notes it; `anchor` as in Pillow ("ra": `xy` is the top right corner)."""
        type_.require_glyphs(text)
        options: dict[str, Any] = {"direction": "rtl", "language": "ar"} if rtl else {}
        draw = self.draw
        draw.text(
            xy, text, font=type_.pillow, fill=self.ink if ink is None else ink, anchor=anchor, **options
        )
        box = whole_box(draw.textbbox(xy, text, font=type_.pillow, anchor=anchor, **options))
        if box[0] < 0 or box[1] < 0 or box[2] > self.image.width or box[3] > self.image.height:
            raise ValueError(f"text runs off the page at {box}: {text!r}")
        self.lines.append({"text": plain(text), "bbox": list(box)})
        return box

    def rule(self, x0: int, y0: int, x1: int, y1: int, width: int = 2) -> None:
        self.draw.line((x0, y0, x1, y1), fill=self.ink, width=width)

    def page_truth(self) -> dict[str, Any]:
        truth = {"lines": self.lines, "key_values": self.key_values, "tables": self.tables}
        return truth if self.extracted is None else {**truth, "extracted": self.extracted}

    def mapped(self, image: Image.Image, point: Callable[[float, float], tuple[float, float]]) -> "Sheet":
        """The same page after a turn or a warp: every box becomes a quad of 8 numbers, clockwise from the
        corner that was top left, in pixels of the new `image`."""

        def moved(item: dict[str, Any]) -> dict[str, Any]:
            x0, y0, x1, y1 = item["bbox"]
            corners = [point(x, y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
            return {**item, "bbox": [round(value, 1) for corner in corners for value in corner]}

        return replace(
            self,
            image=image,
            lines=[moved(line) for line in self.lines],
            tables=[{**table, "cells": [moved(cell) for cell in table["cells"]]} for table in self.tables],
        )


def whole_box(box: tuple[float, float, float, float]) -> Box:
    x0, y0, x1, y1 = box
    return int(x0 // 1), int(y0 // 1), int(-(-x1 // 1)), int(-(-y1 // 1))


def plain(text: str) -> str:
    """Text as a reader would type it: runs of white space, the ideographic space too, count as one space."""
    return " ".join(text.split())


def wrapped(text: str, type_: Type, width_px: float, by_character: bool) -> list[str]:
    """Breaks a paragraph greedily, between words or (`by_character`) between ideographs."""
    lines: list[str] = []
    line = ""
    for piece in pieces(text) if by_character else text.replace(" ", " \0").split("\0"):
        if line and type_.width_px((line + piece).rstrip()) > width_px and piece[0] not in NEVER_FIRST:
            carried = line[-1] if line[-1] in NEVER_LAST else ""
            lines.append(line.removesuffix(carried).rstrip())
            line = carried + piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def pieces(text: str) -> list[str]:
    """Runs of ASCII stay together; every other character stands alone."""
    parts: list[str] = []
    for character in text:
        glued = character.isascii() and not character.isspace()
        if parts and glued and parts[-1][-1].isascii() and not parts[-1][-1].isspace():
            parts[-1] += character
        else:
            parts.append(character)
    return parts
