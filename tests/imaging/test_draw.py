import io

import pytest
from PIL import Image, ImageChops

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.draw import draw_boxes, preview


@pytest.fixture
def page(encoded) -> bytes:
    return encoded(Image.new("L", (400, 300), "white"), "PNG")


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return image.convert("RGB")


def coloured_part(image: Image.Image) -> tuple[int, int, int, int] | None:
    """Bounding box of what is not about white."""
    dark = ImageChops.difference(image, Image.new("RGB", image.size, "white")).convert("L")
    return dark.point(lambda value: 255 * (value > 40)).getbbox()


@pytest.mark.parametrize(
    ("box", "max_side_px", "drawn"),
    [
        pytest.param((100, 50, 300, 200), 1000, (100, 50, 300, 200), id="upright"),
        pytest.param((100, 50, 300, 50, 300, 200, 100, 200), 1000, (100, 50, 300, 200), id="quad"),
        pytest.param((200, 50, 300, 150, 200, 250, 100, 150), 1000, (100, 50, 300, 250), id="tilted"),
        pytest.param((100, 50, 300, 200), 200, (50, 25, 150, 100), id="scaled-down"),
        pytest.param((-50, -50, 100, 100), 1000, (0, 0, 100, 100), id="over-the-edge"),
    ],
)
def test_boxes_stand_where_they_belong(page, box, max_side_px, drawn):
    image = opened(draw_boxes(page, [box], max_side_px=max_side_px))
    assert max(image.size) == min(max_side_px, 400)
    assert coloured_part(image) == pytest.approx(drawn, abs=3)


def test_a_page_without_boxes_is_the_page(page):
    assert coloured_part(opened(draw_boxes(page, []))) is None


def test_labels_stand_above_their_box(page):
    plain, labelled = (
        opened(draw_boxes(page, [(100, 100, 300, 200)], labels=labels)) for labels in ((), ("17",))
    )
    assert coloured_part(labelled)[1] < coloured_part(plain)[1] - 5


@pytest.mark.parametrize(
    "labels", [("請求書",), (None,), ("",), ()], ids=["not-latin", "none", "empty", "fewer"]
)
def test_boxes_without_a_usable_label_are_drawn_all_the_same(page, labels):
    image = opened(draw_boxes(page, [(100, 100, 300, 200)], labels=labels))
    assert coloured_part(image) == pytest.approx((100, 100, 300, 200), abs=3)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK"])
def test_pictures_of_any_mode_can_be_drawn_on(encoded, gradient, mode):
    content = encoded(gradient("RGB", 200, 150).convert(mode), "TIFF")
    assert opened(draw_boxes(content, [(10, 10, 50, 50)])).size == (200, 150)


@pytest.mark.parametrize("numbers", [0, 3, 6, 10])
def test_boxes_of_another_shape_are_an_error(page, numbers):
    with pytest.raises(ValueError, match="4 or 8 numbers"):
        draw_boxes(page, [(1.0,) * numbers])


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_is_no_picture_is_rejected(content):
    for draw in (lambda: draw_boxes(content, []), lambda: preview(content)):
        with pytest.raises(RejectedInput):
            draw()


@pytest.mark.parametrize("max_bytes", [2_000, 5_000, 30_000])
@pytest.mark.parametrize("size", [(1600, 2200), (300, 50), (20, 4000)], ids=str)
def test_previews_keep_to_their_bytes_and_proportions(encoded, size, max_bytes):
    content = encoded(Image.effect_noise(size, 60), "PNG")
    small = preview(content, max_bytes=max_bytes)
    assert len(small) <= max_bytes
    image = opened(small)
    assert max(image.size) <= 1000
    if min(image.size) > 40:
        assert image.width / image.height == pytest.approx(size[0] / size[1], rel=0.05)


def test_a_preview_needs_some_bytes(page):
    with pytest.raises(ValueError, match="at least"):
        preview(page, max_bytes=100)
