"""The values that pass between a dialect of the service and the engine that answers.

A dialect (`native.py`, `openai_compatible.py`) turns a request body into an `OcrRequest` and an `Answer` back
into a response; `answers.py` turns the one into the other and knows nothing of HTTP.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.wire.usage import Usage
from qwenocr_assets.geometry import Quad
from qwenocr_assets.own_text import OwnLine
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.images import MAX_UPLOAD_BYTES
from qwenocr_assets.qwenocr.tasks import Task

JsonObject = dict[str, Any]

MAX_INPUT_TOKENS = 30_000
_MAX_OUTPUT_TOKENS = 8_192
"""Limits of the model generation whose wire format the engine speaks, qwen-vl-ocr-2025-11-20."""


def most_pdf_pages(model: str, task: Task) -> int:
    """The most pages of a PDF for a model and a task; 0 where it takes none whole."""
    named = [one for one in load_catalogue().models if one.is_called(model)]
    return max((one.whole_pdf.most_pages(task) for one in named if one.whole_pdf), default=0)


def most_image_bytes(model: str) -> int:
    """The largest image by address or upload."""
    named = [one.max_url_bytes for one in load_catalogue().models if one.is_called(model)]
    return max(named, default=MAX_UPLOAD_BYTES)


def max_output_tokens(model: str) -> int:
    """The longest answer of a model: under the name of a model of the catalogue the engine has its limit."""
    named = [one.max_output_tokens for one in load_catalogue().models if one.is_called(model)]
    return max(named, default=_MAX_OUTPUT_TOKENS)


class SecondReading(Protocol):
    """What a line says when it is read again."""

    @property
    def text(self) -> str: ...

    @property
    def least_score(self) -> float | None:
        """Probability of the character that is least sure, where it is known."""
        ...


@runtime_checkable
class ReadsAgain(Protocol):
    """A reader that can read lines twice; one that cannot says nothing of how sure it is."""

    def read_wider(
        self, image: bytes, quads: Sequence[Quad], stretched: float = 1.0
    ) -> Sequence[SecondReading]:
        """Read some lines of an image again, with more of the paper around them, stretched along the line."""
        ...


class PageReader(Protocol):
    """What recognises an image. Called from worker threads, several at a time."""

    def read(self, image: bytes) -> ReadPage:
        """Read one encoded image. Raises UnreadableImage, UnsupportedScript and MissingWeights."""
        ...


@runtime_checkable
class LaysOut(Protocol):
    """A reader that takes the text that came with an image for what stands on it."""

    def lay_out(self, image: bytes, own: Sequence[OwnLine]) -> ReadPage:
        """The page with these lines. Raises UnreadableImage."""
        ...


@dataclass(frozen=True, slots=True)
class PageImage:
    """The one image of a request, its size in pixels, and the limits that its tokens are counted by."""

    data: bytes
    width: int
    height: int
    min_pixels: int
    max_pixels: int


@dataclass(frozen=True, slots=True)
class Instruction:
    """What is asked of the image: by the name of a task, or by a prompt that asks for the same."""

    task: Task
    text_tokens: int
    """Input tokens of the prompt, the service's own or the user's."""
    schema: JsonObject | None = None
    """The template to fill, for key_information_extraction; None asks for every pair."""


@dataclass(frozen=True, slots=True)
class OcrRequest:
    """One request, the same for both dialects."""

    model: str
    image: PageImage
    instruction: Instruction
    max_tokens: int | None
    """None is no limit: the answer to a whole PDF has none of its own."""
    stream: bool = False
    cumulative: bool = False
    """Native streams only: every event repeats the text so far (the service's default)."""
    stream_usage: bool = False
    """OpenAI-compatible streams only: a last chunk reports the usage."""
    own_text: tuple[OwnLine, ...] = ()
    """The text that came with the image, in the place of what would be recognised."""
    pages: tuple[PageImage, ...] = ()
    """Of a whole PDF, all its pages as they were drawn; `image` is the first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished answer, the same for both dialects."""

    text: str
    usage: Usage
    finish_reason: str
    """`stop`, or `length` when `max_tokens` cut the text."""
    ocr_result: JsonObject | None = None
    """What the native dialect adds for some tasks: `words_info`, `kv_result` or `layouts`."""
    beside: JsonObject = field(default_factory=dict)
    """What stands beside the text, in both dialects, like `processed_text`."""
    in_chat: bool = False
    """Whether the OpenAI-compatible dialect has `ocr_result`, too: one program says so, the references do not."""
    in_stream: bool = False
    """Whether a stream has `ocr_result`: it is documented nowhere."""
