"""Poppler, through pdf2image: the second opinion on PDFs that PDFium cannot open or draw."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pdf2image
from pdf2image.exceptions import PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError
from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import POINTS_PER_INCH, Limits
from qwenocr_assets.imaging.normalising import is_grey

_TIMEOUT_SECONDS = 60
_PAGE_SIZE = re.compile(r"^Page.* size: +([\d.]+) x ([\d.]+) pts", re.MULTILINE)
_MEDIA_BOX = re.compile(r"^Page.* MediaBox: " + 4 * r" +(-?[\d.]+)" + "$", re.MULTILINE)
_FAILURES = (PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError, OSError, ValueError)


def is_installed() -> bool:
    """Whether poppler's programs are on the path."""
    return bool(shutil.which("pdftoppm") and shutil.which("pdfinfo"))


@cache
def renderer() -> str:
    """Name and version for the page's row."""
    run = subprocess.run(["pdftoppm", "-v"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S607
    found = re.search(r"version ([\d.]+)", run.stderr + run.stdout)
    return f"poppler {found.group(1) if found else 'of unknown version'} (pdf2image)"


def count_pages(pdf: Path) -> int:
    """Number of pages.

    Raises:
        RejectedInput: poppler cannot open it either.
    """
    try:
        return int(pdf2image.pdfinfo_from_path(str(pdf), timeout=_TIMEOUT_SECONDS)["Pages"])
    except (*_FAILURES, KeyError) as error:
        raise RejectedInput("Poppler cannot open the PDF.", "Export it again.") from error


def has_page(pdf: Path, number: int) -> bool:
    """Whether poppler finds a page of this number.

    It passes over damaged pages, so that the numbers of those behind them shift: if it finds the last page, they are
    those that PDFium counts.
    """
    try:
        shape = _shape(pdf, number)
    except _FAILURES:
        return False
    return shape.width > 0 and shape.height > 0


def draw_page(
    pdf: Path, number: int, dpi: float, limits: Limits, unit: float = 1.0
) -> tuple[Image.Image, float]:
    """Page `number`, from 1, drawn as `pdfium.draw_page` does, with the resolution used.

    Poppler takes every page's units for points: what it draws at 72 dpi has a pixel to the unit.

    Raises:
        RejectedInput: poppler cannot draw it, or the service takes no picture of its proportions.
    """
    try:
        shape = _shape(pdf, number)
        width, height = shape.width * unit, shape.height * unit
        scale = limits.drawing_scale(width, height, dpi)
        (image,) = pdf2image.convert_from_path(
            pdf,
            dpi=scale * unit * POINTS_PER_INCH,  # type: ignore[arg-type]  # passed on as it is
            first_page=number,
            last_page=number,
            use_cropbox=shape.is_cropped,
            timeout=_TIMEOUT_SECONDS,
        )
    except _FAILURES as error:
        raise RejectedInput("Poppler cannot draw the page.", "Export the PDF again.") from error
    return (image.convert("L") if is_grey(image) else image), scale * POINTS_PER_INCH


@dataclass(frozen=True, slots=True)
class _Shape:
    """A page as it is shown, in its own units, before it is turned."""

    width: float
    height: float
    is_cropped: bool
    """False where the crop box lies beside the media box: then all of the page is shown, as pdf.js does."""


def _shape(pdf: Path, number: int) -> _Shape:
    """The shape of a page.

    Raises:
        ValueError: poppler does not tell; other `_FAILURES` when it cannot open the PDF.
    """
    try:
        run = subprocess.run(  # noqa: S603  a path of our own making
            ["pdfinfo", "-box", "-f", str(number), "-l", str(number), str(pdf)],  # noqa: S607
            capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise PDFPopplerTimeoutError("pdfinfo took too long") from error
    size, media = _PAGE_SIZE.search(run.stdout), _MEDIA_BOX.search(run.stdout)
    if size is None:
        raise ValueError(f"Poppler gives no size for page {number}.")
    width, height = float(size[1]), float(size[2])
    is_cropped = width > 0 and height > 0
    if not is_cropped and media:
        left, bottom, right, top = (float(edge) for edge in media.groups())
        width, height = abs(right - left), abs(top - bottom)
    return _Shape(width, height, is_cropped)
