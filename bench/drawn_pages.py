"""Invoices, tickets and tables drawn from a seed, each with its truth: the picture and what stands on it.

Every second one is worn: small, blurred and noisy, as a bad scan is. The truth has the form of `data/truth/`. The
typeface is Pillow's own, so that nothing has to be installed.
"""

import io
from dataclasses import dataclass, field
from random import Random
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from bench.known_pages import WORDS

SIZE_PX = (1240, 1400)
_ROW_PX = 46


@dataclass
class Page:
    """A page in the making."""

    dice: Random
    image: Image.Image = field(default_factory=lambda: Image.new("L", SIZE_PX, 255))
    lines: list[dict[str, Any]] = field(default_factory=list)

    def text(self, left: float, top: float, text: str, size: int = 24, *, right: bool = False) -> None:
        draw, font = ImageDraw.Draw(self.image), ImageFont.load_default(size)
        anchor = "ra" if right else "la"
        draw.text((left, top), text, fill=0, font=font, anchor=anchor)
        box = draw.textbbox((left, top), text, font=font, anchor=anchor)
        self.lines.append({"text": text, "bbox": [int(edge) for edge in box]})

    def grid(self, top: int, columns: list[tuple[int, bool]], rows: list[list[str]]) -> int:
        """A ruled table; `columns` are left (or right) edges and whether the column is set to the right."""
        draw = ImageDraw.Draw(self.image)
        for number, row in enumerate(rows):
            y = top + number * _ROW_PX
            draw.line((90, y - 12, 1150, y - 12), fill=0, width=2)
            for (edge, right), text in zip(columns, row, strict=True):
                self.text(edge, y, text, 22, right=right)
        bottom = top + len(rows) * _ROW_PX - 12
        draw.line((90, bottom, 1150, bottom), fill=0, width=2)
        return bottom

    def finished(self, *, worn: bool, **truth: Any) -> tuple[bytes, dict[str, Any]]:
        file = io.BytesIO()
        image = self.image
        if worn:
            small = image.resize((SIZE_PX[0] * 6 // 10, SIZE_PX[1] * 6 // 10))
            grain = Image.frombytes("L", SIZE_PX, self.dice.randbytes(SIZE_PX[0] * SIZE_PX[1]))
            blurred = small.resize(SIZE_PX).filter(ImageFilter.GaussianBlur(0.8))
            image = ImageChops.blend(blurred, grain, 0.12)
        image.save(file, "PNG", compress_level=1)
        return file.getvalue(), {"lines": self.lines, "key_values": {}, "tables": [], **truth}


def cells(rows: list[list[str]]) -> list[dict[str, Any]]:
    return [
        {"row": r, "column": c, "row_span": 1, "column_span": 1, "text": text, "header": r == 0}
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
    ]


def money(cents: int) -> str:
    return f"${cents / 100:,.2f}"


def invoice(seed: int) -> tuple[bytes, dict[str, Any]]:
    page = Page(dice := Random(f"invoice {seed}"))
    seller, customer = (" ".join(dice.sample(WORDS, 2)) + end for end in (" Ltd", " Inc"))
    page.text(90, 80, seller, 34)
    facts = {
        "invoice_number": f"INV-{dice.randrange(10**5, 10**6)}",
        "invoice_date": f"2025-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
        "due_date": f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
        "order_number": f"PO-{dice.randrange(10**4, 10**5)}",
    }
    for number, (key, value) in enumerate(facts.items()):
        page.text(700, 180 + 44 * number, key.replace("_", " ").capitalize() + ":")
        page.text(930, 180 + 44 * number, value)
    page.text(90, 180, "Bill to:")
    page.text(90, 224, customer)
    items, subtotal = [], 0
    for _ in range(dice.randint(3, 9)):
        quantity, price = dice.randint(1, 60), dice.randint(150, 40_000)
        name = " ".join(dice.sample(WORDS, 2)) + f" {dice.randint(2, 90)} mm"
        subtotal += quantity * price
        items.append([name, str(quantity), money(price), money(quantity * price)])
    head = ["Description", "Quantity", "Unit price", "Amount"]
    rows = [head, *items]
    bottom = page.grid(440, [(100, False), (700, True), (920, True), (1140, True)], rows)
    tax = subtotal * 8 // 100
    sums = {"subtotal": money(subtotal), "tax": money(tax), "total": money(subtotal + tax)}
    for number, (key, value) in enumerate(sums.items()):
        page.text(900, bottom + 40 + 44 * number, key.capitalize(), right=True)
        page.text(1140, bottom + 40 + 44 * number, value, right=True)
    names = ["description", "quantity", "unit_price", "amount"]
    listed = [dict(zip(names, item, strict=True)) for item in items]
    extracted = {**facts, "seller": seller, "customer": customer, "items": listed, **sums}
    return page.finished(worn=seed % 2 == 1, key_values=extracted, tables=[{"cells": cells(rows)}])


def ticket(seed: int) -> tuple[bytes, dict[str, Any]]:
    page = Page(dice := Random(f"ticket {seed}"))
    values = {
        "Ticket number": f"{dice.choice('ABCDEFGH')}{dice.randrange(10**6, 10**7)}",
        "Train": f"G{dice.randrange(1000, 9999)}",
        "From": dice.choice(WORDS) + " North",
        "To": dice.choice(WORDS) + " South",
        "Date": f"2025-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
        "Departure": f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}",
        "Seat": f"{dice.randint(1, 16):02} {dice.randint(1, 20):02}{dice.choice('ABCDF')}",
        "Class": dice.choice(["First", "Second"]),
        "Fare": money(dice.randint(500, 90_000)),
        "Passenger": " ".join(dice.sample(WORDS, 2)),
    }
    page.text(90, 80, "RAIL TICKET", 40)
    for number, (key, value) in enumerate(values.items()):
        left, top = 90 + 560 * (number % 2), 200 + 80 * (number // 2)
        page.text(left, top, f"{key}: {value}", 26)
    return page.finished(worn=seed % 2 == 1, key_values=values)


def table(seed: int) -> tuple[bytes, dict[str, Any]]:
    page = Page(dice := Random(f"table {seed}"))
    page.text(90, 60, "Stock of " + " ".join(dice.sample(WORDS, 2)), 30)
    rows = [["Code", "Item", "Pieces", "Weight", "Price"]]
    for _ in range(dice.randint(6, 20)):
        rows.append(
            [
                f"{dice.choice(WORDS)[:2].upper()}-{dice.randrange(1000, 9999)}",
                " ".join(dice.sample(WORDS, 2)),
                str(dice.randint(1, 999)),
                f"{dice.randint(1, 9999) / 10:.1f}",
                money(dice.randint(100, 99_999)),
            ]
        )
    page.grid(150, [(100, False), (290, False), (720, True), (900, True), (1140, True)], rows)
    return page.finished(worn=seed % 2 == 1, tables=[{"cells": cells(rows)}])


KINDS = {"invoices": invoice, "tickets": ticket, "tables": table}
"""By the folder whose route takes such documents."""
