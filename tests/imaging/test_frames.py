"""Which pictures of a file are pages, and which way up each of them is."""

import io
import struct

import pytest
from PIL import Image, ImageChops, ImageDraw

from qwenocr_assets.imaging.coordinates import original_point
from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.intake.media_types import MediaType

SIZE = (80, 100)
MARK = (30, 12)
"""Centre of a dark square, in the picture as it is stored."""


def marked(level: int = 255, size: tuple[int, int] = SIZE) -> Image.Image:
    image = Image.new("L", size, level)
    ImageDraw.Draw(image).rectangle((MARK[0] - 4, MARK[1] - 4, MARK[0] + 4, MARK[1] + 4), fill=0)
    return image


def tiff_of(*frames: tuple[Image.Image, dict[int, int]]) -> bytes:
    """A TIFF of these pictures with these tags."""
    first, *others = frames
    for image, tags in others:
        image.encoderinfo = {"tiffinfo": dict(tags)}
    buffer = io.BytesIO()
    first[0].save(
        buffer, "TIFF", tiffinfo=dict(first[1]), save_all=True, append_images=[i for i, _ in others]
    )
    return buffer.getvalue()


def pages(content: bytes) -> list[PageImage]:
    found = list(pages_of_document(content, MediaType.TIFF))
    assert len(found) == count_pages(content, MediaType.TIFF)
    assert all(isinstance(page, PageImage) for page in found)
    return found


def mark_of(page: PageImage) -> tuple[float, float]:
    shown = ImageChops.invert(Image.open(io.BytesIO(page.content)).convert("L")).point(
        lambda value: 255 if value > 160 else 0
    )
    left, top, right, bottom = shown.getbbox()
    return (left + right) / 2, (top + bottom) / 2


NEW, OLD, ORIENTATION = 254, 255, 274
PAGE = (marked(), {})
SMALL = marked(200, (20, 25))


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        pytest.param([(SMALL, {NEW: 1}), PAGE], [1], id="a thumbnail first"),
        pytest.param([PAGE, (SMALL, {NEW: 1})], [0], id="a thumbnail last"),
        pytest.param([(marked(), {NEW: 4}), PAGE], [1], id="a mask first"),
        pytest.param([(marked(), {NEW: 5}), PAGE, (marked(), {NEW: 2})], [1, 2], id="mask of a thumbnail, two pages"),
        pytest.param([(SMALL, {OLD: 2}), PAGE], [1], id="a thumbnail by the old tag"),
        pytest.param([(SMALL, {NEW: 1}), (marked(), {NEW: 1})], [1], id="all said to be reduced: the largest"),
        pytest.param([(marked(), {NEW: 1})], [0], id="the only one, said to be reduced"),
        pytest.param([(Image.new("L", (8, 8)), {NEW: 1}), PAGE], [1], id="a thumbnail smaller than is read"),
    ],
)  # fmt: skip
def test_the_page_is_taken_and_not_its_thumbnail(frames, expected):
    found = pages(tiff_of(*frames))
    assert [(page.width_px, page.height_px) for page in found] == [SIZE] * len(expected)
    if len(frames) > 1:
        assert [page.changes[0] for page in found] == [
            {"step": "frame", "index": index} for index in expected
        ]


@pytest.mark.parametrize("others", [0, 1], ids=["alone", "beside another"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_frame_is_turned_as_it_says_itself(orientation, others):
    turned = (marked(), {ORIENTATION: orientation})
    *_, page = pages(tiff_of(*[PAGE] * others, turned))
    assert (page.width_px, page.height_px) == (SIZE if orientation < 5 else SIZE[::-1])
    assert original_point(page.to_original, *mark_of(page)) == pytest.approx(MARK, abs=1)
    steps = [change["step"] for change in page.changes]
    assert steps == ["frame"] * others + ["upright"] * (orientation > 1)


def with_sub_picture(full_kind: int, *, big: bool = False) -> bytes:
    """A TIFF whose only frame is a thumbnail, with a full picture hanging below it (SubIFDs)."""

    def directory(image: Image.Image, kind: int, at: int, more: tuple[int, int] | None = None) -> bytes:
        tags = [(254, 4, kind), (256, 3, image.width), (257, 3, image.height), (258, 3, 8), (259, 3, 1), (262, 3, 1),
                (273, 4, at), (277, 3, 1), (278, 3, image.height), (279, 4, image.width * image.height)]  # fmt: skip
        if more:
            tags.append((more[0], 4, more[1]))
        if big:
            entries = b"".join(struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in tags)
            return struct.pack("<Q", len(tags)) + entries + bytes(8)
        entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
        return struct.pack("<H", len(tags)) + entries + bytes(4)

    head = 16 if big else 8
    full, small = marked(), SMALL
    full_at = head
    small_at = full_at + full.width * full.height
    below_at = small_at + small.width * small.height
    below = directory(full, full_kind, full_at)
    first_at = below_at + len(below)
    first = directory(small, 1, small_at, (330, below_at))
    header = (
        struct.pack("<2sHHHQ", b"II", 43, 8, 0, first_at)
        if big
        else struct.pack("<2sHI", b"II", 42, first_at)
    )
    return header + full.tobytes() + small.tobytes() + below + first


@pytest.mark.parametrize("big", [False, True], ids=["TIFF", "BigTIFF"])
def test_the_full_picture_below_a_thumbnail_is_the_page(big):
    (page,) = pages(with_sub_picture(0, big=big))
    assert (page.width_px, page.height_px) == SIZE
    assert original_point(page.to_original, *mark_of(page)) == pytest.approx(MARK, abs=1)


def test_a_reduced_picture_below_a_thumbnail_is_not():
    (page,) = pages(with_sub_picture(1))
    assert (page.width_px, page.height_px) == SMALL.size
