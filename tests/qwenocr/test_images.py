"""How an image travels follows from its size."""

import base64
import io
import json

import pytest
from PIL import Image as PillowImage

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.images import MAX_DATA_URL_BYTES, ImageAt, ImageBytes, SentAs, choose_way
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.request_bodies import request_body

LARGEST_INSIDE = 7_864_302
"""Bytes of the largest PNG whose data URL has 10,485,760 characters at most."""


def png(size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    PillowImage.new("L", size).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("length", [0, 1, 2, 3, 1000])
def test_the_length_of_a_data_url_is_known_before_it_is_made(length: int) -> None:
    image = ImageBytes(bytes(length), "image/png")
    body = json.loads(
        request_body(Protocol.NATIVE, "m", image, Task.TEXT_RECOGNITION, RequestOptions(prompt="image-"))
    )
    [part] = body["input"]["messages"][0]["content"]
    assert part["image"] == "data:image/png;base64," + base64.b64encode(image.data).decode()
    assert image.data_url_bytes == len(part["image"])


def test_the_largest_that_fits_inside() -> None:
    assert ImageBytes(bytes(LARGEST_INSIDE), "image/png").data_url_bytes <= MAX_DATA_URL_BYTES
    assert ImageBytes(bytes(LARGEST_INSIDE + 1), "image/png").data_url_bytes > MAX_DATA_URL_BYTES


@pytest.mark.parametrize(
    ("length", "has_uploads", "wanted", "way"),
    [
        (1_000, True, None, SentAs.DATA_URL),
        (LARGEST_INSIDE, False, None, SentAs.DATA_URL),
        (LARGEST_INSIDE + 1, True, None, SentAs.UPLOAD),
        (10 * 2**20, True, None, SentAs.UPLOAD),
        (1_000, True, SentAs.UPLOAD, SentAs.UPLOAD),
        (LARGEST_INSIDE + 1, False, None, "smaller"),
        (10 * 2**20 + 1, True, None, "smaller"),
        (LARGEST_INSIDE + 1, True, SentAs.DATA_URL, "smaller"),
        (1_000, False, SentAs.UPLOAD, "no temporary uploads"),
    ],
)
def test_way_of_bytes(length: int, has_uploads: bool, wanted: SentAs | None, way: SentAs | str) -> None:
    image = ImageBytes(bytes(length), "image/png")
    if isinstance(way, SentAs):
        assert choose_way(image, has_uploads=has_uploads, wanted=wanted) is way
    else:
        with pytest.raises(RejectedInput, match=way):
            choose_way(image, has_uploads=has_uploads, wanted=wanted)


@pytest.mark.parametrize(
    ("length", "says"), [(20 * 2**20, None), (20 * 2**20 + 1, "uploads take up to 20,971,520 bytes")]
)
def test_a_model_that_takes_larger_images_gets_them_by_upload(length: int, says: str | None) -> None:
    image, most = ImageBytes(bytes(length), "image/png"), load_catalogue().model("beijing", "qwen3.5-ocr")
    if says is None:
        assert choose_way(image, has_uploads=True, max_upload_bytes=most.max_url_bytes) is SentAs.UPLOAD
        return
    with pytest.raises(RejectedInput) as refused:
        choose_way(image, has_uploads=True, max_upload_bytes=most.max_url_bytes)
    assert says in refused.value.next_step


@pytest.mark.parametrize(
    ("url", "way"),
    [
        ("https://example.com/請求書.png", SentAs.URL),
        ("http://example.com/a.jpg", SentAs.URL),
        ("oss://dashscope-instant/a.jpg", SentAs.UPLOAD),
    ],
)
def test_way_of_an_address(url: str, way: SentAs) -> None:
    assert choose_way(ImageAt(url), has_uploads=False) is way


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/tmp/a.png", "ftp://example.com/a.png", ""])
def test_no_address_for_the_service(url: str) -> None:
    with pytest.raises(RejectedInput, match="no address"):
        ImageAt(url)


@pytest.mark.parametrize(
    ("data", "size"), [(png((640, 480)), (640, 480)), (b"no picture", None), (b"", None)]
)
def test_size_is_read_from_the_header(data: bytes, size: tuple[int, int] | None) -> None:
    assert ImageBytes(data, "image/png").size == size
