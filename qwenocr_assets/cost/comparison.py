"""What the same requests would cost elsewhere: every region and model, in real time and in batches."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qwenocr_assets.cost.expectations import Expectation
from qwenocr_assets.cost.quote import quote_request
from qwenocr_assets.qwenocr.advice import lacks
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.requests import Mode, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrRequestRow, PageRow
from qwenocr_assets.schemas import is_ready

WORTH_A_WARNING = 2
"""How many times the cheapest equal offer's price."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to have requests answered, and what it costs."""

    region: str
    model: str
    batch: bool
    """Within a day or more instead of at once, and without the built-in tasks' positions."""
    pinned: bool
    expected_usd: Decimal
    worst_usd: Decimal
    missing_tasks: tuple[str, ...]
    """Tasks that the model does not do; their price is not in it."""
    is_going: bool = False
    """Better not chosen: not recommended, or with an end that is known."""

    @property
    def complete(self) -> bool:
        return not self.missing_tasks


def compare(rows: Iterable[OcrRequestRow], pages: Iterable[PageRow], catalogue: Catalogue) -> list[Offer]:
    """What these rows of `ocr_requests` would cost at every cloud model: complete offers first, cheapest first."""
    sizes = {page["page_id"]: (page["width_px"], page["height_px"]) for page in pages if is_ready(page)}
    alike = Counter(
        (
            *sizes[r["page_id"]],
            r["task"],
            r["options"],
            r["expected_output_tokens"],
            r["expected_output_from"],
        )
        for r in rows
    )
    offers = [
        _offer(model, mode, alike)
        for model in catalogue.models
        if model.region != "local"
        for mode in Mode
        if mode is Mode.REAL_TIME or model.batch_discount is not None
    ]
    return sorted(
        offers, key=lambda o: (not o.complete, o.expected_usd, o.is_going, not o.pinned, o.batch, o.region)
    )


def _offer(model: Model, mode: Mode, alike: Counter[tuple[Any, ...]]) -> Offer:
    expected = worst = Decimal(0)
    missing: dict[str, None] = {}
    for (width_px, height_px, name, options, output_tokens, source), count in alike.items():
        task = Task(name)
        if task not in model.tasks:
            missing[name] = None
            continue
        quote = quote_request(
            width_px,
            height_px,
            task,
            RequestOptions.from_json(options),
            model,
            mode,
            Expectation(output_tokens, source),
        )
        expected += count * quote.expected_cost_usd
        worst += count * quote.worst_cost_usd
    batch, missing_tasks = mode is Mode.BATCH, tuple(missing)
    return Offer(
        model.region, model.name, batch, model.pinned, expected, worst, missing_tasks, model.is_going
    )


def dear(offers: Iterable[Offer], region: str, model: str, catalogue: Catalogue | None = None) -> str | None:
    """A warning when the chosen model costs more than twice the cheapest equal one; None when it does not.

    With `catalogue` it says what the cheaper one cannot.

    Equal is what answers the same requests at once from the same region: another region needs another key and keeps
    the data elsewhere, and a batch takes hours.
    """
    at_once = [o for o in offers if o.region == region and not o.batch]
    chosen = next((o for o in at_once if o.model == model), None)
    equal = next((o for o in at_once if o.complete and o.pinned and not o.is_going), None)
    if chosen is None or equal is None or chosen.expected_usd <= WORTH_A_WARNING * equal.expected_usd:
        return None
    times = chosen.expected_usd / equal.expected_usd if equal.expected_usd else Decimal("Infinity")
    less = catalogue and lacks(catalogue.model(region, equal.model), catalogue.model(region, model))
    return (
        f"{chosen.model} in {region} costs {times:.1f} times as much as {equal.model} for the same requests: "
        f'set model = "{equal.model}" in pipeline.toml.' + (f" {less}" if less else "")
    )
