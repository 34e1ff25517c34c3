"""A service that answers at once, always the same: a plain ASGI app in both dialects, for measuring who calls it.

It looks at nothing of a request but its path, its model and whether it wants a stream. The emulator goes around it
where latency, limits or faults are wanted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

NATIVE_PATH = "/api/v1/services/aigc/multimodal-generation/generation"
COMPATIBLE_PATH = "/compatible-mode/v1/chat/completions"
_JSON = "application/json"
_EVENTS = "text/event-stream;charset=UTF-8"
_REQUEST_ID = "0ca77ed0-0000-4000-8000-000000000000"


@dataclass
class CannedAnswers:
    """The app. `tokens_of` may give another (image, text, output) usage for each call, by its number from 1."""

    text: str = "Invoice No: 10283819\nTotal: 12.50"
    image_tokens: int = 2_540
    text_tokens: int = 35
    output_tokens: int = 58
    tokens_of: Callable[[int], tuple[int, int, int]] | None = None
    calls: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.calls += 1
        media_type, answer = self._answer(scope, body)
        headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", b"%d" % len(answer)),
            (b"x-request-id", _REQUEST_ID.encode()),
        ]
        status = 200 if scope["path"] in (NATIVE_PATH, COMPATIBLE_PATH) else 404
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, scope: Any, body: bytes) -> tuple[str, bytes]:
        if scope["path"] == NATIVE_PATH:
            if (b"x-dashscope-sse", b"enable") in scope["headers"]:
                parameters = orjson.loads(body).get("parameters") or {}
                return _EVENTS, b"".join(self._native_frames(bool(parameters.get("incremental_output"))))
            return _JSON, orjson.dumps(self._native([{"text": self.text}], "stop"))
        if scope["path"] == COMPATIBLE_PATH:
            request = orjson.loads(body)
            if request.get("stream"):
                return _EVENTS, b"".join(self._compatible_frames(request))
            choice = {
                "message": {"role": "assistant", "content": self.text},
                "finish_reason": "stop",
                "index": 0,
            }
            answer = _envelope("chat.completion", request) | {
                "choices": [choice],
                "usage": self._compatible_usage(),
            }
            return _JSON, orjson.dumps(answer)
        return (
            _JSON,
            b'{"code":"NotFound","message":"No such path.","request_id":"%s"}' % _REQUEST_ID.encode(),
        )

    def _tokens(self) -> tuple[int, int, int]:
        if self.tokens_of is None:
            return self.image_tokens, self.text_tokens, self.output_tokens
        return self.tokens_of(self.calls)

    def _native(self, content: list[Any], finish_reason: str) -> dict[str, Any]:
        image, text, output = self._tokens()
        return {
            "output": {
                "choices": [
                    {"finish_reason": finish_reason, "message": {"role": "assistant", "content": content}}
                ]
            },
            "usage": {
                "input_tokens": image + text,
                "input_tokens_details": {"image_tokens": image, "text_tokens": text},
                "output_tokens": output,
                "output_tokens_details": {"text_tokens": output},
                "image_tokens": image,
                "total_tokens": image + text + output,
            },
            "request_id": _REQUEST_ID,
        }

    def _native_frames(self, incremental: bool) -> list[bytes]:
        """A line more in each event: cumulative, as the service streams by default, or only what is new."""
        lines = self.text.splitlines(keepends=True)
        texts = lines if incremental else ["".join(lines[: n + 1]) for n in range(len(lines))]
        events = [self._native([{"text": text}], "null") for text in texts]
        events.append(self._native([{"text": "" if incremental else self.text}], "stop"))
        frame = b"id:%d\nevent:result\n:HTTP_STATUS/200\ndata:%s\n\n"
        return [frame % (n, orjson.dumps(event)) for n, event in enumerate(events, start=1)]

    def _compatible_usage(self) -> dict[str, Any]:
        image, text, output = self._tokens()
        return {
            "prompt_tokens": image + text,
            "prompt_tokens_details": {"image_tokens": image, "text_tokens": text},
            "completion_tokens": output,
            "completion_tokens_details": {"text_tokens": output},
            "total_tokens": image + text + output,
        }

    def _compatible_frames(self, request: dict[str, Any]) -> list[bytes]:
        envelope = _envelope("chat.completion.chunk", request)

        def chunk(delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
            return envelope | {"choices": [{"delta": delta, "finish_reason": finish_reason, "index": 0}]}

        events = [chunk({"role": "assistant", "content": ""}, None)]
        events += [chunk({"content": line}, None) for line in self.text.splitlines(keepends=True)]
        events.append(chunk({"content": ""}, "stop"))
        if (request.get("stream_options") or {}).get("include_usage"):
            events.append(envelope | {"choices": [], "usage": self._compatible_usage()})
        return [b"data: %s\n\n" % orjson.dumps(event) for event in events] + [b"data: [DONE]\n\n"]


def _envelope(kind: str, request: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{_REQUEST_ID}",
        "object": kind,
        "created": 1_763_769_600,
        "model": request.get("model"),
        "system_fingerprint": None,
    }
