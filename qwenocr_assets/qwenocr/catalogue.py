"""Regions, models, prices and limits, read from the versioned data file beside this module.

Prices are Decimal US dollars per million tokens. The file's figures are those of the product guide's model list.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.tasks import Task

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Region:
    """Where the service is called, and the model taken when none is chosen."""

    name: str
    host: str
    default_model: str

    @property
    def is_local(self) -> bool:
        return self.name == "local"


@dataclass(frozen=True, slots=True)
class Model:
    """A model in one region: its limits in tokens and pixels, its prices, its tasks."""

    region: str
    name: str
    aliases: tuple[str, ...]
    pinned: bool
    """Whether the name means one snapshot for ever; other names move, and their prices with them."""
    context_tokens: int
    max_input_tokens: int
    max_image_tokens: int
    max_output_tokens: int
    token_pixels: int
    """Pixels behind one image token."""
    min_pixels: int
    max_pixels: int
    max_pixels_limit: int
    usd_per_million_input: Decimal
    usd_per_million_output: Decimal
    batch_discount: Decimal | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    tasks: frozenset[Task]
    source: str

    def cost_usd(self, input_tokens: int, output_tokens: int) -> Decimal:
        """The exact price of these tokens in US dollars."""
        return (
            self.usd_per_million_input * input_tokens + self.usd_per_million_output * output_tokens
        ) / _MILLION


@dataclass(frozen=True, slots=True)
class TaskTokens:
    """What a task costs beside the image: prompt tokens seen, and output tokens to expect."""

    prompt: int
    expected_output: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All regions and models of one version."""

    version: str
    regions: dict[str, Region]
    models: tuple[Model, ...]
    task_tokens: dict[Task, TaskTokens]

    def region(self, name: str) -> Region:
        """A region by name; raises `ConfigurationError` naming the known ones."""
        try:
            return self.regions[name]
        except KeyError:
            raise ConfigurationError(
                f"There is no region {name!r}.", f"Known regions: {', '.join(self.regions)}."
            ) from None

    def model(self, region: str, name: str | None = None) -> Model:
        """A model by name or alias, or the region's default.

        Raises:
            ConfigurationError: the model is not offered there; names the models that are. Never a price of $0.
        """
        wanted = name or self.region(region).default_model
        offered = [m for m in self.models if m.region == self.region(region).name]
        for model in offered:
            if wanted == model.name or wanted in model.aliases:
                return model
        elsewhere = sorted({m.region for m in self.models if wanted == m.name or wanted in m.aliases})
        hint = f" It is offered in {', '.join(elsewhere)}." if elsewhere else ""
        raise ConfigurationError(
            f"Model {wanted!r} is not offered in region {region}.{hint}",
            f"Models there: {', '.join(m.name for m in offered)}.",
        )

    def pinned_models(self) -> list[Model]:
        """Each cloud region's default model: what one and the same page costs where."""
        return [self.model(r.name) for r in self.regions.values() if not r.is_local]


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that ships with this version."""
    raw = orjson.loads(files(__package__).joinpath("catalogue.json").read_bytes())
    return Catalogue(
        version=raw["version"],
        regions={r["name"]: Region(**r) for r in raw["regions"]},
        models=tuple(_model(m) for m in raw["models"]),
        task_tokens={Task(name): TaskTokens(**tokens) for name, tokens in raw["task_tokens"].items()},
    )


def _model(raw: dict[str, Any]) -> Model:
    discount = raw["batch_discount"]
    return Model(
        **{
            key: raw[key]
            for key in Model.__dataclass_fields__
            if key
            not in ("aliases", "tasks", "usd_per_million_input", "usd_per_million_output", "batch_discount")
        },
        aliases=tuple(raw["aliases"]),
        usd_per_million_input=Decimal(raw["usd_per_million_input"]),
        usd_per_million_output=Decimal(raw["usd_per_million_output"]),
        batch_discount=None if discount is None else Decimal(discount),
        tasks=frozenset(Task(t) for t in raw["tasks"]),
    )
