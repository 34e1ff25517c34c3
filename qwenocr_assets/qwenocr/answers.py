"""What the service answered, as one typed value, whichever dialect it came in."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.prices import Tokens


class BoxDoubt(StrEnum):
    """Why a box may not be where it says. Where it comes with the answer's corners in a known unit, there is none."""

    FROM_RECTANGLE = "from_rectangle"
    """Made from the rotated rectangle, in the one unit that its numbers allow: a few pixels off."""
    UNIT_ASSUMED = "unit_assumed"
    """The numbers may be pixels or thousandths of the page; taken for what reaches further over it."""
    FORM_ASSUMED = "form_assumed"
    """Four numbers that may be two corners, or a centre and a size."""
    UNIT_UNKNOWN = "unit_unknown"
    """Neither pixels nor thousandths of this page: there is no box."""


@dataclass(frozen=True, slots=True)
class Word:
    """One line of `advanced_recognition` (the service calls it a word)."""

    text: str
    quad: Quad | None
    """In pixels of the image sent."""
    rotate_rect: tuple[float, ...] | None
    """cx, cy, width, height, angle in degrees, as given: its conventions differ between model generations."""
    least_score: float | None = None
    """Probability of the character that the recogniser is least sure of: the embedded engine alone says it."""
    box_doubt: BoxDoubt | None = None

    def __post_init__(self) -> None:
        """Eight plain numbers will do."""
        if self.quad is not None and type(self.quad) is not Quad:
            object.__setattr__(self, "quad", Quad(*self.quad))


MOST_TOKENS = 10**7
"""In and out of one call. No model of the service takes a tenth of it, so a larger number counts no tokens."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One part of a page as document parsing of `qwen3.5-ocr` gives it (third parties' reports of July 2026)."""

    page: int | None
    """`pageNum`, from 0; None for what names no page."""
    kind: str
    """`type` as it came, like title; the service names no list of them."""
    text: str
    """The words, as plain text."""
    markdown: str
    """`markdownContent`; may be no more than the address of a temporary picture."""
    outline: tuple[float, ...] | None = None
    """Eight numbers, the corners as given; their unit is documented nowhere. None for what is no place."""
    unit_unknown: bool = False
    """Whether the numbers are pixels of a picture that nobody has: of a PDF's page as the service drew it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as reported; None where the answer does not say, or says what no call can have used."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    image_tokens: int | None = None
    reported: dict[str, Any] = field(default_factory=dict, compare=False)
    """The whole usage object as it came."""

    @property
    def billed(self) -> Tokens | None:
        """What is paid for; None where the answer does not say it."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return Tokens(self.input_tokens, self.output_tokens)

    @property
    def all_tokens(self) -> int | None:
        """Input and output together, as limits count them."""
        return self.total_tokens if self.billed is None else sum(self.billed)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one request."""

    text: str
    """The model's text as it came, fences included; where it came empty, its `processed_text`."""
    words: tuple[Word, ...] = ()
    key_values: Any = None
    """`ocr_result.kv_result`, when there is one."""
    key_value_scores: Any = None
    """The same with a number from 0 to 1 in the place of each value, how sure the reader is of it: the embedded engine
    alone says it, as `ocr_result.kv_scores`."""
    layouts: tuple[Layout, ...] = ()
    """`ocr_result.layouts`, in order."""
    processed_text: str | None = None
    """The text as the service writes it without what the model said over and over; None where it gives none."""
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    request_id: str | None = None
    reported_model: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)
    """What came beside the text and is not known here, by its name, as it came."""
    broken_off: str | None = None
    """Why a stream ended before its answer did; the text is what had come by then."""


class MalformedAnswer(ValueError):
    """A body that is no answer of the service: it lacks a choice or its content."""
