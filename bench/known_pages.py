"""Pages whose truth is known: the rendered samples, and pages set here with a measured typeface."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from PIL import ImageFont

from qwenocr_assets.geometry import Box, Quad
from qwenocr_assets.tables.places.likeness import normalised
from qwenocr_assets.tables.places.line_boxes import box_columns

TRUTH = Path(__file__).parents[1] / "data" / "truth"


SAMPLES = TRUTH.parent / "samples"


@dataclass
class KnownPage:
    """Lines as rows of `text_lines`, and values with the box each stands in."""

    name: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    values: list[tuple[str, str, Box]] = field(default_factory=list)
    """Label, text, box."""

    def add_line(self, text: str, quad: Quad) -> Box:
        box = quad.box
        self.lines.append({"text": text, "quad_px": list(quad), **box_columns(box)})
        return box

    @property
    def text(self) -> str:
        return "\n".join(normalised(line["text"]) for line in self.lines)


def recognised_pages(
    folders: tuple[str, ...] = ("tables", "invoices", "tickets", "receipts"),
) -> Iterator[KnownPage]:
    """Rendered samples as the embedded engine reads them, with the line it found where each text was drawn."""
    from qwenocr_assets.engine.reading.reader import Reader

    reader = Reader()
    for path in sorted(p for folder in folders for p in (SAMPLES / folder).iterdir()):
        (truth,) = json.loads((TRUTH / path.relative_to(SAMPLES)).with_suffix(".json").read_text("utf-8"))[
            "pages"
        ]
        page = KnownPage(f"{path.stem}, recognised")
        read = reader.read(path.read_bytes()).lines
        boxes = [page.add_line(line.text, line.quad) for line in read]
        for line in truth["lines"]:
            drawn = Quad.of(line["bbox"]).box
            # The detector leaves a margin around what was drawn: the right box is the line it found there.
            page.values.append(("", line["text"], max(boxes, key=lambda box: likeness(box, drawn))))
        yield page


def sample_pages() -> Iterator[KnownPage]:
    """The rendered samples: each line that is a value or a cell by itself, with the box it was drawn in."""
    for path in sorted(TRUTH.rglob("*.json")):
        for number, truth in enumerate(json.loads(path.read_text(encoding="utf-8")).get("pages", []), 1):
            lines = [line for line in truth["lines"] if "bbox" in line]
            page = KnownPage(f"{path.stem}/{number}")
            for line in lines:
                box = page.add_line(line["text"], Quad.of(line["bbox"]))
                page.values.append(("", line["text"], box))
            if lines:
                yield page


WORDS = tuple(
    """
    Harbour Crane Inspection Valve Marine Rope Delivery Winter Garden Copper Paper Office Window Bridge Station Market
    River Orchard Meadow Signal Cabinet Lantern Anchor Pilot Canvas Timber Gravel Needle Thimble Kettle
    """.split()  # noqa: SIM905
)
LABELS = ("Invoice number", "Order", "Customer", "Total", "Due date", "Tax", "Contact", "Delivery note")


def set_page(seed: int) -> KnownPage:
    """A page of lines `Label: value  Label: value`, each value's box measured with the typeface it is set in."""
    random = Random(seed)
    font = ImageFont.load_default(random.choice([16, 20, 26]))
    page = KnownPage(f"set page {seed}")
    height = font.size * 1.2
    for number in range(random.randint(12, 40)):
        text, parts, left, top = "", [], random.uniform(30, 300), 40 + number * height * 1.6
        for label in random.sample(LABELS, random.randint(1, 2)):
            value = random_value(random)
            text += ("   " if text else "") + f"{label}: "
            parts.append((label, value, len(text)))
            text += value
        page.add_line(text, Quad.of((left, top, left + font.getlength(text), top + height)))
        for label, value, start in parts:
            begin, end = font.getlength(text[:start]), font.getlength(text[: start + len(value)])
            page.values.append((label, value, (left + begin, top, left + end, top + height)))
    return page


def random_value(random: Random) -> str:
    number = random.randint(100, 999_999)
    return random.choice(
        [
            f"INV-{number}-{random.randint(10, 99)}",
            f"${number / 100:,.2f}",
            f"{random.randint(1, 28):02}.{random.randint(1, 12):02}.20{random.randint(10, 29)}",
            " ".join(random.sample(WORDS, 2)),
            " ".join(random.sample(WORDS, 3)) + f" {random.randint(1, 99)}",
        ]
    )


def planted(text: str, random: Random) -> str:
    """A value that looks like this one and is another: a digit changed, or a word for another."""
    digits = [at for at, char in enumerate(text) if char.isdigit()]
    if digits:
        at = random.choice(digits)
        return text[:at] + random.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]
    words = text.split()
    words[random.randrange(len(words))] = random.choice(WORDS)
    return " ".join(words)


def likeness(a: Box, b: Box) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
