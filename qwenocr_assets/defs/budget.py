"""The budget as a resource: the caps, and the purse from which calls are paid."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Any

import dagster as dg

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Refused
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.money import price_of
from qwenocr_assets.cost.purse import calls_of, open_purse
from qwenocr_assets.cost.unfunded import remember
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.purse import OpenPurse, Purse
from qwenocr_assets.settings import Settings, load_settings
from qwenocr_assets.storage.disk import writing_to


class CostBudget(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The most that may be spent, in US dollars (as text: exact). Days and months are UTC.

    What was spent stands in the ledger, a database that all processes share. Its address may hold a password, so it
    is read from the settings when it is needed, and is no part of the configuration.
    """

    usd_per_run: str | None = None
    usd_per_day: str | None = None
    usd_per_month: str | None = None
    usd_per_month_by_route: dict[str, str] = {}  # noqa: RUF012  pydantic copies it

    @property
    def caps(self) -> Caps:
        run, day, month = (
            None if usd is None else Decimal(usd)
            for usd in (self.usd_per_run, self.usd_per_day, self.usd_per_month)
        )
        routes = {route: Decimal(usd) for route, usd in self.usd_per_month_by_route.items()}
        return Caps.of_usd(run=run, day=day, month=month, routes=routes)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger, open.

        Raises:
            ConfigurationError, StorageError: its database cannot be opened, or its disk is full.
        """
        with writing_to("the ledger"), Ledger.open(load_settings().ledger_url) as ledger:
            yield ledger

    @asynccontextmanager
    async def purse(
        self,
        requests: Iterable[Mapping[str, Any]],
        model: Model,
        *,
        catalogue_version: str,
        batch_id: str,
        run_id: str,
    ) -> AsyncIterator[Purse]:
        """A purse for these rows of `ocr_requests` at a model; afterwards, what was refused is remembered.

        Raises:
            ConfigurationError: the model has no price.
        """
        if price_of(model).is_free:
            yield OpenPurse()
            return
        calls = calls_of(requests, model, catalogue_version, run_id)
        with self.ledger() as ledger:
            refused: list[Refused] = []
            async with open_purse(ledger, self.caps, calls) as purse:
                yield purse
                refused = list(purse.refused.values())
            remember(ledger, batch_id, refused)


def budget_of(settings: Settings) -> CostBudget:
    """The budget that pipeline.toml sets."""
    budget = settings.budget

    def text(usd: Decimal | None) -> str | None:
        return None if usd is None else str(usd)

    return CostBudget(
        usd_per_run=text(budget.usd_per_run),
        usd_per_day=text(budget.usd_per_day),
        usd_per_month=text(budget.usd_per_month),
        usd_per_month_by_route={route: str(usd) for route, usd in budget.usd_per_month_by_route.items()},
    )
