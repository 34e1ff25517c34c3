"""Poppler, through pdf2image: the second opinion on PDFs that PDFium cannot open or draw."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pdf2image
from pdf2image.exceptions import PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError
from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import POINTS_PER_INCH, Limits
from qwenocr_assets.imaging.normalising import is_grey

_TIMEOUT_SECONDS = 60
_PAGE_SIZE = re.compile(r"([\d.]+) x ([\d.]+) pts")
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
        width, height = _page_size(pdf, number)
    except _FAILURES:
        return False
    return width > 0 and height > 0


def draw_page(pdf: Path, number: int, dpi: float, limits: Limits) -> tuple[Image.Image, float]:
    """Page `number`, from 1, drawn as `pdfium.draw_page` does, with the resolution used.

    Raises:
        RejectedInput: poppler cannot draw it, or the service takes no picture of its proportions.
    """
    try:
        width, height = _page_size(pdf, number)
        used_dpi = max(1, int(limits.drawing_scale(width, height, dpi) * POINTS_PER_INCH))
        (image,) = pdf2image.convert_from_path(
            pdf, dpi=used_dpi, first_page=number, last_page=number, use_cropbox=True, timeout=_TIMEOUT_SECONDS
        )
    except _FAILURES as error:
        raise RejectedInput("Poppler cannot draw the page.", "Export the PDF again.") from error
    return (image.convert("L") if is_grey(image) else image), used_dpi


def _page_size(pdf: Path, number: int) -> tuple[float, float]:
    """Width and height of a page in points.

    Raises:
        ValueError: poppler does not tell; other `_FAILURES` when it cannot open the PDF.
    """
    info = pdf2image.pdfinfo_from_path(
        str(pdf), first_page=number, last_page=number, timeout=_TIMEOUT_SECONDS
    )
    for key, value in info.items():
        if key.endswith("size") and (found := _PAGE_SIZE.match(str(value))):
            return float(found[1]), float(found[2])
    raise ValueError(f"Poppler gives no size for page {number}.")
