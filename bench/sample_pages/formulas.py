"""A formula as a picture, set by matplotlib's own TeX-like typesetter."""

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from .canvas import Sheet

QUADRATIC = r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}"


def quadratic() -> tuple[Sheet, list[dict[str, Any]]]:
    """The roots of a quadratic equation, 900 × 300 px, and the formulas of the page with their boxes."""
    figure = Figure(figsize=(6, 2), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.5, 0.5, f"${QUADRATIC}$", fontsize=30, ha="center", va="center", math_fontfamily="stix")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    image = Image.open(buffer).convert("L")
    rows, columns = np.nonzero(np.asarray(image) < 200)
    box = [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]
    return Sheet(image), [{"latex": QUADRATIC, "display": True, "bbox": box}]
