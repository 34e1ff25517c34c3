"""The emulator is tested around the embedded engine, with the engine's page and ways to post to it."""

from tests.engine.conftest import (  # noqa: F401  fixtures
    app,
    blank_image,
    compatible_body,
    image_url,
    native_body,
    post,
    read_page,
    send,
)
