"""The engine's two dialects: what is answered, what is refused, and in which words."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.understanding.document import document_latex
from qwenocr_assets.engine.understanding.tables import tables_html
from qwenocr_assets.engine.understanding.text import plain_text
from qwenocr_assets.qwenocr import tokens as counted
from tests.engine.conftest import FixedReader
from tests.waiting import LIMIT_SECONDS

NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
COMPATIBLE = "/compatible-mode/v1/chat/completions"
MODEL = "qwen-vl-ocr-2025-11-20"
SCHEMA = {"Invoice No": "digits", "Train": ""}

P0 = "Please output only the text content from the image without any additional descriptions or formatting."
P1 = "Locate all text lines and return the coordinates of the rotated rectangle ([cx, cy, width, height, angle])."
P2 = "Fill the value part of this schema with information from the image. The schema is as follows: "
P3 = "Please extract all key-value pairs from the image, with the result in JSON dictionary format."
P4 = "You're tasked with converting tables from a synthetic image into HTML. Begin."
P5 = "Transcribe the text, tables, and equations in the provided image into LaTeX format. Begin."


def item(response: httpx.Response) -> dict[str, Any]:
    """The content item of a native answer."""
    assert response.status_code == 200, response.text
    content: list[dict[str, Any]] = response.json()["output"]["choices"][0]["message"]["content"]
    assert len(content) == 1
    return content[0]


def content_of(response: httpx.Response) -> str:
    """The text of an OpenAI-compatible answer."""
    assert response.status_code == 200, response.text
    text: str = response.json()["choices"][0]["message"]["content"]
    return text


def fenced(text: str, language: str) -> str:
    assert text.startswith(f"```{language}\n")
    assert text.endswith("\n```")
    return text.removeprefix(f"```{language}\n").removesuffix("\n```")


# --- tasks


@pytest.mark.parametrize("task", ["text_recognition", "multi_lan", None])
def test_text_is_plain(
    task: str | None, post: Any, image_url: str, read_page: ReadPage, native_body: Any
) -> None:
    answer = item(post(NATIVE, json=native_body(image_url, task)))
    assert answer == {"text": plain_text(read_page)}
    assert "Invoice No: 10283819" in answer["text"]


def test_table_is_fenced_html(post: Any, image_url: str, read_page: ReadPage, native_body: Any) -> None:
    answer = item(post(NATIVE, json=native_body(image_url, "table_parsing")))
    assert fenced(answer["text"], "html") == tables_html(read_page)
    assert "<td>3.20</td>" in answer["text"]


def test_document_is_fenced_latex(post: Any, image_url: str, read_page: ReadPage, native_body: Any) -> None:
    answer = item(post(NATIVE, json=native_body(image_url, "document_parsing")))
    assert fenced(answer["text"], "latex") == document_latex(read_page)
    assert "\\begin{document}" in answer["text"]


def test_lines_have_positions_in_pixels_and_in_thousandths(
    post: Any, image_url: str, read_page: ReadPage, native_body: Any
) -> None:
    answer = item(post(NATIVE, json=native_body(image_url, "advanced_recognition")))

    words = answer["ocr_result"]["words_info"]
    assert [word["text"] for word in words] == [line.text for line in read_page.lines]
    assert words[0] == {
        "text": "Invoice",
        "location": [40, 30, 240, 30, 240, 70, 40, 70],
        "rotate_rect": [140, 50, 40, 200, 90],
    }
    entries = json.loads(fenced(answer["text"], "json"))
    assert [entry["text"] for entry in entries] == [line.text for line in read_page.lines]
    assert entries[0] == {"rotate_rect": [219, 104, 83, 312, 90], "text": "Invoice"}


@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["all pairs", "schema"])
def test_pairs_are_given_twice(
    schema: dict[str, str] | None, post: Any, image_url: str, native_body: Any
) -> None:
    options = {"task_config": {"result_schema": schema}} if schema else {}
    answer = item(
        post(NATIVE, json=native_body(image_url, "key_information_extraction", ocr_options=options))
    )

    pairs = answer["ocr_result"]["kv_result"]
    assert json.loads(fenced(answer["text"], "json")) == pairs
    assert pairs["Invoice No"] == "10283819"
    if schema:
        assert set(pairs) == set(schema)
        assert pairs["Train"] is None


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        pytest.param(P0, "text_recognition", id="text"),
        pytest.param(P1, "advanced_recognition", id="lines"),
        pytest.param(P3, "key_information_extraction", id="pairs"),
        pytest.param(P4, "table_parsing", id="tables"),
        pytest.param(P5, "document_parsing", id="document"),
        pytest.param("What is this?", "text_recognition", id="any other"),
    ],
)
def test_a_prompt_is_answered_as_its_task(
    prompt: str, task: str, post: Any, image_url: str, compatible_body: Any, native_body: Any
) -> None:
    by_prompt = content_of(post(COMPATIBLE, json=compatible_body(image_url, prompt)))
    by_task = item(post(NATIVE, json=native_body(image_url, task)))["text"]
    assert by_prompt == by_task


@pytest.mark.parametrize(
    "template",
    [json.dumps(SCHEMA), repr(SCHEMA) + "。", "\n" + json.dumps(SCHEMA, indent=12)],
    ids=["JSON", "single-quoted", "laid out"],
)
def test_a_template_in_a_prompt_is_filled(
    template: str, post: Any, image_url: str, compatible_body: Any
) -> None:
    for prompt in (P2 + template, "Return as JSON: " + template):
        text = content_of(post(COMPATIBLE, json=compatible_body(image_url, prompt)))
        pairs = json.loads(fenced(text, "json"))
        assert pairs["Invoice No"] == "10283819"
        assert set(pairs) == set(SCHEMA)


def test_the_task_wins_over_a_prompt(
    post: Any, image_url: str, read_page: ReadPage, native_body: Any
) -> None:
    body = native_body(image_url, "text_recognition")
    body["input"]["messages"][0]["content"].append({"text": P4})
    assert item(post(NATIVE, json=body))["text"] == plain_text(read_page)


@pytest.mark.parametrize("part", [{"text": P4}, {"type": "text", "text": P4}], ids=["bare", "typed"])
def test_both_kinds_of_native_text_part(
    part: dict[str, str], post: Any, image_url: str, native_body: Any
) -> None:
    body = native_body(image_url)
    body["input"]["messages"][0]["content"].append(part)
    assert item(post(NATIVE, json=body))["text"].startswith("```html")


def test_only_the_last_turn_is_answered(post: Any, image_url: str, compatible_body: Any) -> None:
    body = compatible_body(image_url, P4)
    earlier = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": P5}]
    body["messages"] = earlier + body["messages"]
    assert content_of(post(COMPATIBLE, json=body)).startswith("```html")


# --- usage and limits


@pytest.mark.parametrize(
    ("task", "text_tokens"),
    [
        ("advanced_recognition", 33),
        ("text_recognition", 35),
        ("multi_lan", 35),
        ("document_parsing", 66),
        ("table_parsing", 85),
    ],
)
def test_usage_has_every_detail(
    task: str, text_tokens: int, post: Any, image_url: str, native_body: Any
) -> None:
    response = post(NATIVE, json=native_body(image_url, task))

    # 640 × 480 is already whole patches of 32 × 32: 20 · 15, and 2 marks.
    output_tokens = counted.text_tokens(item(response)["text"])
    assert response.json()["usage"] == {
        "image_tokens": 302,
        "input_tokens": 302 + text_tokens,
        "input_tokens_details": {"image_tokens": 302, "text_tokens": text_tokens},
        "output_tokens": output_tokens,
        "output_tokens_details": {"text_tokens": output_tokens},
        "total_tokens": 302 + text_tokens + output_tokens,
    }


def test_usage_in_the_other_dialect(
    post: Any, image_url: str, compatible_body: Any, native_body: Any
) -> None:
    native = post(NATIVE, json=native_body(image_url, "table_parsing")).json()["usage"]
    body = post(COMPATIBLE, json=compatible_body(image_url, P4)).json()

    assert body["usage"] == {
        "prompt_tokens": native["input_tokens"],
        "prompt_tokens_details": native["input_tokens_details"],
        "completion_tokens": native["output_tokens"],
        "completion_tokens_details": native["output_tokens_details"],
        "total_tokens": native["total_tokens"],
    }
    assert body["object"] == "chat.completion"
    assert body["model"] == MODEL
    assert body["choices"][0]["finish_reason"] == "stop"


def test_pixel_limits_are_counted(post: Any, image_url: str, native_body: Any) -> None:
    body = native_body(image_url, "text_recognition")
    body["input"]["messages"][0]["content"][0] |= {"min_pixels": 3072, "max_pixels": 32768}
    # The guide's own rule gives 192 × 128.
    assert post(NATIVE, json=body).json()["usage"]["image_tokens"] == 26


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("invoice", 2, id="seven letters"),
        pytest.param("発票", 2, id="two characters"),
        pytest.param("2024", 4, id="four digits"),
        pytest.param("￥ab", 2, id="mixed, rounded up"),
    ],
)
def test_estimate_of_text_tokens(text: str, tokens: int) -> None:
    assert counted.text_tokens(text) == tokens


@given(text=st.text(alphabet="ab 12中文한é", max_size=60), max_tokens=st.integers(1, 40))
def test_a_cut_is_the_longest_beginning_within_the_limit(text: str, max_tokens: int) -> None:
    cut = counted.cut_to_tokens(text, max_tokens)

    assert text.startswith(cut)
    assert counted.text_tokens(cut) <= max_tokens
    assert cut == text or counted.text_tokens(text[: len(cut) + 1]) > max_tokens


def test_max_tokens_cuts_the_text_and_says_so(
    post: Any, image_url: str, read_page: ReadPage, native_body: Any
) -> None:
    response = post(NATIVE, json=native_body(image_url, "text_recognition", max_tokens=5))

    text = item(response)["text"]
    assert text == counted.cut_to_tokens(plain_text(read_page), 5)
    assert response.json()["output"]["choices"][0]["finish_reason"] == "length"
    assert response.json()["usage"]["output_tokens"] == 5


@pytest.mark.parametrize(
    ("model", "finish_reason"),
    [("embedded-ocr", "stop"), (MODEL, "length")],
    ids=["its own name", "a model of the service"],
)
def test_a_dense_page_is_cut_only_under_the_name_of_a_model_that_cuts(
    model: str, finish_reason: str, send: Any, image_url: str, native_body: Any, read_page: ReadPage
) -> None:
    dense = replace(read_page, lines=read_page.lines * 60)
    body = native_body(image_url, "advanced_recognition") | {"model": model}
    response = send(create_app(FixedReader(dense)), NATIVE, json=body)

    assert response.json()["output"]["choices"][0]["finish_reason"] == finish_reason
    words = item(response)["ocr_result"]["words_info"]
    assert (len(words) == len(dense.lines)) == (finish_reason == "stop")


def test_a_cut_answer_keeps_only_whole_lines(post: Any, image_url: str, native_body: Any) -> None:
    answer = item(post(NATIVE, json=native_body(image_url, "advanced_recognition", max_tokens=60)))

    kept = [word["text"] for word in answer["ocr_result"]["words_info"]]
    assert 0 < len(kept) < 8
    assert all(f'"text": "{text}"}},\n' in answer["text"] for text in kept)


def test_a_cut_answer_has_no_half_json(post: Any, image_url: str, native_body: Any) -> None:
    answer = item(post(NATIVE, json=native_body(image_url, "key_information_extraction", max_tokens=9)))
    assert "ocr_result" not in answer


# --- streams


def native_events(response: httpx.Response) -> list[dict[str, Any]]:
    """The events of a native stream: fields, comments under ''."""
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream;charset=UTF-8"
    frames = [frame for frame in response.text.split("\n\n") if frame]
    return [dict(line.split(":", 1) for line in frame.split("\n")) for frame in frames]


@pytest.mark.parametrize("incremental", [True, False, None])
def test_native_stream(incremental: bool | None, post: Any, image_url: str, native_body: Any) -> None:
    parameters = {} if incremental is None else {"incremental_output": incremental}
    body = native_body(image_url, "advanced_recognition", **parameters)
    whole = post(NATIVE, json=body).json()

    events = native_events(post(NATIVE, json=body, headers={"X-DashScope-SSE": "enable"}))

    assert len(events) > 3
    assert [event["id"] for event in events] == [str(i + 1) for i in range(len(events))]
    assert {event["event"] for event in events} == {"result"}
    assert {event[""] for event in events} == {"HTTP_STATUS/200"}
    data = [json.loads(event["data"]) for event in events]
    assert len({datum["request_id"] for datum in data}) == 1
    choices = [datum["output"]["choices"][0] for datum in data]
    assert [choice["finish_reason"] for choice in choices] == ["null"] * (len(data) - 1) + ["stop"]
    assert data[-1]["usage"] == whole["usage"]
    texts = [part["text"] for choice in choices for part in choice["message"]["content"]]
    expected = whole["output"]["choices"][0]["message"]["content"][0]["text"]
    if incremental:
        assert choices[-1]["message"]["content"] == []
        assert "".join(texts) == expected
    else:
        assert texts[-1] == expected
        assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


def test_native_stream_of_a_refusal_is_an_event(post: Any, image_url: str, native_body: Any) -> None:
    body = native_body(image_url, "formula_recognition")
    [event] = native_events(post(NATIVE, json=body, headers={"X-DashScope-SSE": "enable"}))

    assert (event["event"], event[""]) == ("error", "HTTP_STATUS/400")
    assert json.loads(event["data"])["code"] == "InvalidParameter.UnsupportedTask"


@pytest.mark.parametrize("include_usage", [True, False])
def test_compatible_stream(include_usage: bool, post: Any, image_url: str, compatible_body: Any) -> None:
    body = compatible_body(image_url, P1)
    whole = post(COMPATIBLE, json=body).json()

    response = post(
        COMPATIBLE, json=body | {"stream": True, "stream_options": {"include_usage": include_usage}}
    )

    frames = [frame.removeprefix("data: ") for frame in response.text.split("\n\n") if frame]
    assert frames.pop() == "[DONE]"
    chunks = [json.loads(frame) for frame in frames]
    if include_usage:
        last = chunks.pop()
        assert last["choices"] == []
        assert last["usage"] == whole["usage"]
    assert {chunk["usage"] for chunk in chunks} == {None}
    choices = [chunk["choices"][0] for chunk in chunks]
    assert "".join(choice["delta"]["content"] for choice in choices) == content_of_body(whole)
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]


def content_of_body(body: dict[str, Any]) -> str:
    text: str = body["choices"][0]["message"]["content"]
    return text


# --- the app


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        pytest.param("POST", "/api/v1/nothing", 404, "NotFound", id="native path"),
        pytest.param("POST", "/", 404, "NotFound", id="root"),
        pytest.param("GET", NATIVE, 405, "InvalidParameter", id="native method"),
        pytest.param("POST", "/compatible-mode/v1/files", 404, "not_found", id="compatible path"),
        pytest.param("GET", COMPATIBLE, 405, "invalid_parameter_error", id="compatible method"),
    ],
)
def test_unknown_routes(method: str, path: str, status: int, code: str, app: Starlette, send: Any) -> None:
    response = send(app, path, method=method)

    body = response.json()
    assert response.status_code == status
    assert (body["error"] if path.startswith("/compatible") else body)["code"] == code
    assert body["request_id"]


def test_health(app: Starlette, send: Any) -> None:
    response = send(app, "/health", method="GET")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["engine"].startswith("qwenocr-assets ")
    assert "rapidocr" in response.json()["models"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer anything"}], ids=["no key", "any key"])
def test_no_key_is_needed(headers: dict[str, str], post: Any, image_url: str, native_body: Any) -> None:
    assert post(NATIVE, json=native_body(image_url), headers=headers).status_code == 200


def test_recognition_never_blocks_the_loop(read_page: ReadPage, image_url: str, native_body: Any) -> None:
    """While pages are being read, the engine still answers."""
    requests = 2 * (os.cpu_count() or 1)
    release = threading.Event()
    running = threading.Semaphore(0)

    class WaitingReader(FixedReader):
        def read(self, image: bytes) -> ReadPage:
            running.release()
            assert release.wait(LIMIT_SECONDS)
            return read_page

    async def main() -> list[int]:
        statuses: list[int] = []
        transport = httpx.ASGITransport(create_app(WaitingReader(read_page)))
        async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:

            async def read() -> None:
                response = await client.post(NATIVE, json=native_body(image_url, "text_recognition"))
                statuses.append(response.status_code)

            async with anyio.create_task_group() as group:
                for _ in range(requests):
                    group.start_soon(read)
                for _ in range(requests):
                    assert await anyio.to_thread.run_sync(partial(running.acquire, timeout=LIMIT_SECONDS))
                with anyio.fail_after(LIMIT_SECONDS):
                    assert (await client.get("/health")).status_code == 200
                assert statuses == []
                release.set()
        return statuses

    assert anyio.run(main) == [200] * requests


def test_one_app_serves_several_event_loops(post: Any, image_url: str, native_body: Any) -> None:
    # Each `post` runs a loop of its own, as each step of a pipeline does.
    assert [post(NATIVE, json=native_body(image_url)).status_code for _ in range(3)] == [200] * 3


def test_importing_the_app_loads_no_models() -> None:
    script = (
        "import sys, qwenocr_assets.engine.app\n"
        "print([name for name in ('cv2', 'rapidocr', 'onnxruntime', 'openvino', 'tesserocr') if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
