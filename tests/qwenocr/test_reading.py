"""A page in three lines: what may be given as region, key and page, and what is refused."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from PIL import Image as PillowImage
from pydantic import SecretStr, ValidationError

from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.errors import ConfigurationError, MissingApiKey, QwenocrError, RejectedInput
from qwenocr_assets.qwenocr import Client, ClientOptions, Region, Reply, Task, load_catalogue
from qwenocr_assets.qwenocr.images import ImageBytes, image_of
from qwenocr_assets.qwenocr.wire.transport import transport_to
from tests.qwenocr.servers import BROKEN, FINE, Says, Server

KEY = "sk-0123456789"


def picture(kind: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    PillowImage.new("RGB", (20, 30), "white").save(written, kind, **options)
    return written.getvalue()


def read(server: Any, page: Any, **client: Any) -> Reply:
    async def run() -> Reply:
        async with Client("singapore", transport=httpx.ASGITransport(server), **client) as opened:
            return await opened.read(page, Task.TEXT_RECOGNITION)

    return run_in_virtual_time(run())


@pytest.mark.parametrize("given", ["path", "text", "bytes", "image"])
def test_a_page_is_read(tmp_path: Path, given: str) -> None:
    path = tmp_path / "ページ.jpg"  # its name says JPEG, its content decides
    path.write_bytes(picture())
    page = {
        "path": path,
        "text": str(path),
        "bytes": picture(),
        "image": ImageBytes(picture(), "image/png"),
    }
    server = Server(FINE)
    reply = read(server, page[given])
    assert reply.answer is not None
    assert reply.answer.text == "hello"
    assert b"data:image/png;base64," in server.requests[0][3]


def test_an_address_is_left_to_the_service() -> None:
    server = Server(FINE)
    assert read(server, "https://example.org/page.jpg").answer is not None
    assert b'"https://example.org/page.jpg"' in server.requests[0][3]


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("MPO", save_all=True, append_images=[PillowImage.new("RGB", (20, 30))]), "image/jpeg"),
        (picture("TIFF"), "image/tiff"),
        (picture("WEBP"), "image/webp"),
        (picture("BMP"), "image/bmp"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "image/heic"),
    ],
    ids=["PNG", "JPEG", "phone's JPEG of two pictures", "TIFF", "WebP", "BMP", "HEIC"],
)
def test_the_content_says_what_an_image_is(data: bytes, media_type: str) -> None:
    image = image_of(data)
    assert isinstance(image, ImageBytes)
    assert image.media_type == media_type


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (b"%PDF-1.7", "Pages of a PDF have to be drawn"),
        (b"", "no image"),
        (picture("GIF"), "Convert it"),
        (b"\x00\x00\x00\x18ftypisom", "no image"),
        ("ftp://example.org/page.jpg", "no address the service can fetch"),
        ("data:image/png;base64,AAAA", "the image's bytes"),
    ],
)
def test_what_is_no_image_is_refused(page: Any, says: str) -> None:
    server = Server(FINE)
    with pytest.raises(RejectedInput, match=says):
        read(server, page)
    assert server.calls == 0


def test_a_file_is_named_when_it_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.jpg"):
        read(Server(FINE), tmp_path / "none.jpg")
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(RejectedInput, match=r"notes\.txt is no image"):
        read(Server(FINE), tmp_path / "notes.txt")


@pytest.mark.parametrize(
    ("key", "environment", "sent"),
    [
        (KEY, {}, KEY),
        (f" {KEY}\n", {"DASHSCOPE_API_KEY": "sk-other"}, KEY),
        (SecretStr(KEY), {}, KEY),
        (None, {"DASHSCOPE_API_KEY": KEY}, KEY),
        (None, {"DASHSCOPE_API_KEY": "sk-other", "DASHSCOPE_API_KEY_SINGAPORE": KEY}, KEY),
        (None, {"DASHSCOPE_API_KEY_BEIJING": "sk-other"}, None),
        (None, {}, None),
    ],
)
def test_the_key(
    monkeypatch: pytest.MonkeyPatch, key: Any, environment: dict[str, str], sent: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if sent is None:
        with pytest.raises(MissingApiKey, match="Set DASHSCOPE_API_KEY_SINGAPORE"):
            Client("singapore", key=key)
        return
    client = Client("singapore", key=key)
    assert client._key == SecretStr(sent)
    assert sent not in f"{client!r} {vars(client)}"


def test_a_key_that_no_header_can_carry_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="The given key holds characters") as caught:
        Client("singapore", key=f"{KEY}…")
    assert KEY not in str(caught.value)


def test_a_key_given_as_text_is_in_the_header() -> None:
    server = Server(FINE)
    read(server, picture(), key=KEY)
    assert server.requests[0][2]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("region", "model", "error"),
    [
        ("mars", None, ConfigurationError),
        ("singapore", "gpt", ConfigurationError),
        ("local", None, None),
        (load_catalogue().region("beijing"), load_catalogue().model("beijing"), None),
    ],
)
def test_a_region_and_a_model(region: str | Region, model: Any, error: type[QwenocrError] | None) -> None:
    if error is not None:
        with pytest.raises(error):
            Client(region, model, KEY)
        return
    client = Client(region, model, KEY)
    assert client.region.name in repr(client)
    assert client.model.region == client.region.name


@pytest.mark.parametrize("wrong", [{"max_attempts": 0}, {"stream": "sometimes"}, {"retries": 3}])
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ClientOptions(**wrong)


def test_a_client_that_is_not_open_says_so() -> None:
    client = Client("singapore", key=KEY)
    with pytest.raises(RuntimeError, match="inside `async with"):
        asyncio.run(client.read(picture(), Task.TEXT_RECOGNITION))


def test_an_app_whose_packages_are_missing() -> None:
    with pytest.raises(ConfigurationError, match=r"not installed.*'\.\[engine\]'"):
        transport_to("qwenocr_assets.no_such_engine:create_app")


IMF, RFC_850, ASCTIME = "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"


class In(NamedTuple):
    """The time so many seconds after the request, as a header writes it."""

    seconds: float
    form: str = IMF

    def written(self, now: datetime) -> str:
        return (now + timedelta(seconds=self.seconds)).strftime(self.form)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": In(120), "date": In(0)}, 120, 120),
        ({"retry-after": In(3600 + 120), "date": In(3600)}, 120, 120),
        ({"retry-after": In(120)}, 60, 121),
        ({"retry-after": In(120, RFC_850)}, 60, 121),
        ({"retry-after": In(120, ASCTIME)}, 60, 121),
        ({"retry-after": In(-120)}, 0, 1),
        ({"retry-after": In(10**8)}, 900, 900),
        ({"retry-after": "9" * 400}, 900, 900),
        ({"retry-after": "soon"}, 0, 1),
        ({"retry-after": "-5"}, 0, 1),
        ({"retry-after": "Mon, 99 Foo 2026 00:00:00 GMT"}, 0, 1),
    ],
    ids=[
        "seconds",
        "a date",
        "a date of a server whose clock is an hour ahead",
        "a date, and no date of the answer",
        "an old form of a date",
        "an older form of a date",
        "a date that is past",
        "a date years ahead",
        "seconds beyond all bounds",
        "neither",
        "a negative number",
        "no date there is",
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str | In], least: float, most: float) -> None:
    now = datetime.now(UTC)
    said = {name: value if isinstance(value, str) else value.written(now) for name, value in headers.items()}
    reply = read(Server(Says(BROKEN.status, BROKEN.body, said), FINE), picture())
    assert reply.answer is not None
    assert least * 1000 <= reply.waited_ms <= most * 1000 + 100
