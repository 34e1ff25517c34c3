"""What all steps work with: the settings and what follows from them, made once and handed on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from qwenocr_assets.asking.accounts import Account, accounts_in
from qwenocr_assets.asking.catalogue_overrides import catalogue_of
from qwenocr_assets.asking.failover import failover_order
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.environment.decoding import recipe_for
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.at_hand import AtHand
from qwenocr_assets.intake.manifest import resolved
from qwenocr_assets.intake.route_loading import load_routes
from qwenocr_assets.intake.routes import DEFAULT_ROUTE, Route
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.settings import Settings, load_settings, project_root
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.tables.values.notation import Notation
from qwenocr_assets.warehouse.result_schemas import ResultSchema, result_schemas

Transport = Callable[[Region], httpx.AsyncBaseTransport | None]
"""The way to a region, where it is another than the client's own."""


def the_network(_: Region) -> None:
    """The region's own way: the network, or for region `local` the embedded engine in this process."""


@dataclass(frozen=True)
class Environment:
    """The settings, and what they say about data, routes, models and money. Read once, however many steps ask.

    All of its properties raise `ConfigurationError` where the settings cannot be.
    """

    settings: Settings
    transport: Transport = the_network
    project: Path = field(default_factory=project_root)
    """The folder with `pipeline.toml` and `dbt_like_sql/`."""

    @classmethod
    def load(cls, **overrides: Any) -> "Environment":
        """As the environment, `.env` and pipeline.toml say now; `overrides` are settings by name."""
        return cls(load_settings(**overrides))

    @cached_property
    def data(self) -> DataFolder:
        return self.settings.data_folder

    @cached_property
    def at_hand(self) -> AtHand:
        """Files of a bucket that the steps of this process have fetched."""
        return AtHand()

    @property
    def database_url(self) -> str:
        """The database that all processes share: money, limits, leases, jobs. It may hold a password."""
        return self.settings.ledger_url

    @cached_property
    def catalogue(self) -> Catalogue:
        return catalogue_of(self.settings)

    @property
    def region(self) -> Region:
        return self.catalogue.region(self.settings.region)

    @property
    def model(self) -> Model:
        return self.catalogue.model(self.settings.region, self.settings.model)

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts of the region that is set; a batch takes one of them."""
        return accounts_in(self.catalogue, self.settings, self.region, self.model)

    @cached_property
    def accounts_in_order(self) -> tuple[tuple[Account, ...], ...]:
        """The accounts of the region to ask, and those of each region to go on with while the first is down."""
        return failover_order(self.catalogue, self.settings)

    def account_called(self, name: str) -> Account:
        """An account of the region that is set, by its name; the region's name stands for its own key.

        Raises:
            ConfigurationError: none is called so.
        """
        for account in self.accounts:
            if account.name == name:
                return account
        if name == self.region.name:
            return Account(name, self.region, self.model)
        raise ConfigurationError(
            f"Batch jobs were handed over with account {name}, which is none of region {self.region.name} now.",
            "Set the region, and list the account, as before, until `qwenocr batch collect` has their answers.",
        )

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """The `[[routes]]` of pipeline.toml; the default route is not among them."""
        return load_routes(self.settings.routes, self.project)

    @cached_property
    def routed_folders(self) -> tuple[str, ...]:
        """The folders whose inner folders routes go by, whichever of them was given: the inbox and the project."""
        return str(resolved(self.settings.inbox_folder)), str(self.project.resolve())

    @cached_property
    def routes_by_name(self) -> Mapping[str, Route]:
        """All routes, the default one too."""
        return {route.name: route for route in (DEFAULT_ROUTE, *self.routes)}

    @cached_property
    def recipes(self) -> Mapping[str, Recipe]:
        """By route, how pages of its documents are made."""
        model = self.model
        most = model.max_url_bytes if self.region.offers_uploads else 0
        return {
            name: recipe_for(self.settings, route, model.accepts, most)
            for name, route in self.routes_by_name.items()
        }

    @cached_property
    def notations(self) -> Mapping[str, Notation]:
        """By route, how its documents write dates and numbers."""
        return {route.name: Notation(route.date_order, route.decimal) for route in self.routes}

    @property
    def routes_taking_text_layers(self) -> frozenset[str]:
        """Routes that take a page's own text for what it says, where nothing speaks against it."""
        local = self.region.is_local
        return frozenset(
            n for n, route in self.routes_by_name.items() if route.takes_text_layers(is_local=local)
        )

    @property
    def routes_showing_text_layers(self) -> frozenset[str]:
        """Routes that say that a page's own text is to be among the lines, alone or beside what is recognised."""
        return frozenset(route.name for route in self.routes if route.text_layer in ("use", "compare"))

    @cached_property
    def caps(self) -> Caps:
        together = self.settings.accounts_in(self.settings.region)
        others = [a for name in self.settings.failover for a in self.settings.accounts_in(name)]
        return Caps.of_settings(self.settings.budget, together, others)

    @property
    def models_folder(self) -> Path:
        """The SQL models."""
        return self.project / "dbt_like_sql"

    @cached_property
    def result_schemas(self) -> tuple[ResultSchema, ...]:
        """The result schemas of the routes, from which wide views are made."""
        return result_schemas(self.settings.routes, self.project)

    def require_usable(self) -> None:
        """Find out before anything is read whether documents could be: models, keys, routes, the data folder.

        Raises:
            ConfigurationError: a setting that cannot work, like a cloud region without a key, or data in a bucket
                without a database beside it.
            StorageError: the data folder cannot be written.
        """
        _ = self.accounts_in_order, self.routes, self.database_url
        self.data.require_writable()
