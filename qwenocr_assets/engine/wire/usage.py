"""Tokens as the embedded engine reports them: images by the formula of the service, text as a quote estimates it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer."""

    image_tokens: int
    text_tokens: int
    output_tokens: int

    @property
    def input_tokens(self) -> int:
        return self.image_tokens + self.text_tokens

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens
