"""The sample documents, as they come."""

import io
from pathlib import Path

import pytest
from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.intake.left_out import USUAL
from qwenocr_assets.intake.parts import accepted_type

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def samples(broken: bool) -> list[pytest.param]:
    below = (path.relative_to(SAMPLES) for path in sorted(SAMPLES.rglob("*")) if path.is_file())
    return [
        pytest.param(SAMPLES / path, id=path.as_posix())
        for path in below
        if (path.parts[0] == "broken") is broken and not USUAL.fits(path.name)
    ]


@pytest.mark.parametrize("path", samples(broken=False))
def test_a_sample_becomes_pages_that_can_be_looked_at(path):
    content = path.read_bytes()
    media_type = accepted_type(content)
    pages = list(pages_of_document(content, media_type))
    assert len(pages) == count_pages(content, media_type) >= 1
    for page in pages:
        assert isinstance(page, PageImage)
        with Image.open(io.BytesIO(page.content)) as image:
            image.load()
            assert image.size == (page.width_px, page.height_px)


@pytest.mark.parametrize("path", samples(broken=True))
def test_a_broken_sample_is_rejected_with_a_reason(path):
    content = path.read_bytes()
    with pytest.raises(RejectedInput) as raised:
        list(pages_of_document(content, accepted_type(content)))
    assert raised.value.message
    assert raised.value.next_step
