"""Documents into pages: what each way costs, side by side in one run. CPU of the whole process tree.

Goals are ratios, so that they hold on a machine that others use at the same time.
"""

import io
import math
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pdf2image
import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat

from bench import local_way, mixed_pages
from bench.measuring import cpu_seconds, goal, other_checkout, peak_tree_mb
from bench.pages_against import goals_against
from bench.pdf_files import A4_POINTS, pdf_of
from qwenocr_assets.imaging.encoding import to_png
from qwenocr_assets.imaging.limits import SERVICE_LIMITS
from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.pdf.document import pdfium, poppler
from qwenocr_assets.imaging.recipe import RENDER_DPI
from qwenocr_assets.intake.media_types import HEAD_BYTES, MediaType, sniff

TEXT_PAGES = 100


def main() -> None:
    text_pdf = make_text_pdf(TEXT_PAGES)
    scan_jpeg = make_scan()
    scan_pdf = make_picture_pdf(scan_jpeg, copies=5, distinct=False)
    lines = [
        *text_goals(text_pdf),
        *memory_goals(),
        *scan_goals(scan_pdf, scan_jpeg),
        *image_goals(scan_jpeg),
        *tree_memory_goals(),
        *local_way.goals(make_text_pdf, lambda pages: make_picture_pdf(scan_jpeg, copies=pages)),
    ]
    say_spread()
    kinds = {
        "text_pdf": [text_pdf],
        "picture_pdf": [scan_pdf] * 10,
        "untouched": [scan_jpeg] * 200,
        "shrink": [encode(photo(9000, 6000), "JPEG", quality=90)],
    }
    lines += goals_against(other_checkout(), kinds, mixed_pages.PAGES)
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
    return [goal("pages.text_pdf_cpu", (ours / TEXT_PAGES) / (theirs / sample), 0.3, "× pdf2image")]


def memory_goals() -> list[str]:
    """Peak memory of a process that makes 100 pages, against one that makes 10."""
    few, many = (peak_mb(pages) for pages in (10, 100))
    print(f"peak memory: {few:.0f} MB at 10 pages, {many:.0f} MB at 100")
    return [goal("pages.text_pdf_memory", many / few, 1.2, "× at 10 pages")]


def scan_goals(scan_pdf: bytes, scan_jpeg: bytes) -> list[str]:
    """A PDF whose pages are one picture each: taking it out, against drawing it with the same library."""
    pages = [page for page in pages_of_document(scan_pdf, MediaType.PDF) if isinstance(page, PageImage)]
    identical = all(page.content == scan_jpeg for page in pages)
    ours, wall = cpu_seconds(lambda: drain(scan_pdf))
    say("picture PDF → embedded pictures", ours, wall, len(pages))
    drawn, wall = cpu_seconds(lambda: draw_plainly(scan_pdf))
    say("picture PDF, drawn at 200 dpi and encoded (JPEG)", drawn, wall, len(pages))
    return [
        goal("pages.picture_pdf_cpu", ours / drawn, 0.05, "× drawing"),
        goal("pages.picture_pdf_identical_bytes", 0 if identical else 1, 0, "files that differ"),
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
        goal("pages.untouched_ms", untouched / repeats * 1e3, 1.0, "ms"),
        goal("pages.shrink_cpu", ours / plain, 0.4, "× plain Pillow"),
    ]


def tree_memory_goals() -> list[str]:
    """Peak memory of the main process and its workers together, for long documents."""
    with tempfile.TemporaryDirectory() as folder:
        pdf, tiff = Path(folder) / "long.pdf", Path(folder) / "long.tif"
        pdf.write_bytes(make_text_pdf(1000))
        frames = [make_page(number) for number in range(200)]
        frames[0].save(tiff, compression="group4", save_all=True, append_images=frames[1:])
        of_pdf, of_tiff = (
            peak_tree_mb([sys.executable, "-m", "bench.make_pages", file]) for file in (pdf, tiff)
        )
    return [
        goal("pages.tree_memory_1000_page_pdf", of_pdf, 400, "MB"),
        goal("pages.tree_memory_200_page_tiff", of_tiff, 400, "MB"),
    ]


def say_spread() -> None:
    """The same pages over worker processes: wall time against one process. No goal: it takes idle cores to show."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text.pdf"
        file.write_bytes(make_text_pdf(200))
        walls = []
        for count in (0, 2):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-m", "bench.make_pages", file, str(count)], check=True)
            walls.append(time.perf_counter() - started)
    print(f"200 text pages: {walls[0]:.1f} s in one process, {walls[1]:.1f} s over two workers")


def make_page(number: int) -> Image.Image:
    page = Image.new("1", (1654, 2339), 1)
    font = ImageFont.load_default(size=30)
    for line in range(50):
        ImageDraw.Draw(page).text((100, 100 + 42 * line), f"Page {number}, line {line} of it", 0, font)
    return page


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
    return pdf_of(contents, b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>", [])


def make_picture_pdf(jpeg: bytes, copies: int, *, distinct: bool = True) -> bytes:
    """A PDF whose pages are one picture each; distinct ones differ in a comment, so that each is stored by itself."""
    width, height = Image.open(io.BytesIO(jpeg)).size
    dictionary = b"/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/DCTDecode" % (
        width,
        height,
    )
    pictures = []
    for number in range(copies if distinct else 1):
        data = jpeg[:2] + b"\xff\xfe\0\6%04d" % number + jpeg[2:] if distinct else jpeg
        stream = b"<</Type/XObject/Subtype/Image%s/Length %d>>stream\n%s\nendstream"
        pictures.append(stream % (dictionary, len(data), data))
    names = b"".join(b"/I%d %d 0 R" % (number, 3 + number) for number in range(len(pictures)))
    contents = [b"q %d 0 0 %d 0 0 cm /I%d Do Q" % (*A4_POINTS, n if distinct else 0) for n in range(copies)]
    return pdf_of(contents, b"/XObject<<%s>>" % names, pictures)


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


if __name__ == "__main__":
    main()
