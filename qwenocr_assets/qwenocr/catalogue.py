"""Models, prices and limits per region, read from the versioned data file beside this module.

Prices are Decimal US dollars per million tokens. The file's figures are those of the product guide's model list; where
an edition of the guide disagrees, the model's `note` says so. Overrides: `catalogue_overrides.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.prices import Price, Tokens
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task

_MAY_BE_FREE = ("local", "custom")

USUAL_PAGE = Tokens(4_000, 900)
"""An A4 page at 200 dpi, and the text lines of a full page: what models are compared by."""

Sureness = Literal["high", "medium", "low"]
"""high: two independent sources; medium: one official text; low: a third party's, or inferred."""


@dataclass(frozen=True, slots=True)
class FreeQuota:
    """Tokens that a new account need not pay for. Costs are never reduced by it."""

    input_tokens: int
    output_tokens: int
    days_from_activation: int


@dataclass(frozen=True, slots=True)
class Model:
    """A model in one region: its limits in tokens and pixels, its prices, its tasks."""

    region: str
    name: str
    aliases: tuple[str, ...]
    pinned: bool
    """Whether the name means one snapshot for ever; other names move, and their prices with them."""
    stands_for: str | None
    """The snapshot that a moving name meant on `valid_from`, where the source tells."""
    context_tokens: int
    max_input_tokens: int
    max_image_tokens: int
    max_output_tokens: int
    token_pixels: int
    """Pixels behind one image token."""
    min_pixels: int
    """The service's default, and the least it takes."""
    max_pixels: int
    """The service's default."""
    max_pixels_limit: int
    """The most that `max_pixels` may be."""
    usd_per_million_input: Decimal
    usd_per_million_output: Decimal
    batch_discount: Decimal | None
    """Share of the price that is taken off in batch calls; None where there are none."""
    free_quota: FreeQuota | None
    requests_per_minute: int | None
    """For the whole account; None where no limit is known."""
    tokens_per_minute: int | None
    rates_source: str
    rates_sureness: Sureness
    tasks: frozenset[Task]
    valid_from: date | None
    """The source's own date; None where it has none."""
    source: str
    sureness: Sureness
    note: str
    accepts: frozenset[str] | None = None
    """Types of images that it takes as they are, like image/webp; None for those of the Qwen-OCR service."""

    def price(self, mode: Mode = Mode.REAL_TIME) -> Price:
        """What its tokens cost, asked in this way.

        Raises:
            ConfigurationError: a cloud model without a price, or one that is not offered in batches. A price that is
                not known is never taken for $0: only the embedded engine and servers of one's own may be free.
        """
        per_million = (self.usd_per_million_input, self.usd_per_million_output)
        if self.region not in _MAY_BE_FREE and not all(usd > 0 for usd in per_million):
            raise ConfigurationError(
                f"There is no price for {self.name} in region {self.region}.",
                "Nothing is sent without a known price: choose another model, or complete the catalogue.",
            )
        share = Decimal(1)
        if mode is Mode.BATCH:
            if self.batch_discount is None:
                raise ConfigurationError(
                    f"{self.name} in region {self.region} is not offered in batches.", "Send it in real time."
                )
            share -= self.batch_discount
        try:
            return Price.per_million(*(usd * share for usd in per_million))
        except ValueError as error:
            raise ConfigurationError(
                f"The price of {self.name} in region {self.region} has more decimals than can be counted ({error}).",
                "Give it in US dollars per million tokens with at most six decimals.",
            ) from error

    def is_called(self, name: str) -> bool:
        return name == self.name or name in self.aliases

    @property
    def usual_page_usd(self) -> Decimal:
        """What a usual page costs: the figure by which models are compared. Infinite where no price is known."""
        try:
            return self.price().cost_usd(USUAL_PAGE)
        except ConfigurationError:
            return Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All regions and models of one version."""

    version: str
    regions: dict[str, Region]
    models: tuple[Model, ...]

    def region(self, name: str) -> Region:
        """A region by name; raises `ConfigurationError` naming the known ones."""
        try:
            return self.regions[name]
        except KeyError:
            raise ConfigurationError(
                f"There is no region {name!r}.",
                f"Known regions: {', '.join(self.regions)}; any other address is region custom with a base_url.",
            ) from None

    def models_in(self, region: str) -> list[Model]:
        """The models of a region, in the order of the catalogue."""
        return [m for m in self.models if m.region == region]

    def model(self, region: str, name: str | None = None) -> Model:
        """A model by name or alias, or the region's default.

        Raises:
            ConfigurationError: the model is not offered there; names the models that are. Never a price of $0.
        """
        wanted = name or self.region(region).default_model
        offered = self.models_in(self.region(region).name)
        for model in offered:
            if model.is_called(wanted):
                return model
        if not offered:
            raise ConfigurationError(
                f"No model of region {region} is known, so nothing can be priced.",
                "Add it to pipeline.toml as [[models]], with its prices and limits: see docs/settings.md.",
            )
        elsewhere = sorted({m.region for m in self.models if m.is_called(wanted)})
        hint = f" It is offered in {', '.join(elsewhere)}." if elsewhere else ""
        raise ConfigurationError(
            f"Model {wanted!r} is not offered in region {region}.{hint}",
            f"Models there: {', '.join(m.name for m in offered)}.",
        )

    def pinned_models(self) -> list[Model]:
        """Each cloud region's default model: what one and the same page costs where."""
        return [
            self.model(r.name) for r in self.regions.values() if not r.is_local and self.models_in(r.name)
        ]

    def cheapest_equal(self, model: Model) -> Model:
        """The cheapest pinned model of the same region that does all that `model` does; `model` if all cost more."""
        equal = [
            other
            for other in self.models_in(model.region)
            if other.pinned
            and other.tasks >= model.tasks
            and other.max_output_tokens >= model.max_output_tokens
            and other.max_input_tokens >= model.max_input_tokens
        ]
        return min([*equal, model], key=lambda m: (m.usual_page_usd, not m.pinned))


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that ships with this version."""
    raw = orjson.loads(files(__package__).joinpath("catalogue.json").read_bytes())
    return Catalogue(
        version=raw["version"],
        regions={r["name"]: Region(**r) for r in raw["regions"]},
        models=tuple(model_from(m) for m in raw["models"]),
    )


def model_from(raw: Mapping[str, Any]) -> Model:
    """A model from JSON or TOML values; prices may be strings. Raises pydantic's `ValidationError`."""
    return _MODEL.validate_python(raw)


_MODEL = TypeAdapter(Model)
