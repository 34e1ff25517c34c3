"""Whether bills are what was quoted: input tokens that drift away, and models that cost something else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import Catalogue
from qwenocr_assets.qwenocr.prices import Price
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.rows import CostLedgerRow
from qwenocr_assets.statuses import LedgerState

MOST_INPUT_DRIFT = 0.1
"""Share of a batch's estimated input tokens by which the reported ones may differ."""


@dataclass(frozen=True, slots=True)
class InputDrift:
    """Input tokens of settled calls, as quoted and as reported."""

    estimated: int
    reported: int

    @property
    def share(self) -> float:
        """0.1 when ten percent more were reported than quoted; 0 when nothing was settled."""
        return self.reported / self.estimated - 1 if self.estimated else 0.0

    @property
    def is_within_limit(self) -> bool:
        return abs(self.share) <= MOST_INPUT_DRIFT


def input_drift(rows: Iterable[CostLedgerRow]) -> InputDrift:
    """The drift of these rows of `cost_ledger`."""
    settled = [row for row in rows if row["state"] == LedgerState.SETTLED and row["input_tokens"] is not None]
    estimated = sum(row["estimated_input_tokens"] for row in settled)
    return InputDrift(estimated, sum(row["input_tokens"] or 0 for row in settled))


@dataclass(frozen=True, slots=True)
class PriceDrift:
    """An answer names a model that has another price than the one that was asked for, or none that is known."""

    region: str
    asked: str
    reported: str
    calls: int
    usd_per_million_input: Decimal | None
    """Of the reported model; None when the catalogue does not know it."""
    usd_per_million_output: Decimal | None


def price_drifts(rows: Iterable[CostLedgerRow], catalogue: Catalogue) -> list[PriceDrift]:
    """Reported models of these rows of `cost_ledger` that were priced differently on their day from what was used."""
    calls: Counter[tuple[str, str, str, Price, date]] = Counter()
    for row in rows:
        if row["state"] == LedgerState.SETTLED and row["reported_model"]:
            price = Price.per_million(row["usd_per_million_input"], row["usd_per_million_output"])
            calls[row["region"], row["model"], row["reported_model"], price, row["day"]] += 1
    of_day = {day: catalogue.on(day) for *_, day in calls}
    drifts: Counter[tuple[str, str, str, Decimal | None, Decimal | None]] = Counter()
    for (region, asked, reported, used, day), count in calls.items():
        try:
            model = of_day[day].model(region, reported)
        except ConfigurationError:
            if reported != asked:
                drifts[region, asked, reported, None, None] += count
            continue
        modes = [mode for mode in Mode if mode is Mode.REAL_TIME or model.batch_discount is not None]
        if used not in [model.price(mode) for mode in modes]:
            drifts[(region, asked, reported, *model.price().usd_per_million)] += count
    return [
        PriceDrift(region, asked, reported, count, *usd)
        for (region, asked, reported, *usd), count in drifts.items()
    ]
