"""Damaged files: each ends in pages or in one rejection, never in another error."""

import hashlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage, TiledPage
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import HEAD_BYTES, sniff
from qwenocr_assets.intake.parts import accepted_type

FORMATS = ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "HEIF", "AVIF", "PDF", "drawn PDF"]


@pytest.fixture
def sample(request, encoded, gradient, pdf_page) -> bytes:
    if request.param == "drawn PDF":
        return pdf_page(b"BT /F 12 Tf 50 400 Td (Hello) Tj ET", b"1 0 0 rg 0 0 90 90 re f")
    if request.param in ("TIFF", "GIF"):
        return encoded(gradient(), request.param, save_all=True, append_images=[gradient("L")])
    return encoded(gradient(), request.param)


def damage(content: bytes, cut: float, flips: list[tuple[float, int]], splice: tuple[float, float]) -> bytes:
    damaged = bytearray(content[: int(len(content) * cut)])
    for place, bits in flips:
        if damaged:
            damaged[int(place * (len(damaged) - 1))] ^= bits
    start, end = (int(place * len(damaged)) for place in sorted(splice))
    return bytes(damaged + damaged[start:end])


share = st.floats(0, 1)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it finds in damaged files
@pytest.mark.parametrize("sample", FORMATS, indirect=True)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.sampled_from([1.0, 1.0]) | share,
    flips=st.lists(st.tuples(share, st.integers(1, 255)), max_size=8),
    splice=st.just((0.0, 0.0)) | st.tuples(share, share),
)
def test_damage_ends_in_pages_or_one_rejection(sample, cut, flips, splice):
    content = damage(sample, cut, flips, splice)
    try:
        media_type = accepted_type(content)
        count_pages(content, media_type)
        found = list(pages_of_document(content, media_type, Recipe(dpi=50)))
    except RejectedInput:
        return
    assert found
    for page in found:
        assert isinstance(page, PageImage | TiledPage | RejectedPage)
        # what passes as it is has had its header read, not its pixels decoded
        if isinstance(page, PageImage) and (page.origin in ("rendered", "converted") or page.changes):
            with Image.open(io.BytesIO(page.content)) as image:
                image.load()
                assert image.size == (page.width_px, page.height_px)


@pytest.mark.parametrize("sample", FORMATS, indirect=True)
def test_the_same_document_makes_the_same_pages(sample):
    media_type = sniff(sample[:HEAD_BYTES])

    def hashes() -> list[str]:
        return [hashlib.sha256(page.content).hexdigest() for page in pages_of_document(sample, media_type)]

    assert hashes() == hashes()
