"""Answers that come in pieces: server-sent events of both dialects, put together into one body.

The native dialect sends `event:result` frames with the HTTP status in a comment line, an error as `event:error`
inside a 200; the OpenAI-compatible one sends `data:` only, ends with `[DONE]`, and has the usage in a last chunk
without choices. Streams of captured exchanges and of the official SDKs' sources.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from qwenocr_assets.qwenocr.regions import Protocol

_STATUS_COMMENT = ":HTTP_STATUS/"
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


class EventReader:
    """Bytes in, events out. Lines may end in any of the three ways, and be cut anywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._name, self._status, self._data = "", 200, list[str]()

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that this chunk completes."""
        text = self._rest + self._decoder.decode(chunk)
        # a carriage return at the very end may be half of a line end
        text, held = (text[:-1], "\r") if text.endswith("\r") else (text, "")
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = rest + held
        for line in lines:
            event = self._line(line)
            if event is not None:
                yield event

    def close(self) -> Iterator[Event]:
        """What is left when no more comes: a last event may lack its empty line."""
        return self.feed(b"\n\n")

    def _line(self, line: str) -> Event | None:
        if not line:
            event = Event(self._name, self._status, "\n".join(self._data)) if self._data else None
            self._name, self._status, self._data = "", 200, []
            return event
        if line.startswith(_STATUS_COMMENT):
            number = line.removeprefix(_STATUS_COMMENT).strip()
            self._status = int(number) if number.isdecimal() else 200
            return None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value
        return None


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
    _finish_reason: str | None = None
    _usage: Any = None

    @property
    def has_text(self) -> bool:
        return any(self._texts)

    def add(self, event: Event) -> None:
        """Take in one event. What is no JSON object is passed over."""
        if event.data == _END:
            self.ended = True
            return
        try:
            data = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            return
        if not isinstance(data, dict):
            return
        if event.name == "error" or event.status != 200 or "error" in data or data.get("code"):
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
        content = message.get("content") if isinstance(message, dict) else None
        for item in content if isinstance(content, list) else [content]:
            if isinstance(item, str):
                self._texts.append(item)
            elif isinstance(item, dict):
                text = item.get("text")
                self._texts.append(text if isinstance(text, str) else "")
                self._content |= {k: v for k, v in item.items() if k != "text"}
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
        message = {"role": "assistant", "content": content}
        choice = {"finish_reason": self._finish_reason, "message": message}
        if self.protocol is Protocol.NATIVE:
            return {**self._envelope, "output": {"choices": [choice]}, "usage": self._usage}
        return {**self._envelope, "object": "chat.completion", "choices": [choice], "usage": self._usage}
