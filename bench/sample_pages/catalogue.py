"""Every rendered sample: its path below `data/samples/` and the function that draws it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from . import languages
from .canvas import Sheet


@dataclass(frozen=True, slots=True)
class Rendered:
    path: str
    content: bytes
    truth: dict[str, Any] | None


Maker = Callable[[str], Rendered]


def png(image: Image.Image, dpi: int = 150) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True, dpi=(dpi, dpi))
    return buffer.getvalue()


def language(name: str) -> Maker:
    def make(path: str) -> Rendered:
        sheet = languages.language_page(name)
        return Rendered(path, png(sheet.image), {"language": name, "lines": sheet.lines})

    return make


def picture(draw: Callable[[], Sheet]) -> Maker:
    def make(path: str) -> Rendered:
        sheet = draw()
        return Rendered(path, png(sheet.image), {"pages": [sheet.page_truth()]})

    return make


DOCUMENTS: dict[str, Maker] = {f"languages/{name}.png": language(name) for name in languages.FACE}
