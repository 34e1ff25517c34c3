"""A `[[models]]` entry of pipeline.toml: what it may say, and the model that it describes.

An entry changes fields of a known model or describes a new one. Prices and limits of a new model have to be given: an
unknown price is an error, never $0.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from math import isqrt
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import Dialect, FreeQuota, Model, Sureness, WholePdf, model_from
from qwenocr_assets.qwenocr.tasks import Task

CUSTOM = "custom"
_ACCEPTED_EVERYWHERE = frozenset({"image/png", "image/jpeg"})
"""What a server that is not the Qwen-OCR service takes, as long as its entry does not say more."""
_DEFAULT_IMAGE_TOKENS = 8192
"""Image tokens of the service's default `max_pixels`."""
_LEAST_IMAGE_TOKENS = 4

_Count = Annotated[int, Field(ge=1)]
_Price = Annotated[Decimal, Field(ge=0)]


class ModelOverride(BaseModel):
    """One `[[models]]` entry: `region`, `name`, and what differs from the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    name: str = Field(min_length=1)
    aliases: tuple[str, ...] | None = None
    pinned: bool | None = None
    stands_for: str | None = None
    context_tokens: _Count | None = None
    max_input_tokens: _Count | None = None
    max_image_tokens: _Count | None = None
    max_output_tokens: _Count | None = None
    token_pixels: _Count | None = None
    min_pixels: _Count | None = None
    max_pixels: _Count | None = None
    max_pixels_limit: _Count | None = None
    usd_per_million_input: _Price | None = None
    usd_per_million_output: _Price | None = None
    batch_discount: Annotated[Decimal, Field(gt=0, le=1)] | None = None
    free_quota: FreeQuota | None = None
    requests_per_minute: _Count | None = None
    tokens_per_minute: _Count | None = None
    tasks: frozenset[Task] | None = Field(None, min_length=1)
    valid_from: date | None = None
    source: str | None = None
    sureness: Sureness | None = None
    note: str | None = None
    accepts: frozenset[Annotated[str, Field(pattern="^image/[a-z0-9.+-]+$")]] | None = Field(
        None, min_length=1
    )
    dialects: frozenset[Dialect] | None = Field(None, min_length=1)
    turns: bool | None = None
    whole_pdf: WholePdf | None = None
    max_url_bytes: _Count | None = None
    streams_documents: bool | None = None
    asks_for_max_tokens: bool | None = None
    recommended: bool | None = None
    retires_on: date | Literal["never"] | None = None
    instead: str | None = None

    @model_validator(mode="after")
    def _square_token(self) -> Self:
        if self.token_pixels is not None and isqrt(self.token_pixels) ** 2 != self.token_pixels:
            raise ValueError("token_pixels must be a square number, like 1024 or 784")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The fields that the entry sets."""
        return {
            name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set
        }


_NEEDED = (
    "usd_per_million_input",
    "usd_per_million_output",
    "context_tokens",
    "max_output_tokens",
    "token_pixels",
)
"""What only the user can know of a new model."""


def model_of(override: ModelOverride, base: Model | None) -> Model:
    """The model that an entry describes, on the ground of the one it changes, if any.

    Raises:
        ConfigurationError: what a new model needs is missing, or the limits contradict each other.
    """
    given = override.given
    if base is not None:
        fields = {**asdict(base), "source": "pipeline.toml", **given, "name": base.name}
    else:
        if missing := [name for name in _NEEDED if given.get(name) is None]:
            raise ConfigurationError(
                f"{label_of(override)} is not in the catalogue, and its entry lacks {', '.join(missing)}.",
                "Give them, or free = true for a model of your own in region custom. See docs/settings.md.",
            )
        fields = {**_new_model_defaults(override), **given}
    if given.keys() & {"requests_per_minute", "tokens_per_minute"}:
        fields |= {"rates_source": "pipeline.toml", "rates_sureness": "high"}
    if given.keys() & {"recommended", "retires_on", "instead"}:
        fields |= {"standing_source": "pipeline.toml", "standing_sureness": "high"}
    if fields.get("retires_on") == "never":
        fields["retires_on"] = None
    try:
        model = model_from(fields)
    except ValidationError as error:
        raise ConfigurationError(
            f"{label_of(override)} cannot be used: {_problems(error)}.", "Correct it."
        ) from error
    _require_consistent(model)
    return model


def _new_model_defaults(override: ModelOverride) -> dict[str, Any]:
    """What follows from the limits that a new model's entry has to give."""
    context, output, token_pixels = (
        override.context_tokens or 0,
        override.max_output_tokens or 0,
        override.token_pixels or 0,
    )
    most_input = override.max_input_tokens or max(context - output, 1)
    most_image = override.max_image_tokens or most_input
    return {
        "aliases": (),
        "pinned": True,
        "stands_for": None,
        "max_input_tokens": most_input,
        "max_image_tokens": most_image,
        "min_pixels": _LEAST_IMAGE_TOKENS * token_pixels,
        "max_pixels": min(_DEFAULT_IMAGE_TOKENS, most_image) * token_pixels,
        "max_pixels_limit": most_image * token_pixels,
        "batch_discount": None,
        "requests_per_minute": None,
        "tokens_per_minute": None,
        "rates_source": "No limit known",
        "rates_sureness": "low",
        "tasks": frozenset(Task),
        "valid_from": None,
        "source": "pipeline.toml",
        "sureness": "high",
        "note": "",
        "accepts": _ACCEPTED_EVERYWHERE if override.region == CUSTOM else None,
    }


def _require_consistent(model: Model) -> None:
    """Limits that contradict each other would only show when a page has been paid for."""
    context, most_input = model.context_tokens, model.max_input_tokens
    rules = {
        "max_output_tokens <= context_tokens": model.max_output_tokens <= context,
        "max_image_tokens <= max_input_tokens <= context_tokens": model.max_image_tokens
        <= most_input
        <= context,
        "min_pixels <= max_pixels <= max_pixels_limit": model.min_pixels
        <= model.max_pixels
        <= model.max_pixels_limit,
    }
    for rule, holds in rules.items():
        if not holds:
            raise ConfigurationError(
                f"Model {model.name} of region {model.region} in pipeline.toml contradicts itself: {rule} must hold.",
                "Correct its [[models]] entry.",
            )


def parsed_override(entry: Mapping[str, Any], number: int) -> ModelOverride:
    """An entry by its number from 1. Raises ConfigurationError for one that cannot be, with what is wrong."""
    try:
        return ModelOverride.model_validate(dict(entry))
    except ValidationError as error:
        name = f"{entry['name']} " if "name" in entry else ""
        raise ConfigurationError(
            f"[[models]] entry {number} {name}of pipeline.toml cannot be used: {_problems(error)}.",
            "Correct it.",
        ) from error


def _problems(error: ValidationError) -> str:
    texts = []
    for problem in error.errors():
        where = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            texts.append(f"{where} does not exist; known are {', '.join(ModelOverride.model_fields)}")
        else:
            texts.append(f"{where}: {problem['msg']}".removeprefix(": "))
    return "; ".join(texts)


def label_of(override: ModelOverride) -> str:
    """How an entry is called in errors."""
    return f"Model {override.name} of region {override.region} in pipeline.toml"
