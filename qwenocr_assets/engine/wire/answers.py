"""Finished HTTP answers in either dialect, read back: their usage, their events, and ways to spoil them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.responses import Response

from qwenocr_assets.engine.wire.values import JsonObject
from qwenocr_assets.qwenocr.prices import Tokens

_EVENT_END = b"\n\n"


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """An answer as it goes out. A streamed one has a piece for each event, any other has one."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    """By lower-case name, without Content-Length."""
    pieces: tuple[bytes, ...]
    length: int | None = None
    """What Content-Length says, None for a stream."""
    drops: bool = False
    """Whether the connection ends after the pieces, as if the answer went on."""

    @property
    def is_stream(self) -> bool:
        return self.length is None

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")

    def without(self, name: bytes) -> "WireAnswer":
        return replace(self, headers=tuple(h for h in self.headers if h[0] != name))

    def with_header(self, name: bytes, value: str) -> "WireAnswer":
        return replace(self, headers=(*self.headers, (name, value.encode("latin-1"))))

    def torn(self, share: float) -> "WireAnswer":
        """The first share of it, and then the end of the connection."""
        if self.is_stream:
            return replace(self, pieces=self.pieces[: math.ceil(len(self.pieces) * share)], drops=True)
        body = b"".join(self.pieces)
        return replace(self, pieces=(body[: int(len(body) * share)],), drops=True)


NO_ANSWER = WireAnswer(0, (), (), drops=True)
"""The connection ends before anything was sent."""


def whole(status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> WireAnswer:
    """An answer from what an app sent, split into events if it is a stream of them."""
    kept = tuple((name.lower(), value) for name, value in headers if name.lower() != b"content-length")
    is_stream = any(n == b"content-type" and v.startswith(b"text/event-stream") for n, v in kept)
    if not is_stream:
        return WireAnswer(status, kept, (body,), len(body))
    return WireAnswer(status, kept, tuple(part + _EVENT_END for part in body.split(_EVENT_END) if part))


def of_response(response: Response) -> WireAnswer:
    """An answer from a response that is not a stream."""
    return whole(response.status_code, tuple(response.raw_headers), bytes(response.body))


def tokens_of(answer: WireAnswer) -> Tokens | None:
    """The usage of an answer, the last that a stream reports; None for an error."""
    if answer.status != 200:
        return None
    for piece in reversed(answer.pieces):
        usage = (data_of(piece) or {}).get("usage")
        if isinstance(usage, dict):
            prefixes = ("input", "output") if "input_tokens" in usage else ("prompt", "completion")
            return Tokens(*(int(usage[f"{prefix}_tokens"]) for prefix in prefixes))
    return None


def error_code(answer: WireAnswer) -> str:
    """The service's code in an answer that is an error or ends in one, empty for any other."""
    data = (data_of(answer.pieces[-1]) if answer.pieces else None) or {}
    error = data.get("error")
    return str((error if isinstance(error, dict) else data).get("code") or "")


def without_usage_event(answer: WireAnswer) -> WireAnswer:
    """An OpenAI-compatible stream without the event that reports its usage."""
    kept = [piece for piece in answer.pieces if (data_of(piece) or {}).get("choices") != []]
    return replace(answer, pieces=tuple(kept))


def data_of(piece: bytes) -> JsonObject | None:
    """The JSON object of an event or of a whole body; None for what holds none."""
    if not piece.startswith(b"{"):
        piece = next((line[5:] for line in piece.split(b"\n") if line.startswith(b"data:")), b"")
    try:
        value = orjson.loads(piece)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _with_data(piece: bytes, data: JsonObject) -> bytes:
    """The event or body with another JSON object in it."""
    if piece.startswith(b"{"):
        return orjson.dumps(data)
    head, _, _ = piece.rpartition(b"data:")
    space = b" " if piece[len(head) :].startswith(b"data: ") else b""
    return head + b"data:" + space + orjson.dumps(data) + _EVENT_END


def truncated(answer: WireAnswer, share: float) -> WireAnswer:
    """The answer with only the first share of its text, and of its lines with positions; pairs are gone.

    Usage and finish reason stay: that is what makes such answers treacherous.
    """
    if answer.is_stream:
        return replace(answer, pieces=_truncated_events(answer.pieces, share))
    data = data_of(answer.pieces[0])
    if data is None:
        return answer
    for message in _messages(data):
        _edit_text(message, lambda text: text[: int(len(text) * share)])
        for item in message["content"] if isinstance(message["content"], list) else []:
            if isinstance(result := item.get("ocr_result"), dict):
                result.pop("kv_result", None)
                result.pop("kv_scores", None)
                parts = ("words_info", "layouts") if isinstance(data.get("output"), list) else ("words_info",)
                for name in parts:
                    if name in result:
                        result[name] = result[name][: int(len(result[name]) * share)]
    body = _with_data(answer.pieces[0], data)
    return replace(answer, pieces=(body,), length=len(body))


def _truncated_events(pieces: tuple[bytes, ...], share: float) -> tuple[bytes, ...]:
    """Without the later events that bring text; a last event that repeats all of it repeats what is left."""
    bringing = [n for n, piece in enumerate(pieces) if _text(data_of(piece)) and not _ends(data_of(piece))]
    left = bringing[: int(len(bringing) * share)]
    text_left = _text(data_of(pieces[left[-1]])) if left else ""
    kept = []
    for n, piece in enumerate(pieces):
        data = data_of(piece)
        if n in bringing and n not in left:
            continue
        if data is not None and _ends(data) and _text(data):
            for message in _messages(data):
                _edit_text(message, lambda _text: text_left)
            piece = _with_data(piece, data)
        kept.append(piece)
    return tuple(kept)


def _messages(data: JsonObject) -> list[JsonObject]:
    """The messages, or parts of them, that hold text; in each dialect."""
    output = data.get("output")
    if isinstance(output, list):
        return [message for message in output if message.get("content")]
    choices: list[Any] = (output or data).get("choices") or []
    found = [choice.get("message") or choice.get("delta") or {} for choice in choices]
    return [message for message in found if message.get("content")]


def _edit_text(message: JsonObject, edit: Callable[[str], str]) -> None:
    if isinstance(message["content"], str):
        message["content"] = edit(message["content"])
        return
    for item in message["content"]:
        if isinstance(item.get("text"), str):
            item["text"] = edit(item["text"])


def _text(data: JsonObject | None) -> str:
    texts: list[str] = []
    for message in _messages(data or {}):
        _edit_text(message, lambda text: texts.append(text) or text)  # type: ignore[func-returns-value]
    return "".join(texts)


def _ends(data: JsonObject | None) -> bool:
    output = (data or {}).get("output") or data or {}
    if isinstance(output, list):
        return True
    choices: list[Any] = output.get("choices") or []
    return any(choice.get("finish_reason") not in (None, "null") for choice in choices)
