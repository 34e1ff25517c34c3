"""Answers that come in pieces: server-sent events of both dialects, put together into one body.

The native dialect sends `event:result` frames with the HTTP status in a comment line, an error as `event:error`
inside a 200; the OpenAI-compatible one sends `data:` only, ends with `[DONE]`, and has the usage in a last chunk
without choices. Streams of captured exchanges and of the official SDKs' sources.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Self

from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.wire.bodies import names_an_error, parsed

_STATUS_COMMENT = re.compile(r":HTTP_STATUS/([0-9]{3})\s*$")
_END = "[DONE]"
_NO_REASON = (None, "null")
"""The native dialect sends the *string* null until the last event."""


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    status: int
    """HTTP status in the frame's comment; 200 where there is none."""
    data: str


def events(body: bytes) -> Iterator[Event]:
    """The events of a stream. Lines may end in any of the three ways, and a last event may lack its empty line."""
    name, status, data = "", 200, list[str]()
    lines = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", errors="replace")
    for line in chain(lines, ("",)):
        line = line.removesuffix("\n")
        if not line:
            if data:
                yield Event(name, status, "\n".join(data))
            name, status, data = "", 200, []
        elif said := _STATUS_COMMENT.match(line):
            status = int(said[1])
        else:
            field_name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field_name == "data":
                data.append(value)
            elif field_name == "event":
                name = value


@dataclass(slots=True)
class StreamedAnswer:
    """The answer so far."""

    protocol: Protocol
    ended: bool = False
    """Whether the service said that the answer is whole."""
    fault: tuple[int, Any] | None = None
    """Status and body of an error that came inside the stream."""
    _texts: list[str] = field(default_factory=list)
    _envelope: dict[str, Any] = field(default_factory=dict)
    _content: dict[str, Any] = field(default_factory=dict)
    _message: dict[str, Any] = field(default_factory=dict)
    """What came beside the content, like `processed_text` and `ocr_result`."""
    _finish_reason: str | None = None
    _usage: Any = None

    @classmethod
    def of(cls, body: bytes, protocol: Protocol) -> Self:
        """The answer as far as these bytes of a stream bring it."""
        answer = cls(protocol)
        for event in events(body):
            answer.add(event)
        return answer

    @property
    def has_text(self) -> bool:
        return any(self._texts)

    def add(self, event: Event) -> None:
        """Take in one event. What is no JSON object is passed over."""
        if event.data == _END:
            self.ended = True
            return
        data = parsed(event.data)
        if not isinstance(data, dict):
            return
        if event.name == "error" or event.status != 200 or names_an_error(data):
            self.fault = (event.status, data)
            return
        self._envelope = data
        self._usage = data.get("usage") or self._usage
        holder = data.get("output") if self.protocol is Protocol.NATIVE else data
        choices = holder.get("choices") if isinstance(holder, dict) else None
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._add_choice(choices[0])

    def _add_choice(self, choice: dict[str, Any]) -> None:
        message = choice.get("message" if self.protocol is Protocol.NATIVE else "delta")
        if not isinstance(message, dict):
            message = {}
        content = message.get("content")
        beside = {k: v for k, v in message.items() if k not in ("content", "role")}
        self._message = _joined(self._message, beside)
        for item in content if isinstance(content, list) else [content]:
            if isinstance(item, str):
                self._texts.append(item)
            elif isinstance(item, dict):
                text = item.get("text")
                self._texts.append(text if isinstance(text, str) else "")
                self._content = _joined(self._content, {k: v for k, v in item.items() if k != "text"})
        reason = choice.get("finish_reason")
        if reason not in _NO_REASON:
            self._finish_reason = str(reason)
            self.ended = True

    def body(self) -> dict[str, Any]:
        """The body that the same answer would have had in one piece; usage is the last that was reported."""
        text = "".join(self._texts)
        if self.protocol is Protocol.NATIVE:
            content: Any = [{"text": text, **self._content}]
        else:
            content = text
        message = {"role": "assistant", "content": content, **self._message}
        choice = {"finish_reason": self._finish_reason, "message": message}
        if self.protocol is Protocol.NATIVE:
            return {**self._envelope, "output": {"choices": [choice]}, "usage": self._usage}
        return {**self._envelope, "object": "chat.completion", "choices": [choice], "usage": self._usage}


def _joined(before: Any, now: Any) -> Any:
    """What came beside the text so far: each event may bring all of it or what is new (it is documented nowhere).

    An event that repeats what came before takes its place; of any other, texts and lists go on.
    """
    if isinstance(before, dict) and isinstance(now, dict):
        return {**before, **{k: _joined(before[k], v) if k in before else v for k, v in now.items()}}
    if type(before) is not type(now) or not isinstance(now, str | list):
        return before if now is None else now
    return now if now[: len(before)] == before else before + now
