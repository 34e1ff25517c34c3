"""Large loads, each once: a TIFF of 100 MB, a PDF of 2,000 pages, 20,000 small images in usual batches and in one.

`qwenocr run` as a person types it, against a cloud region that answers at once in this process; what is measured is
the run's own memory, with its workers', and when the first row can be asked for in SQL. Rows come by batches, so what
is one batch has them when all of it is read. `QWENOCR_BENCH_LOADS="pdf tiff"` measures only these.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bench.instant_engine import InstantReader
from bench.loopback import in_project
from bench.measuring import goal, tree_cpu_seconds, tree_mb
from qwenocr_assets.emulator import create_emulator
from qwenocr_assets.emulator.testing.serving import served
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.settings import project_root

_PEAK_MB = 1024
_FIRST_ROW_SECONDS = 60
_ONE_BATCH = "batch_max_files = 20_000\n"
_MODEL = """
[[models]]
region = "singapore"
name = "qwen-vl-ocr-2025-11-20"
requests_per_minute = 1_000_000
tokens_per_minute = 1_000_000_000
"""


@dataclass(frozen=True)
class Measured:
    """What came of one load."""

    peak_mb: float
    first_row_seconds: float
    first_row_cpu_seconds: float
    """What the run had computed until then: on a machine that does nothing else, the time would be about that."""
    seconds: float
    told: int
    """Lines of progress."""


def main() -> None:
    wanted = os.environ.get("QWENOCR_BENCH_LOADS", " ".join(_LOADS)).split()
    for name in wanted:
        what, write, settings = _LOADS[name]
        found = _measure(write, settings)
        print(
            f"{what}: {found.seconds:.0f} s, first row after {found.first_row_seconds:.0f} s "
            f"({found.first_row_cpu_seconds:.0f} s of CPU), peak memory {found.peak_mb:.0f} MB, "
            f"progress told {found.told} times"
        )
        print(goal(f"load.{name}_peak", found.peak_mb, _PEAK_MB, "MB"))
        print(goal(f"load.{name}_first_row", found.first_row_seconds, _FIRST_ROW_SECONDS, "s"))


def _measure(write: Callable[[Path], None], settings: str) -> Measured:
    emulator = create_emulator(create_app(InstantReader()))
    with tempfile.TemporaryDirectory(prefix="qwenocr-load-") as name, served(emulator) as url:
        folder = Path(name)
        (folder / "pipeline.toml").write_text(settings + _MODEL)
        for part in ("dbt_like_sql", "deploy"):
            (folder / part).symlink_to(project_root() / part)
        (folder / "in").mkdir()
        write(folder / "in")
        environment = in_project(folder, url)
        program = Path(sys.executable).with_name("qwenocr")
        with (folder / "told").open("wb") as told:
            started = time.perf_counter()
            run = subprocess.Popen([program, "run", folder / "in"], env=environment, stdout=told, stderr=told)
            peak, first_row, computed = 0.0, None, 0.0
            while run.poll() is None:
                peak = max(peak, tree_mb(run.pid))
                if first_row is None and (folder / "data" / "warehouse.duckdb").exists():
                    first_row = time.perf_counter() - started
                    computed = tree_cpu_seconds(run.pid)
                time.sleep(0.05)
            seconds = time.perf_counter() - started
        said = (folder / "told").read_text(encoding="utf-8")
    if run.returncode:
        sys.exit(said)
    print(said)
    return Measured(peak, first_row or seconds, computed, seconds, len(said.splitlines()))


def _write_pdf(folder: Path) -> None:
    """2,000 pages of writing."""
    first, *others = (_page(f"page {number}") for number in range(2_000))
    first.save(folder / "long.pdf", save_all=True, append_images=others, resolution=75)


def _write_images(folder: Path) -> None:
    """20,000 small images, each of its own content."""
    for number in range(20_000):
        _page(f"image {number}", (310, 220)).save(folder / f"{number:05}.png", compress_level=1)


def _write_tiff(folder: Path) -> None:
    """One page of 35 million pixels of noise around its writing, uncompressed."""
    pixels = np.random.default_rng(7).integers(200, 256, (5_000, 7_000, 3), np.uint8)
    image = Image.fromarray(pixels)
    image.paste(_page("a large page"), (400, 400))
    image.save(folder / "large.tif")


def _page(text: str, size: tuple[int, int] = (620, 877)) -> Image.Image:
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((50, 50), text, fill=0)
    return image


_LOADS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "tiff": ("A TIFF of 100 MB", _write_tiff, ""),
    "pdf": ("A PDF of 2,000 pages", _write_pdf, ""),
    "folder": ("20,000 small images in batches of 256", _write_images, ""),
    "images": ("20,000 small images in one batch", _write_images, _ONE_BATCH),
}
