"""What is asked of the service: options as a value, and the key that makes two requests the same question."""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from qwenocr_assets.qwenocr.images import Image
from qwenocr_assets.qwenocr.pdfs import Pdf, PdfAt, PdfBytes
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.tasks import Task


class Mode(StrEnum):
    """How a request is asked."""

    REAL_TIME = "real_time"
    BATCH = "batch"
    """Through the Batch API: hours later, at the batch price."""


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What a route may set for a request; None leaves the service's default.

    The sampling parameters are passed through as they are (ranges: the service's API reference); the product guide
    advises to leave them alone.
    """

    min_pixels: int | None = None
    max_pixels: int | None = None
    enable_rotate: bool = False
    """Let the service turn the image upright first (native only)."""
    max_tokens: int | None = None
    result_schema: dict[str, Any] | None = None
    """Keys to extract (key_information_extraction only); None extracts every pair."""
    prompt: str | None = None
    """The prompt of custom_prompt."""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    logprobs: bool = False
    top_logprobs: int | None = None
    own_text: str | None = None
    """What tells apart the page's own text that goes along (`own_text.own_text_key`); region local alone takes any."""

    def to_json(self) -> str:
        """The options that are set, as canonical JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        chosen = {name: value for name, value in values.items() if value is not None and value is not False}
        return orjson.dumps(chosen, option=orjson.OPT_SORT_KEYS).decode()

    def for_pdf(self, pages: int) -> "RequestOptions":
        """As they are sent with a whole PDF: what is about one page stays behind, and the limit is one of all pages."""
        most = None if self.max_tokens is None else self.max_tokens * pages
        return replace(
            self, min_pixels=None, max_pixels=None, enable_rotate=False, max_tokens=most, own_text=None
        )

    @classmethod
    def from_json(cls, text: str) -> "RequestOptions":
        return cls(**orjson.loads(text))


@dataclass(frozen=True, slots=True)
class Request:
    """One question: a picture or a whole PDF, what it is asked for, and how."""

    image: Image | Pdf
    task: Task
    options: RequestOptions = RequestOptions()
    own_text: str | None = None
    """The page's own lines, as `own_text.to_json` writes them, to be taken instead of recognised ones."""

    @property
    def pages(self) -> int:
        """How many pages are asked about."""
        return self.image.pages if isinstance(self.image, PdfBytes | PdfAt) else 1


def request_key(
    page_sha256: str, task: Task, model: str, options: RequestOptions, protocol: Protocol = Protocol.NATIVE
) -> str:
    """The identity of a request: the same key means the same question, which is never paid for twice.

    32 hexadecimal digits over page image (or the whole PDF's bytes), task, model, options (with schema and prompt) and
    protocol.
    """
    parts = (page_sha256, task.value, model, options.to_json(), protocol.value)
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]


def part_key(whole_key: str, page: int) -> str:
    """The identity of what the answer to a whole PDF says of one of its pages, counted from 1."""
    return hashlib.sha256(f"{whole_key}\0{page}".encode()).hexdigest()[:32]
