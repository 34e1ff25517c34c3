"""Two thousand damaged files, the same ones every time, through the worker processes that the pipeline uses."""

import os
import random
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.decoder_words import DECODER_WORDS
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage, TiledPage
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.archives import members, read_member
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.intake.parts import accepted_type
from qwenocr_assets.workers.pool import Ended, Job, Workers
from tests.waiting import LIMIT_SECONDS

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
RECIPE = Recipe(dpi=50, rasteriser="pdfium")  # poppler's programs would take a second each
SEEDS = range(200)


def mutated(content: bytes, seed: int) -> bytes:
    """The file cut short, with bits flipped, a piece moved or a number in it made huge, by what the seed says."""
    chance = random.Random(seed)
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.choice((chance.randrange(len(damaged)), chance.randrange(min(len(damaged), 256))))
        match chance.choice(("cut", "flip", "flip", "splice", "huge")):
            case "cut":
                del damaged[max(1, at) :]
            case "flip":
                damaged[at] ^= 1 << chance.randrange(8)
            case "splice":
                piece = damaged[at : at + chance.randrange(1, 4096)]
                to = chance.randrange(len(damaged))
                damaged[to : to + chance.randrange(64)] = piece
            case "huge":
                damaged[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"))
    return bytes(damaged)


def outcomes(content: bytes, seeds: range) -> Iterator[tuple[int, str]]:
    """For each seed, how the damaged file ended."""
    for seed in seeds:
        yield seed, outcome(mutated(content, seed))


def outcome(damaged: bytes) -> str:
    try:
        media_type = accepted_type(damaged)
        if media_type is MediaType.ZIP:
            for member in members(damaged):
                if member.reason is None:
                    read_member(damaged, member.stored_name, max_bytes=2**24)
            return "pages"
        count_pages(damaged, media_type, RECIPE)
        made = list(pages_of_document(damaged, media_type, RECIPE, last=3))
    except RejectedInput as reason:
        return "rejected" if reason.message else "without a reason"
    known = all(isinstance(page, PageImage | TiledPage | RejectedPage) for page in made)
    return "pages" if made and known else "nothing"


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(2, DECODER_WORDS, memory_mb=1536, silence_seconds=LIMIT_SECONDS) as pool:
        yield pool


def small_samples(encoded, gradient, pdf_page, jpeg_picture) -> dict[str, bytes]:
    picture = gradient("RGB", 300, 400)
    more = {"save_all": True, "append_images": [gradient("L", 100, 100)]}
    made = {
        **{name: encoded(picture, name) for name in ("PNG", "JPEG", "WEBP", "BMP", "HEIF", "AVIF")},
        **{name: encoded(picture, name, **more) for name in ("TIFF", "GIF")},
        "TIFF, packed": encoded(picture, "TIFF", compression="tiff_lzw"),
        "drawn PDF": pdf_page(b"BT /F 24 Tf 50 400 Td (Hello) Tj ET", b"1 0 0 rg 0 0 90 90 re f"),
        "picture PDF": pdf_page(b"q 400 0 0 500 0 0 cm /I Do Q", picture=jpeg_picture),
    }
    real = {str(path.relative_to(SAMPLES)): path.read_bytes() for path in sorted(SAMPLES.rglob("*.pdf"))[:2]}
    return made | real


@pytest.mark.slow
def test_two_thousand_damaged_files(
    encoded, gradient, pdf_page, jpeg_picture, workers, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    samples = small_samples(encoded, gradient, pdf_page, jpeg_picture)
    found: dict[str, dict[int, str]] = {name: {} for name in samples}

    def job(name: str, seeds: range) -> Job:
        def receive(value: tuple[int, str]) -> None:
            found[name][value[0]] = value[1]

        def finish(ended: Ended) -> list[Job]:
            if ended.reason is None:
                return []
            reached = next(seed for seed in seeds if seed not in found[name])
            found[name][reached] = (
                "rejected"  # its decoder crashed, hung or ran out of memory: said, and gone on
            )
            return [job(name, range(reached + 1, seeds.stop))] if reached + 1 < seeds.stop else []

        return Job(outcomes, (samples[name], seeds), receive, finish)

    workers.run([job(name, SEEDS) for name in samples])
    endings = {(name, seed, end) for name, ends in found.items() for seed, end in ends.items()}
    assert len(endings) == len(samples) * len(SEEDS) >= 2_000
    assert {each for each in endings if each[2] not in ("pages", "rejected")} == set()
    for name in samples:
        assert "rejected" in found[name].values(), name
    assert sum("pages" in ends.values() for ends in found.values()) > len(samples) / 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def pillow_images(tmp_path_factory) -> list[Path]:
    """The test images of Pillow's source distribution, of the version that is installed."""
    if os.environ.get("QWENOCR_OFFLINE"):
        pytest.skip("QWENOCR_OFFLINE is set")
    folder = tmp_path_factory.mktemp("pillow")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--no-binary",
        ":all:",
    ]
    wanted = f"Pillow=={version('Pillow')}"
    run = subprocess.run([*command, "-q", "-d", folder, wanted], capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        pytest.skip(f"the source distribution of {wanted} cannot be had: {run.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    images = [path for path in folder.glob("*/Tests/images/**/*") if path.is_file()]
    if not images:
        pytest.skip("the source distribution holds no test images")
    return sorted(images)


def outcomes_of_files(paths: list[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        yield path, outcome(Path(path).read_bytes())


@pytest.mark.slow
def test_the_malformed_images_that_pillow_keeps(pillow_images, workers):
    found: dict[str, str] = {}

    def job(paths: list[str]) -> Job:
        def finish(ended: Ended) -> list[Job]:
            if ended.reason is None:
                return []
            reached = next(path for path in paths if path not in found)
            found[reached] = "rejected"
            rest = paths[paths.index(reached) + 1 :]
            return [job(rest)] if rest else []

        return Job(outcomes_of_files, (paths,), lambda value: found.update([value]), finish)

    paths = [str(path) for path in pillow_images if path.stat().st_size < 2**22]
    workers.run([job(paths[start::4]) for start in range(4)])
    assert len(found) == len(paths) > 100
    assert set(found.values()) == {"pages", "rejected"}
