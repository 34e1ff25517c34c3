"""What the engine refuses, in the service's words, in both dialects."""

import json
from typing import Any

import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.errors import MissingWeights, UnreadableImage, UnsupportedScript
from qwenocr_assets.engine.page.read_page import ReadPage

NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
COMPATIBLE = "/compatible-mode/v1/chat/completions"
MODEL = "qwen-vl-ocr-2025-11-20"

P0 = "Please output only the text content from the image without any additional descriptions or formatting."
P6 = "Extract and output the LaTeX representation of the formula from the image."


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("https://example.com/a.png", "Failed to download multimodal content", id="https"),
        pytest.param("file:///etc/hostname", "Failed to download multimodal content", id="file"),
        pytest.param("oss://bucket/a.png", "Failed to download multimodal content", id="oss"),
        pytest.param("page.png", "does not appear to be valid", id="no scheme"),
        pytest.param("data:image/png,abc", "does not appear to be valid", id="not base64"),
        pytest.param("data:image/png;base64,@@@@", "does not appear to be valid", id="broken base64"),
        pytest.param("data:image/png;base64,SGVsbG8=", "illegal and cannot be opened", id="no image"),
        pytest.param("data:image/png;base64,", "illegal and cannot be opened", id="empty"),
        pytest.param(
            "data:image/png;base64," + "A" * 10_485_760,
            "Exceeded limit on max bytes per data-uri item : 10485760",
            id="over 10 MB",
        ),
        pytest.param(17, "does not appear to be valid", id="not a string"),
        pytest.param(None, "does not appear to be valid", id="null"),
    ],
)
def test_wrong_image_urls_are_refused_in_both_dialects(
    url: Any, message: str, post: Any, compatible_body: Any, native_body: Any
) -> None:
    native = post(NATIVE, json=native_body(url, "text_recognition"))
    assert (native.status_code, native.json()["code"]) == (400, "InvalidParameter")
    assert message in native.json()["message"]

    compatible = post(COMPATIBLE, json=compatible_body(url, P0))
    fault = compatible.json()["error"]
    assert (compatible.status_code, fault["code"]) == (400, "invalid_parameter_error")
    assert (fault["type"], fault["param"]) == ("invalid_request_error", None)
    assert fault["message"] == native.json()["message"]


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [
        pytest.param(10, 200, "[height:200 or width:10 must be larger than 10]", id="10 pixels wide"),
        pytest.param(11, 200, None, id="11 pixels wide"),
        pytest.param(2200, 11, None, id="aspect 200:1"),
        pytest.param(2201, 11, "aspect ratio must be smaller than 200", id="aspect over 200:1"),
        pytest.param(11, 2201, "aspect ratio must be smaller than 200", id="aspect under 1:200"),
    ],
)
def test_image_limits(
    width: int, height: int, message: str | None, post: Any, blank_image: Any, native_body: Any
) -> None:
    response = post(NATIVE, json=native_body(blank_image(width, height), "text_recognition"))

    assert response.status_code == (400 if message else 200)
    if message:
        assert message in response.json()["message"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "HEIF"])
def test_formats_of_the_guide(kind: str, post: Any, blank_image: Any, native_body: Any) -> None:
    pillow_heif.register_heif_opener()  # to write one: the program itself only reads them
    response = post(NATIVE, json=native_body(blank_image(64, 64, kind), "text_recognition"))
    assert response.status_code == 200


