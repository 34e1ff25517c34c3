"""Documents into pages: what each way costs, side by side in one run. CPU of the whole process tree.

Goals are ratios, so that they hold on a machine that others use at the same time.
"""

import io
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pdf2image
import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat

from qwenocr_assets.imaging import pdfium, poppler
from qwenocr_assets.imaging.encoding import to_png
from qwenocr_assets.imaging.limits import SERVICE_LIMITS
from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.recipe import RENDER_DPI
from qwenocr_assets.intake.media_types import HEAD_BYTES, MediaType, sniff

TEXT_PAGES = 100
REPEATS = 3
A4_POINTS = (595, 842)


def main() -> None:
    text_pdf = make_text_pdf(TEXT_PAGES)
    scan_jpeg = make_scan()
    scan_pdf = make_picture_pdf(scan_jpeg, copies=5)
    lines = [
        *text_goals(text_pdf),
        *memory_goals(),
        *scan_goals(scan_pdf, scan_jpeg),
        *image_goals(scan_jpeg),
    ]
    print()
    print("\n".join(lines))


def text_goals(text_pdf: bytes) -> list[str]:
    """A text PDF to pages at 200 dpi, against pdf2image's default call."""
    ours, wall = cpu_seconds(lambda: drain(text_pdf))
    say("text PDF → page images (PNG)", ours, wall, TEXT_PAGES)
    image = first_drawn(text_pdf)
    grey_png, _ = cpu_seconds(lambda: to_png(image))
    pillow_png, _ = cpu_seconds(lambda: image.save(io.BytesIO(), "PNG", compress_level=1))
    print(
        f"  of that, PNG encoding {grey_png * 1e3:.1f} ms CPU a page; Pillow's encoder {pillow_png * 1e3:.1f} ms"
    )
    if not poppler.is_installed():
        print("  poppler is not installed: no comparison")
        return []
    sample = 20  # the default call holds all pages in memory at once
    theirs, wall = cpu_seconds(lambda: pdf2image.convert_from_bytes(text_pdf, last_page=sample))
    say("pdf2image, default call (pixels, not encoded)", theirs, wall, sample)
    return [goal("text_pdf_cpu", (ours / TEXT_PAGES) / (theirs / sample), 0.3, "× pdf2image")]


def memory_goals() -> list[str]:
    """Peak memory of a process that makes 100 pages, against one that makes 10."""
    few, many = (peak_mb(pages) for pages in (10, 100))
    print(f"peak memory: {few:.0f} MB at 10 pages, {many:.0f} MB at 100")
    return [goal("text_pdf_memory", many / few, 1.2, "× at 10 pages")]


def scan_goals(scan_pdf: bytes, scan_jpeg: bytes) -> list[str]:
    """A PDF whose pages are one picture each: taking it out, against drawing it with the same library."""
    pages = [page for page in pages_of_document(scan_pdf, MediaType.PDF) if isinstance(page, PageImage)]
    identical = all(page.content == scan_jpeg for page in pages)
    ours, wall = cpu_seconds(lambda: drain(scan_pdf))
    say("picture PDF → embedded pictures", ours, wall, len(pages))
    drawn, wall = cpu_seconds(lambda: draw_plainly(scan_pdf))
    say("picture PDF, drawn at 200 dpi and encoded (JPEG)", drawn, wall, len(pages))
    return [
        goal("picture_pdf_cpu", ours / drawn, 0.05, "× drawing"),
        goal("picture_pdf_identical_bytes", 0 if identical else 1, 0, "files that differ"),
    ]


def image_goals(scan_jpeg: bytes) -> list[str]:
    """Image files: one the service takes as it is, and one that has to shrink."""
    repeats = 200
    untouched, wall = cpu_seconds(lambda: [drain(scan_jpeg) for _ in range(repeats)])
    say(f"JPEG of {len(scan_jpeg) / 1e6:.1f} MB, untouched", untouched, wall, repeats)
    large = encode(photo(9000, 6000), "JPEG", quality=90)
    ours, wall = cpu_seconds(lambda: drain(large))
    say("54 MP photograph, shrunk to what the service looks at (8.4 MP)", ours, wall, 1)
    plain, wall = cpu_seconds(lambda: shrink_plainly(large))
    say("the same, plain Pillow (transpose, convert, LANCZOS, JPEG)", plain, wall, 1)
    (page,) = pages_of_document(large, MediaType.JPEG)
    if isinstance(page, PageImage):
        print(f"  the two are {likeness_db(page.content, shrink_plainly(large)):.0f} dB alike")
    return [
        goal("untouched_ms", untouched / repeats * 1e3, 1.0, "ms"),
        goal("shrink_cpu", ours / plain, 0.4, "× plain Pillow"),
    ]


def drain(content: bytes) -> None:
    for _ in pages_of_document(content, sniff(content[:HEAD_BYTES]) or MediaType.PDF):
        pass


def first_drawn(content: bytes) -> Image.Image:
    with closing(pdfium.open_pdf(content)) as document:
        return pdfium.draw_page(document[0], RENDER_DPI, SERVICE_LIMITS)[0]


