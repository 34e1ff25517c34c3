"""The resources: where data lies, the regional client, the routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Literal

import dagster as dg
import httpx
from upath import UPath

from qwenocr_assets.asking.catalogue_overrides import configured_catalogue
from qwenocr_assets.asking.failover import failover_order
from qwenocr_assets.asking.shared_calls import SharedCalls
from qwenocr_assets.defs.budget import budget_of
from qwenocr_assets.defs.progress import QuietProgress
from qwenocr_assets.intake.routes import Route, load_routes
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.purse import Purse
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.settings import Settings, load_settings, project_root
from qwenocr_assets.storage.data_folder import DataFolder


class DataRoot(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The data folder: a local path or any fsspec URL."""

    url: str

    @property
    def folder(self) -> DataFolder:
        return DataFolder(UPath(self.url))


class Routes(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Which documents get which tasks: the `[[routes]]` of pipeline.toml."""

    definitions: list[dict[str, Any]]

    def load(self) -> tuple[Route, ...]:
        return load_routes(self.definitions, project_root())


class QwenOcr(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The client of one region. The API key is read when a client opens, and is no part of the configuration."""

    region: str
    model: str | None = None
    base_url: str | None = None
    protocol: str | None = None
    workspace: str | None = None
    allow_http: bool = False
    models: list[dict[str, Any]] = []  # noqa: RUF012  pydantic copies it
    failover: list[str] = []  # noqa: RUF012  pydantic copies it
    concurrency: int | None = None
    max_attempts: int = 4
    timeout_seconds: float = 330.0
    stream: Literal["auto", "always", "never"] = "auto"

    @property
    def catalogue(self) -> Catalogue:
        return configured_catalogue(
            region=self.region,
            base_url=self.base_url,
            protocol=self.protocol,
            workspace=self.workspace,
            allow_http=self.allow_http,
            models=self.models,
        )

    @property
    def region_entry(self) -> Region:
        return self.catalogue.region(self.region)

    @property
    def model_entry(self) -> Model:
        return self.catalogue.model(self.region, self.model)

    @property
    def order(self) -> tuple[tuple[Region, Model], ...]:
        """The region and model to ask, and those to go on with while the first is down."""
        settings = load_settings(region=self.region, model=self.model, failover=self.failover)
        return failover_order(self.catalogue, settings)

    @property
    def in_flight(self) -> int:
        """Requests in flight at once."""
        return self.options.in_flight(self.region_entry)

    @property
    def options(self) -> ClientOptions:
        """How the client calls."""
        return ClientOptions.model_validate(
            {name: getattr(self, name) for name in ClientOptions.model_fields}
        )

    def engine(self) -> Any:
        """The ASGI app that answers in the place of region local's own."""
        return None

    @asynccontextmanager
    async def client(self, region: Region, model: Model, purse: Purse | None = None) -> AsyncIterator[Client]:
        """A client with its connections; in the cloud it shares the account's limits with all other processes.

        Raises:
            MissingApiKey: the region is in the cloud and no key is set.
        """
        settings = load_settings()
        engine = self.engine() if region.is_local else None
        calls = (
            nullcontext()
            if region.is_local
            else SharedCalls(settings.ledger_url, f"{region.host} {model.name}")
        )
        with calls as shared_calls:
            async with Client(
                region,
                model,
                settings.api_key_for(region.name),
                options=self.options,
                purse=purse,
                shared_calls=shared_calls,
                catalogue=self.catalogue,
                transport=httpx.ASGITransport(engine) if engine is not None else None,
            ) as client:
                yield client


def resources_for(settings: Settings) -> dict[str, Any]:
    """The resources as the settings say, by the names assets ask for."""
    return {
        "data": DataRoot(url=str(settings.data_folder.root)),
        "routes": Routes(definitions=settings.routes),
        "qwen_ocr": QwenOcr(
            region=settings.region,
            model=settings.model,
            base_url=settings.base_url,
            protocol=settings.protocol,
            workspace=settings.workspace,
            allow_http=settings.allow_http,
            models=settings.models,
            failover=settings.failover,
            concurrency=settings.concurrency,
            max_attempts=settings.max_attempts,
            timeout_seconds=settings.timeout_seconds,
            stream=settings.stream,
        ),
        "cost_budget": budget_of(settings),
        "progress": QuietProgress(),
    }
