"""What pipeline.toml says about regions and models, laid over the catalogue that ships.

`[[models]]` entries change fields of a known model or add one. Prices and limits of a new model have to be given: an
unknown price is an error, never $0. The catalogue's version then ends in a digest of the entries, so that every
answer tells which prices applied.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from math import isqrt
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import (
    Catalogue,
    Dialect,
    FreeQuota,
    Model,
    Sureness,
    WholePdf,
    load_catalogue,
    model_from,
)
from qwenocr_assets.qwenocr.regions import Protocol, Region, region_at
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.settings import Settings

_CUSTOM = "custom"
_ACCEPTED_EVERYWHERE = frozenset({"image/png", "image/jpeg"})
"""What a server that is not the Qwen-OCR service takes, as long as its entry does not say more."""
_DEFAULT_IMAGE_TOKENS = 8192
"""Image tokens of the service's default `max_pixels`."""
_LEAST_IMAGE_TOKENS = 4
_DIGEST_DIGITS = 8

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


def catalogue_of(settings: Settings) -> Catalogue:
    """The catalogue as these settings have it; raises as `configured_catalogue` does."""
    return configured_catalogue(
        region=settings.region,
        base_url=settings.base_url,
        protocol=settings.protocol,
        workspace=settings.workspace,
        allow_http=settings.allow_http,
        models=settings.models,
    )


def configured_catalogue(
    *,
    region: str,
    base_url: str | None = None,
    protocol: str | None = None,
    workspace: str | None = None,
    allow_http: bool = False,
    models: Sequence[Mapping[str, Any]] = (),
) -> Catalogue:
    """The catalogue as the settings of the same names have it.

    `base_url` and `workspace` belong to `region`; `protocol` to every region, so that a failover speaks the same.

    Raises:
        ConfigurationError: an entry that cannot be, with what it should say; or region custom without an address.
    """
    shipped = load_catalogue()
    overrides = [_parsed(entry, number) for number, entry in enumerate(models, start=1)]
    known = [*shipped.regions, _CUSTOM]
    for override in overrides:
        if override.region not in known:
            raise ConfigurationError(
                f"{_label(override)} is for a region that does not exist.", f"Known are {', '.join(known)}."
            )
    catalogue = _overridden(shipped, overrides)
    regions = {
        name: replace(entry, protocol=Protocol(protocol or entry.protocol))
        for name, entry in shipped.regions.items()
    }
    if region == _CUSTOM:
        regions[_CUSTOM] = _custom_region(catalogue, protocol)
        if not base_url:
            raise ConfigurationError(
                "Region custom has no address.",
                'Set base_url, like "http://127.0.0.1:8000/v1" for a server of your own.',
            )
    if region in regions:
        if base_url and regions[region].is_local:
            raise ConfigurationError(
                "Region local is the embedded engine inside this program: base_url means nothing to it.",
                'For an engine that is served elsewhere set region = "custom".',
            )
        if base_url:
            regions[region] = region_at(regions[region], base_url, allow_http=allow_http)
            _require_same_region(regions[region], shipped)
        regions[region].require_host()
        regions[region] = replace(regions[region], workspace=workspace)
    return replace(catalogue, regions=regions)


def _require_same_region(region: Region, shipped: Catalogue) -> None:
    """A host of another region answers at its own prices, from its own place: both would be said wrongly."""
    there = region.at.service_region
    if region.name == _CUSTOM or there in (None, region.service_region):
        return
    own = next((r.name for r in shipped.regions.values() if r.service_region == there), _CUSTOM)
    raise ConfigurationError(
        f"base_url is a host of {there}, and region {region.name} is {region.service_region}: prices and where the "
        "data go would be said wrongly.",
        f'Set region = "{own}"' + (", with prices in [[models]]." if own == _CUSTOM else "."),
    )


def _custom_region(catalogue: Catalogue, protocol: str | None) -> Region:
    """Region custom before it has an address; its first model is the default."""
    models = catalogue.models_in(_CUSTOM)
    return Region(
        name=_CUSTOM,
        host="",
        default_model=models[0].name if models else "",
        protocol=Protocol(protocol or Protocol.OPENAI),
        residency="Where the server of base_url keeps and computes it: not known here.",
    )


def _overridden(shipped: Catalogue, overrides: Sequence[ModelOverride]) -> Catalogue:
    """With the entries over it. One with a later `valid_from` begins there: until then the row that ships held."""
    models = {(m.region, m.name): m for m in shipped.models}
    earlier = list(shipped.earlier)
    changed: set[tuple[str, str]] = set()
    for override in overrides:
        base = next(
            (m for m in models.values() if m.region == override.region and m.is_called(override.name)), None
        )
        model = _model(override, base)
        key = (model.region, model.name)
        if key in changed:
            raise ConfigurationError(f"{_label(override)} has two entries.", "Merge them into one.")
        changed.add(key)
        models[key] = model
        if base is not None and model.valid_from and base.valid_from and model.valid_from > base.valid_from:
            earlier.append(base)
    return replace(
        shipped,
        version=_version(shipped.version, overrides),
        models=tuple(models.values()),
        earlier=tuple(earlier),
    )


def _model(override: ModelOverride, base: Model | None) -> Model:
    """The model that an entry describes, on the ground of the one it changes, if any."""
    given = override.given
    if base is not None:
        fields = {**asdict(base), "source": "pipeline.toml", **given, "name": base.name}
    else:
        if missing := [name for name in _NEEDED if given.get(name) is None]:
            raise ConfigurationError(
                f"{_label(override)} is not in the catalogue, and its entry lacks {', '.join(missing)}.",
                "Give them; a price of 0 has to be written as 0. See docs/settings.md.",
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
            f"{_label(override)} cannot be used: {_problems(error)}.", "Correct it."
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
        "accepts": _ACCEPTED_EVERYWHERE if override.region == _CUSTOM else None,
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


def _parsed(entry: Mapping[str, Any], number: int) -> ModelOverride:
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


def _label(override: ModelOverride) -> str:
    return f"Model {override.name} of region {override.region} in pipeline.toml"


def _version(shipped: str, overrides: Sequence[ModelOverride]) -> str:
    if not overrides:
        return shipped
    entries = sorted((_canonical(o) for o in overrides), key=lambda e: (e["region"], e["name"]))
    text = orjson.dumps(entries, option=orjson.OPT_SORT_KEYS)
    return f"{shipped}+{hashlib.sha256(text).hexdigest()[:_DIGEST_DIGITS]}"


def _canonical(override: ModelOverride) -> dict[str, Any]:
    """An entry's values in one spelling: 0.70 and "0.7" are the same price."""
    values = override.model_dump(mode="json", exclude_unset=True)
    for name, value in override.given.items():
        if isinstance(value, Decimal):
            values[name] = f"{value.normalize():f}"
        elif isinstance(value, frozenset):
            values[name] = sorted(value)
    return values
