"""The official SDKs, pointed at the engine on a real port, get answers that they can parse.

With them unchanged: `dashscope` (MultiModalConversation, synchronous, asynchronous and streaming, and the Client of
version 2) and `openai` (whole and streaming).
"""

import base64
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import anyio
import dashscope
import openai
import pytest
from dashscope.api_entities.http_request import close_shared_sync_session
from PIL import Image, ImageDraw, ImageFont
from starlette.applications import Starlette

from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.understanding.tables import tables_html
from qwenocr_assets.engine.understanding.text import plain_text

Served = Callable[..., AbstractContextManager[str]]

pytestmark = pytest.mark.usefixtures("no_proxy")

MODEL = "qwen-vl-ocr-2025-11-20"
KEY = "sk-none-needed"
P0 = "Please output only the text content from the image without any additional descriptions or formatting."
P4 = "You're tasked with converting tables from a synthetic image into HTML. Begin."
P6 = "Extract and output the LaTeX representation of the formula from the image."
TICKET = "Return the data as JSON: {'Invoice No': 'xxx', 'Train Number': 'xxx'}"


@pytest.fixture(scope="module")
def base_url(app: Starlette, served: Served) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.fixture
def native(base_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """`MultiModalConversation.call`, at the engine."""
    monkeypatch.setattr(dashscope, "base_http_api_url", f"{base_url}/api/v1")

    def call(image: str, **arguments: Any) -> Any:
        return dashscope.MultiModalConversation.call(
            model=MODEL, messages=native_messages(image), api_key=KEY, **arguments
        )

    yield call
    close_shared_sync_session()


@pytest.fixture
def compatible(base_url: str) -> Iterator[Callable[..., Any]]:
    """`chat.completions.create` of the `openai` client, at the engine."""
    with openai.OpenAI(api_key=KEY, base_url=f"{base_url}/compatible-mode/v1", max_retries=0) as client:

        def create(image: str, prompt: str, **arguments: Any) -> Any:
            return client.chat.completions.create(
                model=MODEL, messages=compatible_messages(image, prompt), **arguments
            )

        yield create


def native_messages(image: str) -> list[dict[str, Any]]:
    content = {"image": image, "min_pixels": 3072, "max_pixels": 8388608, "enable_rotate": False}
    return [{"role": "user", "content": [content]}]


def compatible_messages(image: str, prompt: str) -> Any:
    picture = {"type": "image_url", "image_url": {"url": image}, "min_pixels": 3072, "max_pixels": 8388608}
    return [{"role": "user", "content": [picture, {"type": "text", "text": prompt}]}]


# --- dashscope


@pytest.mark.parametrize(
    ("task", "starts", "results"),
    [
        pytest.param("advanced_recognition", "```json\n[", ["words_info"], id="lines"),
        pytest.param("key_information_extraction", "```json\n{", ["kv_result", "kv_scores"], id="pairs"),
        pytest.param("table_parsing", "```html\n<table>", [], id="tables"),
        pytest.param("document_parsing", "```latex\n", [], id="document"),
        pytest.param("text_recognition", "Invoice\n", [], id="text"),
        pytest.param("multi_lan", "Invoice\n", [], id="other languages"),
    ],
)
def test_dashscope_task(task: str, starts: str, results: list[str], native: Any, image_url: str) -> None:
    response = native(image_url, ocr_options={"task": task})

    assert (response.status_code, response.code) == (200, "")
    assert response.request_id
    choice = response.output.choices[0]
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    item = choice.message.content[0]
    assert item["text"].startswith(starts)
    assert list(item.get("ocr_result", {})) == results
    assert (
        response.usage.input_tokens
        == response.usage.image_tokens + (response.usage["input_tokens_details"]["text_tokens"])
    )
    assert response.usage["total_tokens"] == response.usage.input_tokens + response.usage.output_tokens


def test_dashscope_result_schema(native: Any, image_url: str) -> None:
    options = {
        "task": "key_information_extraction",
        "task_config": {"result_schema": {"Invoice No": "digits", "Train": ""}},
    }
    item = native(image_url, ocr_options=options).output.choices[0].message.content[0]
    assert item["ocr_result"]["kv_result"] == {"Invoice No": "10283819", "Train": None}


@pytest.mark.parametrize("incremental", [True, False, None])
def test_dashscope_stream(incremental: bool | None, native: Any, image_url: str) -> None:
    options = {"task": "table_parsing"}
    whole = native(image_url, ocr_options=options)
    arguments = {} if incremental is None else {"incremental_output": incremental}

    events = list(native(image_url, ocr_options=options, stream=True, **arguments))

    assert len(events) > 2
    assert {event.status_code for event in events} == {200}
    texts = [part["text"] for event in events for part in event.output.choices[0].message.content]
    streamed = "".join(texts) if incremental else texts[-1]
    assert streamed == whole.output.choices[0].message.content[0]["text"]
    assert events[-1].output.choices[0].finish_reason == "stop"
    assert events[-1].usage.output_tokens == whole.usage.output_tokens


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_dashscope_refusal(stream: bool, native: Any, image_url: str) -> None:
    answer = native(image_url, ocr_options={"task": "formula_recognition"}, stream=stream)
    response = list(answer)[-1] if stream else answer

    assert (response.status_code, response.output) == (400, None)
    assert response.code == "InvalidParameter.UnsupportedTask"
    assert "cloud region" in response.message


def test_dashscope_address_is_refused(native: Any) -> None:
    response = native("https://example.com/page.png")
    assert response.status_code == 400
    assert response.message.startswith("Failed to download multimodal content")


def test_dashscope_asynchronous(base_url: str, image_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope, "base_http_api_url", f"{base_url}/api/v1")

    async def main() -> Any:
        from dashscope.api_entities.aio_session import close_shared_aio_session

        try:
            return await dashscope.AioMultiModalConversation.call(
                model=MODEL,
                messages=native_messages(image_url),
                api_key=KEY,
                ocr_options={"task": "key_information_extraction"},
            )
        finally:
            await close_shared_aio_session()

    response = anyio.run(main)

    pairs = response.output.choices[0].message.content[0]["ocr_result"]["kv_result"]
    assert pairs["Invoice No"] == "10283819"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_dashscope_client_of_version_2(
    stream: bool, base_url: str, image_url: str, read_page: ReadPage
) -> None:
    # This client knows neither `ocr_options` nor `enable_rotate`: it can only prompt.
    content = [{"image": image_url}, {"text": P4}]
    with dashscope.Client(api_key=KEY, base_url=f"{base_url}/api/v1") as client:
        create: Any = client.multimodal.chat.create
        answer = create(model=MODEL, messages=[{"role": "user", "content": content}], stream=stream)
        events: list[Any] = list(answer) if stream else [answer]

    parts = [choice.delta if stream else choice.message for event in events for choice in event.choices]
    assert "".join(part.content or "" for part in parts) == f"```html\n{tables_html(read_page)}\n```"
    assert events[-1].choices[0].finish_reason == "stop"


# --- openai


def test_openai_prompt(compatible: Any, image_url: str, read_page: ReadPage) -> None:
    completion = compatible(image_url, P4)

    assert completion.choices[0].message.content == f"```html\n{tables_html(read_page)}\n```"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == MODEL
    usage = completion.usage
    assert usage.prompt_tokens == usage.prompt_tokens_details.image_tokens + 85
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_openai_template(compatible: Any, image_url: str) -> None:
    text = compatible(image_url, TICKET).choices[0].message.content
    pairs = json.loads(text.removeprefix("```json").removesuffix("```"))
    assert pairs == {"Invoice No": "10283819", "Train Number": None}


def test_openai_extra_body_and_max_tokens(compatible: Any, image_url: str, read_page: ReadPage) -> None:
    completion = compatible(
        image_url,
        P0,
        max_tokens=6,
        temperature=0.01,
        seed=1,
        extra_body={"top_k": 1, "repetition_penalty": 1.0},
    )
    choice = completion.choices[0]
    assert choice.finish_reason == "length"
    assert completion.usage.completion_tokens == 6
    assert plain_text(read_page).startswith(choice.message.content)


def test_openai_stream(compatible: Any, image_url: str) -> None:
    whole = compatible(image_url, P4)

    chunks = list(compatible(image_url, P4, stream=True, stream_options={"include_usage": True}))

    last = chunks.pop()
    assert (last.choices, last.usage) == ([], whole.usage)
    deltas = [chunk.choices[0].delta.content for chunk in chunks]
    assert "".join(deltas) == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_openai_refusal(stream: bool, compatible: Any, image_url: str) -> None:
    with pytest.raises(openai.BadRequestError, match="cloud region") as caught:
        compatible(image_url, P6, stream=stream)
    assert (caught.value.code, caught.value.type) == (
        "invalid_parameter_error.unsupported_task",
        "invalid_request_error",
    )


def test_openai_unknown_path(base_url: str) -> None:
    with (
        openai.OpenAI(api_key=KEY, base_url=f"{base_url}/compatible-mode/v1", max_retries=0) as client,
        pytest.raises(openai.NotFoundError, match="No such path"),
    ):
        client.files.list()


# --- with real recognition


@pytest.fixture(scope="module")
def printed_page() -> str:
    """A printed page of three lines, as a data: URL."""
    page = Image.new("RGB", (900, 420), "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=40)
    for i, line in enumerate(("INVOICE", "Invoice No: 10283819", "Date: 2013-06-29")):
        draw.text((60, 60 + 100 * i), line, fill="black", font=font)
    file = io.BytesIO()
    page.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


@pytest.mark.slow
def test_the_sdks_get_what_the_page_says(
    printed_page: str, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(create_app()) as url:
        monkeypatch.setattr(dashscope, "base_http_api_url", f"{url}/api/v1")

        def native(task: str) -> dict[str, Any]:
            response: Any = dashscope.MultiModalConversation.call(
                model=MODEL, messages=native_messages(printed_page), api_key=KEY, ocr_options={"task": task}
            )
            assert response.status_code == 200, response.message
            item: dict[str, Any] = response.output.choices[0].message.content[0]
            return item

        words = native("advanced_recognition")["ocr_result"]["words_info"]
        assert [word["text"] for word in words] == ["INVOICE", "Invoice No: 10283819", "Date: 2013-06-29"]
        for i, word in enumerate(words):
            left, top, right, _, _, bottom, _, _ = word["location"]
            # The printed letters, and the margin that the detector leaves around them.
            assert left == pytest.approx(60, abs=15)
            assert right > 200
            assert top < 60 + 100 * i + 20 < bottom < 60 + 100 * i + 65
        pairs = native("key_information_extraction")["ocr_result"]["kv_result"]
        assert pairs["Invoice No"] == "10283819"
        assert native("text_recognition")["text"].split("\n") == [word["text"] for word in words]
        close_shared_sync_session()

        with openai.OpenAI(api_key=KEY, base_url=f"{url}/compatible-mode/v1") as client:
            completion = client.chat.completions.create(
                model=MODEL, messages=compatible_messages(printed_page, TICKET)
            )
        text = completion.choices[0].message.content
        assert text is not None
        assert json.loads(text.removeprefix("```json").removesuffix("```"))["Invoice No"] == "10283819"


def test_openai_sends_a_whole_pdf_in_the_responses_dialect(base_url: str) -> None:
    written = io.BytesIO()
    Image.new("L", (400, 300), 255).save(
        written, "PDF", save_all=True, append_images=[Image.new("L", (500, 300), 0)]
    )
    address = "data:application/pdf;base64," + base64.b64encode(written.getvalue()).decode()
    with openai.OpenAI(api_key=KEY, base_url=f"{base_url}/compatible-mode/v1", max_retries=0) as client:
        answer: Any = client.responses.create(
            model="qwen3.5-ocr",
            input=[{"role": "user", "content": [{"type": "input_file", "file_url": address}]}],
            extra_body={"ocr_options": {"task": "document_parsing"}},
        )
    (content,) = answer.output[0].content
    assert answer.output_text == content.text
    assert {part["pageNum"] for part in content.ocr_result["layouts"]} == {0, 1}
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