def draw_plainly(content: bytes) -> None:
    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            page.render(scale=200 / 72).to_pil().save(io.BytesIO(), "JPEG", quality=90)
            page.close()


def shrink_plainly(content: bytes) -> bytes:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    factor = SERVICE_LIMITS.shrinking_factor(*image.size)
    size = (int(image.width * factor), int(image.height * factor))
    return encode(image.resize(size, Image.Resampling.LANCZOS), "JPEG", quality=90)


def likeness_db(a: bytes, b: bytes) -> float:
    """Peak signal-to-noise ratio of two pictures of one size."""
    rms = max(ImageStat.Stat(ImageChops.difference(*(Image.open(io.BytesIO(c)) for c in (a, b)))).rms)
    return 20 * math.log10(255 / rms)


def make_text_pdf(pages: int) -> bytes:
    """A PDF of dense A4 text pages, its font one of the 14 that every reader has."""
    words = (
        "The quick brown fox jumps over 13 lazy dogs while invoice totals of 1,284.50 are due on 14 March. "
    )
    contents = []
    for number in range(pages):
        text = (f"Page {number + 1}. " + words * 60)[number:]
        lines = [text[start : start + 95] for start in range(0, 95 * 52, 95)]
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        contents.append(f"BT /F 10 Tf 14 TL 50 790 Td {shown} ET".encode())
    return write_pdf(contents, b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>", [])


def make_picture_pdf(jpeg: bytes, copies: int) -> bytes:
    width, height = Image.open(io.BytesIO(jpeg)).size
    dictionary = b"/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/DCTDecode" % (
        width,
        height,
    )
    picture = b"<</Type/XObject/Subtype/Image%s/Length %d>>stream\n%s\nendstream" % (
        dictionary,
        len(jpeg),
        jpeg,
    )
    content = b"q %d 0 0 %d 0 0 cm /I Do Q" % A4_POINTS
    return write_pdf([content] * copies, b"/XObject<</I 3 0 R>>", [picture])


def write_pdf(contents: list[bytes], resources: bytes, objects: list[bytes]) -> bytes:
    kids = [3 + len(objects) + 2 * number for number in range(len(contents))]
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids)),
        *objects,
    ]
    for kid, content in zip(kids, contents, strict=True):
        packed = zlib.compress(content)
        bodies.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R/Resources<<%s>>>>"
            % (*A4_POINTS, kid + 1, resources)
        )
        bodies.append(b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed))
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(bodies) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, table, size, len(out)
    )  # fmt: skip
    return bytes(out)


def make_scan() -> bytes:
    """An A4 page at 300 dpi as a scanner gives it: text on uneven, noisy paper, JPEG."""
    width, height = 2480, 3508
    page = Image.effect_noise((width, height), 12).point(lambda value: value + 110)
    canvas = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=42)
    for line in range(55):
        canvas.text(
            (200, 200 + 57 * line), f"{line}. Amount due 1,284.50 for goods as listed overleaf", 40, font
        )
    return encode(page.convert("RGB"), "JPEG", quality=85)


def photo(width: int, height: int) -> Image.Image:
    gradient = Image.radial_gradient("L").resize((width, height))
    grain = Image.effect_noise((width // 4, height // 4), 40).resize((width, height))
    return Image.merge("RGB", (gradient, grain, Image.blend(gradient, grain, 0.5)))


def encode(image: Image.Image, pillow_format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, pillow_format, **options)
    return buffer.getvalue()


def cpu_seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Median CPU and wall seconds of a few runs, with child processes."""
    results = []
    for _ in range(REPEATS):
        cpu, wall = cpu_clock(), time.perf_counter()
        run()
        results.append((cpu_clock() - cpu, time.perf_counter() - wall))
    return statistics.median(r[0] for r in results), statistics.median(r[1] for r in results)


def cpu_clock() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_mb(pages: int) -> float:
    """Peak memory of a fresh process that makes the pages of a text PDF, keeping none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text.pdf"
        file.write_bytes(make_text_pdf(pages))
        program = (
            "import pathlib, sys\n"
            "from qwenocr_assets.imaging.pages import pages_of_document\n"
            "from qwenocr_assets.intake.media_types import MediaType\n"
            "for _ in pages_of_document(pathlib.Path(sys.argv[1]).read_bytes(), MediaType.PDF): pass\n"
            "status = pathlib.Path('/proc/self/status').read_text()\n"
            "print(status.split('VmHWM:')[1].split()[0])  # unlike ru_maxrss, not inherited from the parent"
        )
        run = subprocess.run(
            [sys.executable, "-c", program, file], capture_output=True, text=True, check=True
        )
    return int(run.stdout) / 1024


def say(what: str, cpu: float, wall: float, pages: int) -> None:
    print(f"{what}: {cpu / pages * 1e3:.2f} ms CPU a page, {pages / wall:.0f} pages/s")


def goal(name: str, figure: float, limit: float, unit: str) -> str:
    return f"pages.{name} {figure:.3f} {unit} (goal ≤ {limit:g}) {'ok' if figure <= limit else 'short'}"


if __name__ == "__main__":
    main()
