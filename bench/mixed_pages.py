"""500 pages of the kinds that come in practice, made by code: what a week's post looks like to the decoders."""

import io
import random

from PIL import Image, ImageDraw, ImageFont

from bench.pdf_files import A4_POINTS, pdf_of

_WORDS = [
    "invoice",
    "total",
    "amount",
    "due",
    "order",
    "number",
    "delivery",
    "address",
    "contact",
    "quantity",
    "unit",
    "price",
    "discount",
    "net",
    "tax",
    "date",
    "reference",
    "customer",
    "account",
    "payment",
    "within",
    "days",
    "goods",
    "services",
    "as",
    "listed",
    "overleaf",
    "thank",
    "you",
    "for",
    "business",
]


PAGES = 500


def mixed_files() -> dict[str, list[bytes]]:
    """Files by kind, 500 pages in all; the same ones every time."""
    return {
        "reports": [_text_pdf(20, seed) for seed in range(8)],  # 160 pages
        "letters": [_text_pdf(1, seed) for seed in range(40)],
        "scans in colour": [_picture_pdf(_scan(seed, "RGB"), "RGB", pages=10) for seed in range(8)],  # 80
        "scans in grey": [_picture_pdf(_scan(seed, "L"), "L", pages=10) for seed in range(6)],  # 60
        "faxes": [_fax_pdf(seed, pages=5) for seed in range(8)],  # 40
        "faxes as TIFF": [_fax_tiff(seed, pages=5) for seed in range(4)],  # 20
        "photographs": [_encoded(_photograph(seed), "JPEG", quality=85) for seed in range(40)],
        "screenshots": [_encoded(_sheet(seed, 1366, 768, 20), "PNG") for seed in range(30)],
        "clippings on nothing": [_clipping(seed) for seed in range(20)],
        "pictures from the web": [_encoded(_photograph(seed), "WEBP", quality=80) for seed in range(10)],
    }


def _text_pdf(pages: int, seed: int) -> bytes:
    """Pages of text with a rule and a bar of colour, as programs write them."""
    chance = random.Random(seed)
    contents = []
    for _ in range(pages):
        lines = (" ".join(chance.choices(_WORDS, k=14)) for _ in range(48))
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        contents.append(
            f".2 .3 .6 rg 50 800 495 18 re f 0 g 50 60 m 545 60 l S BT /F 10 Tf 15 TL 50 780 Td {shown} ET".encode()
        )
    return pdf_of(contents, b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>", [])


def _picture_pdf(data: bytes, mode: str, pages: int) -> bytes:
    """A scanner's PDF: each page a JPEG of its own, a text line of OCR that nobody sees over it."""
    width, height = Image.open(io.BytesIO(data)).size
    space = b"/DeviceRGB" if mode == "RGB" else b"/DeviceGray"
    head = (
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace%s/Filter/DCTDecode"
    )
    pictures = [
        head % (width, height, space) + b"/Length %d>>stream\n%s\nendstream" % (len(own), own)
        for own in (data[:2] + b"\xff\xfe\0\6%04d" % number + data[2:] for number in range(pages))
    ]
    contents = [
        b"q %d 0 0 %d 0 0 cm /I%d Do Q BT 3 Tr /F 9 Tf 60 700 Td (found by another) Tj ET" % (*A4_POINTS, n)
        for n in range(pages)
    ]
    names = b"".join(b"/I%d %d 0 R" % (number, 3 + number) for number in range(pages))
    font = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
    return pdf_of(contents, font + b"/XObject<<%s>>" % names, pictures)


def _scan(seed: int, mode: str) -> bytes:
    page = _sheet(seed, 1654, 2339, 55).convert("L")
    noise = Image.effect_noise(page.size, 20)
    return _encoded(Image.blend(page, noise, 0.15).convert(mode), "JPEG", quality=80)


def _fax_pdf(seed: int, pages: int) -> bytes:
    sheets = [_sheet(100 * seed + page, 1728, 2200, 50).convert("1") for page in range(pages)]
    return _encoded(sheets[0], "PDF", resolution=200, save_all=True, append_images=sheets[1:])


def _fax_tiff(seed: int, pages: int) -> bytes:
    sheets = [_sheet(100 * seed + page, 1728, 2200, 50).convert("1") for page in range(pages)]
    return _encoded(sheets[0], "TIFF", compression="group4", save_all=True, append_images=sheets[1:])


def _photograph(seed: int) -> Image.Image:
    page = _sheet(seed, 1512, 2016, 40).convert("L")
    light = Image.radial_gradient("L").resize(page.size)
    return Image.merge("RGB", (page, Image.blend(page, light, 0.2), Image.blend(page, light, 0.3)))


def _clipping(seed: int) -> bytes:
    page = _sheet(seed, 800, 600, 15)
    return _encoded(Image.merge("RGBA", (*page.split(), page.convert("L").point(lambda v: 255 - v))), "PNG")


def _sheet(seed: int, width: int, height: int, lines: int) -> Image.Image:
    chance = random.Random(seed)
    page = Image.new("RGB", (width, height), "white")
    canvas = ImageDraw.Draw(page)
    step = (height - 100) // lines
    font = ImageFont.load_default(size=step * 0.6)
    for line in range(lines):
        words = " ".join(chance.choices(_WORDS, k=9))
        canvas.text((60, 50 + step * line), words, "black" if line % 9 else "#a02020", font)
    return page


def _encoded(image: Image.Image, pillow_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, pillow_format, **options)
    return buffer.getvalue()