def _change(path: str, value: Any) -> Any:
    """A native body with the value at `path` (keys and indexes, joined by dots) replaced."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        target: Any = body
        for key in parents:
            target = target[key]
        target[last] = value
        return body

    return change


CONTENT = "input.messages.0.content"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(_change("model", ""), "Field required: model", id="no model"),
        pytest.param(_change("input", None), "too short", id="no input"),
        pytest.param(_change("input", []), "valid dictionary: input", id="input is a list"),
        pytest.param(_change("input.messages", []), "too short", id="no messages"),
        pytest.param(_change("input.messages", ["hi"]), "valid dictionary: messages", id="message is text"),
        pytest.param(_change("input.messages.0.role", "assistant"), "role of user", id="no user"),
        pytest.param(_change(CONTENT, 5), "certain modal", id="content is a number"),
        pytest.param(_change(CONTENT, ["x"]), "certain modal", id="content part is text"),
        pytest.param(_change(CONTENT, [{"video": "x"}]), "certain modal", id="a video"),
        pytest.param(_change(CONTENT, [{"text": "hi"}]), "do not contain an image", id="no image"),
        pytest.param(_change(CONTENT, "hi"), "do not contain an image", id="content is text"),
        pytest.param(_change(CONTENT + ".0.min_pixels", "9"), "integer: min_pixels", id="min_pixels text"),
        pytest.param(_change(CONTENT + ".0.max_pixels", True), "integer: max_pixels", id="max_pixels bool"),
        pytest.param(_change(CONTENT + ".0.max_pixels", 3000), "should not be above", id="max below min"),
        pytest.param(_change("parameters", []), "valid dictionary: parameters", id="parameters is a list"),
        pytest.param(_change("parameters.max_tokens", 0), "positive integer", id="max_tokens 0"),
        pytest.param(
            _change("parameters.max_tokens", 8193), "Range of max_tokens should be [1, 8192]", id="max_tokens"
        ),
        pytest.param(_change("parameters.incremental_output", 1), "valid boolean", id="flag is a number"),
        pytest.param(_change("parameters.ocr_options", "x"), "dictionary: ocr_options", id="options text"),
        pytest.param(_change("parameters.ocr_options.task", "ocr"), "'ocr' is not supported", id="task"),
    ],
)
def test_wrong_requests_are_refused(
    change: Any, message: str, post: Any, image_url: str, native_body: Any
) -> None:
    response = post(NATIVE, json=change(native_body(image_url, "text_recognition")))

    body = response.json()
    assert (response.status_code, body["code"]) == (400, "InvalidParameter")
    assert message in body["message"]
    assert body["request_id"] == response.headers["x-request-id"]


def test_one_page_a_request(post: Any, image_url: str, native_body: Any) -> None:
    body = native_body(image_url)
    body["input"]["messages"][0]["content"] *= 2
    assert "one image" in post(NATIVE, json=body).json()["message"]


def test_too_many_image_tokens(post: Any, blank_image: Any, native_body: Any) -> None:
    body = native_body(blank_image(6400, 4992), "text_recognition")
    assert post(NATIVE, json=body).status_code == 200

    body["input"]["messages"][0]["content"][0]["max_pixels"] = 40_000_000
    response = post(NATIVE, json=body)
    assert response.status_code == 400
    assert response.json()["message"] == "Range of input length should be [1, 30000]"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"\xff"], ids=repr)
def test_broken_json(raw: bytes, post: Any) -> None:
    native = post(NATIVE, content=raw)
    assert (native.status_code, native.json()["code"]) == (400, "InvalidParameter")
    assert "Required body invalid" in native.json()["message"]

    compatible = post(COMPATIBLE, content=raw)
    assert (compatible.status_code, compatible.json()["error"]["code"]) == (400, "invalid_parameter_error")


def test_formulas_are_refused_honestly(
    post: Any, image_url: str, compatible_body: Any, native_body: Any
) -> None:
    response = post(NATIVE, json=native_body(image_url, "formula_recognition"))
    assert (response.status_code, response.json()["code"]) == (400, "InvalidParameter.UnsupportedTask")
    message = response.json()["message"]
    assert message.startswith("The embedded engine does not support the task formula_recognition")
    assert "cloud region" in message

    response = post(COMPATIBLE, json=compatible_body(image_url, P6))
    fault = response.json()["error"]
    assert (response.status_code, fault["message"]) == (400, message)
    assert fault["code"] == "invalid_parameter_error.unsupported_task"


class FailingReader:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, image: bytes) -> ReadPage:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code", "compatible_code", "message"),
    [
        pytest.param(
            UnsupportedScript("The page seems to be in Thai."),
            400,
            "InvalidParameter.UnsupportedScript",
            "invalid_parameter_error.unsupported_script",
            "The page seems to be in Thai.",
            id="script",
        ),
        pytest.param(
            UnreadableImage("The image is cut short."),
            400,
            "InvalidParameter",
            "invalid_parameter_error",
            "<400> InternalError.Algo.InvalidParameter: The image is cut short.",
            id="image",
        ),
        pytest.param(
            MissingWeights("Install the extra."),
            404,
            "ModelNotFound",
            "model_not_found",
            "Install the extra.",
            id="weights",
        ),
        pytest.param(
            ZeroDivisionError("secret path"),
            500,
            "InternalError",
            "internal_error",
            "The embedded engine failed: ZeroDivisionError.",
            id="a defect",
        ),
    ],
)
def test_what_the_reader_cannot_do(
    error: Exception,
    status: int,
    code: str,
    compatible_code: str,
    message: str,
    send: Any,
    image_url: str,
    compatible_body: Any,
    native_body: Any,
) -> None:
    app = create_app(FailingReader(error))

    native = send(app, NATIVE, json=native_body(image_url, "text_recognition"))
    assert (native.status_code, native.json()["code"]) == (status, code)
    assert native.json()["message"] == message

    compatible = send(app, COMPATIBLE, json=compatible_body(image_url, P0))
    fault = compatible.json()["error"]
    assert (compatible.status_code, fault["code"], fault["message"]) == (status, compatible_code, message)


_KEYS = [
    "model",
    "input",
    "messages",
    "role",
    "content",
    "image",
    "image_url",
    "url",
    "text",
    "parameters",
    "ocr_options",
    "task",
    "task_config",
    "result_schema",
    "max_tokens",
    "stream",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_KEYS) | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(noise=_JSON, where=st.sampled_from(["", "input", CONTENT, CONTENT + ".0", "parameters"]))
def test_no_json_at_all_breaks_the_engine(
    noise: Any, where: str, post: Any, image_url: str, native_body: Any
) -> None:
    body = native_body(image_url, "key_information_extraction")
    native = _change(where, noise)(body) if where else noise
    compatible = {"model": MODEL, "messages": noise} if where else noise

    for path, sent in ((NATIVE, native), (COMPATIBLE, compatible)):
        response = post(path, content=json.dumps(sent))
        assert response.status_code in (200, 400), response.text
