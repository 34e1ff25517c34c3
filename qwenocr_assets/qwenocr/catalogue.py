"""Models, prices and limits per region, read from the versioned data file beside this module.

Prices are Decimal US dollars per million tokens. The file is a history: a model's rows follow each other, each with the
day from which it holds, its source and how sure that is; what its sources disagree about is in `note`. The last row is
what is asked and paid now, and `Catalogue.on` is the catalogue as it was on another day. Overrides:
`catalogue_overrides.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.images import MAX_UPLOAD_BYTES
from qwenocr_assets.qwenocr.prices import Price, Tokens
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.requests import Mode, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task

_MAY_BE_FREE = ("local", "custom")

USUAL_PAGE = Tokens(4_000, 900)
"""An A4 page at 200 dpi, and the text lines of a full page: what models are compared by."""

Sureness = Literal["high", "medium", "low"]
"""high: two independent sources; medium: one official text; low: a third party's, or inferred."""


Dialect = Literal["native", "openai", "responses"]
"""Ways of asking: those of `Protocol`, and the OpenAI-compatible Responses API."""


@dataclass(frozen=True, slots=True)
class FreeQuota:
    """Tokens, in and out together, that an account need not pay for. Costs are never reduced by it."""

    tokens: int
    days: int
    """From the latest of the account's activation, the model's launch and its approval."""
    launched_on: date | None = None
    """The earliest day on which the model may have been launched; None where it is older than the quota."""


@dataclass(frozen=True, slots=True)
class WholePdf:
    """The most of a PDF that goes in whole: pages by task, and bytes of the file."""

    pages_of_document_parsing: int
    pages_of_other_tasks: int
    max_bytes: int

    def most_pages(self, task: Task) -> int:
        """Pages of one PDF for this task."""
        return self.pages_of_document_parsing if task is Task.DOCUMENT_PARSING else self.pages_of_other_tasks


@dataclass(frozen=True, slots=True)
class Model:
    """A model in one region from a day on: its limits in tokens and pixels, its prices, what it can."""

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
    requests_per_minute: int | None
    """For the whole account; None where no limit is known."""
    tokens_per_minute: int | None
    rates_source: str
    rates_sureness: Sureness
    tasks: frozenset[Task]
    valid_from: date | None
    """The day of the first dated source that says so; None for what has no date, which holds for ever."""
    source: str
    sureness: Sureness
    note: str
    """What the sources disagree about."""
    free_quota: FreeQuota | None = None
    """As it is now, also in earlier rows."""
    accepts: frozenset[str] | None = None
    """Types of images that it takes as they are, like image/webp; None for those of the Qwen-OCR service."""
    dialects: frozenset[Dialect] = frozenset({"native", "openai"})
    turns: bool = False
    """Whether it sees more than the last message of a conversation."""
    whole_pdf: WholePdf | None = None
    """How much of a PDF it takes whole, in the Responses dialect; None where it takes images only."""
    max_url_bytes: int = MAX_UPLOAD_BYTES
    """Most bytes of an image by address or upload."""
    streams_documents: bool = True
    """False where an answer to document_parsing has parts beside its text, which a stream may lose."""
    asks_for_max_tokens: bool = False
    """Whether each request names `max_output_tokens` as its most: where sources disagree about what the service gives
    by itself, an answer could else be longer than what is reserved for it."""
    recommended: bool = True
    retires_on: date | None = None
    """The first day on which the name is not answered any more; None where no end is known."""
    instead: str | None = None
    """The model to take instead of one that is not recommended or retires."""
    standing_source: str = ""
    """Who says that it is not recommended, or retires."""
    standing_sureness: Sureness = "medium"

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

    def asked_with(self, options: RequestOptions) -> RequestOptions:
        """The options as they are sent: with its most output tokens, where it `asks_for_max_tokens`."""
        if not self.asks_for_max_tokens or options.max_tokens is not None:
            return options
        return replace(options, max_tokens=self.max_output_tokens)

    def may_stream(self, task: Task) -> bool:
        """Whether a stream carries all of an answer: that of the built-in tasks' `ocr_result` is not documented."""
        return task.spec.streams and (self.streams_documents or task is not Task.DOCUMENT_PARSING)

    @property
    def is_going(self) -> bool:
        """Whether it is better not chosen: not recommended, or with an end that is known."""
        return not self.recommended or self.retires_on is not None

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
    """As they are asked and paid now."""
    earlier: tuple[Model, ...] = ()
    """Rows that later ones have replaced: each held until the next of its model begins. The oldest first."""

    def on(self, day: date) -> "Catalogue":
        """The catalogue with the rows that held on a day, UTC: answers of that day were priced by them.

        The oldest row of a model stands for all days before it.
        """
        return replace(self, models=tuple(self._row_on(model, day) for model in self.models), earlier=())

    def _row_on(self, model: Model, day: date) -> Model:
        rows = [m for m in self.earlier if (m.region, m.name) == (model.region, model.name)] + [model]
        held = [row for row in rows if row.valid_from is None or row.valid_from <= day]
        return (held or rows[:1])[-1]

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
                f'Add to pipeline.toml: [[models]] with region = "{region}", name = "{wanted or "its name"}" and '
                "free = true, or its prices and limits (docs/settings.md).",
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
            and not other.is_going
            and other.tasks >= model.tasks
            and other.max_output_tokens >= model.max_output_tokens
            and other.max_input_tokens >= model.max_input_tokens
        ]
        return min([*equal, model], key=lambda m: (m.usual_page_usd, not m.pinned))


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that ships with this version."""
    raw = orjson.loads(files(__package__).joinpath("catalogue.json").read_bytes())
    histories = [_history(model) for model in raw["models"]]
    return Catalogue(
        version=raw["version"],
        regions={r["name"]: Region(**r) for r in raw["regions"]},
        models=tuple(rows[-1] for rows in histories),
        earlier=tuple(row for rows in histories for row in rows[:-1]),
    )


def _history(raw: Mapping[str, Any]) -> list[Model]:
    """A model's rows, the oldest first: each is the one before it with its own fields over it."""
    always = {name: value for name, value in raw.items() if name != "rows"}
    return [model_from(always | row) for row in accumulate(raw["rows"], lambda before, row: before | row)]


def model_from(raw: Mapping[str, Any]) -> Model:
    """A model from JSON or TOML values; prices may be strings. Raises pydantic's `ValidationError`."""
    return _MODEL.validate_python(raw)


_MODEL = TypeAdapter(Model)
