"""The service as a run uses it: the regional client, and the Batch API."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from qwenocr_assets.asking.shared_calls import SharedCalls
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.purse import Purse
from qwenocr_assets.qwenocr.regions import Region


@dataclass(frozen=True)
class QwenOcr:
    """Clients as the settings say. API keys are read when a client opens, and are kept nowhere."""

    environment: Environment

    @property
    def in_flight(self) -> int:
        """Requests in flight at once."""
        return self.environment.settings.in_flight(self.environment.region)

    @asynccontextmanager
    async def client(
        self,
        region: Region,
        model: Model,
        purse: Purse | None = None,
        tell: Callable[[str], object] = lambda _: None,
    ) -> AsyncIterator[Client]:
        """A client with its connections; in the cloud it shares the account's limits with all other processes.

        `tell` hears of long waits.

        Raises:
            MissingApiKey: the region is in the cloud and no key is set.
            ConfigurationError: the region is `local` and the embedded engine is not installed.
        """
        environment = self.environment
        calls = (
            nullcontext()
            if region.is_local
            else SharedCalls(environment.database_url, region.limits_scope(model.name))
        )
        with calls as shared_calls:
            async with Client(
                region,
                model,
                environment.settings.api_key_for(region.name),
                options=environment.settings,
                purse=purse,
                shared_calls=shared_calls,
                catalogue=environment.catalogue,
                transport=environment.transport(region),
                tell=tell,
            ) as client:
                yield client

    def batch_service(self) -> BatchService:
        """The Batch API of the region that is set.

        Raises:
            MissingApiKey: there is no key for it.
        """
        region = self.environment.region
        return BatchService(region, self.environment.settings.api_key_for(region.name))
