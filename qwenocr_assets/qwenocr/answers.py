"""What the service answered, as one typed value, whichever dialect it came in."""

from dataclasses import dataclass, field
from typing import Any

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.prices import Tokens


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

    def __post_init__(self) -> None:
        """Eight plain numbers will do."""
        if self.quad is not None and type(self.quad) is not Quad:
            object.__setattr__(self, "quad", Quad(*self.quad))


MOST_TOKENS = 10**7
"""In and out of one call. No model of the service takes a tenth of it, so a larger number counts no tokens."""


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
    """The model's text as it came, fences included."""
    words: tuple[Word, ...] = ()
    key_values: Any = None
    """`ocr_result.kv_result`, when there is one."""
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    request_id: str | None = None
    reported_model: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)
    """Content fields that are not known here, like `processed_text`, as they came."""
    broken_off: str | None = None
    """Why a stream ended before its answer did; the text is what had come by then."""


class MalformedAnswer(ValueError):
    """A body that is no answer of the service: it lacks a choice or its content."""
