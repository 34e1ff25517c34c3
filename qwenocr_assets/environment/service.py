"""The service as a run uses it: an account's client, and its Batch API."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.asking.shared_calls import SharedCalls
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.purse import Purse


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
        account: Account,
        purse: Purse | None = None,
        tell: Callable[[str], object] = lambda _: None,
    ) -> AsyncIterator[Client]:
        """An account's client with its connections; it shares the account's limits with all other processes.

        `tell` hears of long waits.

        Raises:
            MissingApiKey: the account needs a key and none is set.
            ConfigurationError: the region is `local` and the embedded engine is not installed.
        """
        environment, region = self.environment, account.region
        calls = (
            nullcontext() if region.is_local else SharedCalls(environment.database_url, account.limits_scope)
        )
        with calls as shared_calls:
            async with Client(
                region,
                account.model,
                account.key(environment.settings),
                options=environment.settings,
                purse=purse,
                shared_calls=shared_calls,
                catalogue=environment.catalogue,
                transport=environment.transport(region),
                tell=tell,
            ) as client:
                yield client

    def batch_service(self, account: Account | None = None) -> BatchService:
        """The Batch API of an account; without one, of the first of the region that is set.

        Raises:
            MissingApiKey: there is no key for it.
        """
        account = account or self.environment.accounts[0]
        return BatchService(account.region, account.key(self.environment.settings))

    @contextmanager
    def batch_services(self) -> Iterator[Callable[[str], BatchService]]:
        """The Batch API of accounts by name, each opened when it is first asked for; all are closed at the end.

        Asking for one raises what `account_called` and `batch_service` do.
        """
        with ExitStack() as stack:
            opened: dict[str, BatchService] = {}

            def called(name: str) -> BatchService:
                if name not in opened:
                    account = self.environment.account_called(name)
                    opened[name] = stack.enter_context(self.batch_service(account))
                return opened[name]

            yield called
