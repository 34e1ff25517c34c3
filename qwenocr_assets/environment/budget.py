"""The budget as a run uses it: the caps, and the purse from which calls are paid."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.catching_up import catch_up
from qwenocr_assets.cost.entries import Refused
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.purse import calls_of, open_purse
from qwenocr_assets.cost.unfunded import remember
from qwenocr_assets.environment.accounts import note_refusal, note_served, take_account
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.qwenocr.purse import OpenPurse, Purse
from qwenocr_assets.rows import OcrRequestRow
from qwenocr_assets.storage.disk import writing_to


@dataclass(frozen=True)
class CostBudget:
    """The most that may be spent, and the ledger in which all processes write down what was."""

    environment: Environment

    @property
    def caps(self) -> Caps:
        return self.environment.caps

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger, open.

        Raises:
            ConfigurationError, StorageError: its database cannot be opened, or its disk is full.
        """
        with writing_to("the ledger"), Ledger.open(self.environment.database_url) as ledger:
            yield ledger

    def catch_up(self, tell: Callable[[str], object]) -> None:
        """Bring the ledger up to the journals, where it is an older one or a new one; people are told.

        Raises:
            ConfigurationError, StorageError: the ledger cannot be opened, or a journal cannot be read.
        """
        if self.environment.model.price().is_free:
            return
        with self.ledger() as ledger:
            lacked = catch_up(ledger, self.environment.data, self.environment.catalogue)
        if lacked.answers:
            tell(f"The ledger lacked {lacked}. They are entered now, and count against the budget.")

    def asked_elsewhere(self, batch_id: str) -> set[str]:
        """The request keys that living processes ask for other batches just now."""
        with self.ledger() as ledger:
            return ledger.asked_elsewhere(batch_id)

    def take_account(
        self, batch_id: str, accounts: Sequence[Account], requests: Iterable[OcrRequestRow]
    ) -> Account:
        """The account of a region that a batch asks with: the one that it has, or else the one with most room."""
        if len(accounts) == 1:
            return accounts[0]
        model = accounts[0].model
        dearest = 0
        if not model.price().is_free:
            calls = calls_of(requests, model, self.environment.catalogue.version, "")
            dearest = max((call.worst_pico for call in calls.values()), default=0)
        with self.ledger() as ledger:
            return take_account(ledger, batch_id, accounts, self.caps, dearest)

    def note_account(
        self, batch_id: str, account: Account, accounts: Sequence[Account], refused: QwenocrError | None
    ) -> None:
        """Whether the service took an account's calls: one that was refused is left alone while there are others."""
        if len(accounts) == 1:
            return
        with self.ledger() as ledger:
            if refused is None:
                note_served(ledger, account)
            else:
                note_refusal(ledger, batch_id, account, refused.message)

    @asynccontextmanager
    async def purse(
        self,
        requests: Iterable[OcrRequestRow],
        account: Account,
        *,
        batch_id: str,
        run_id: str,
        put_off_since: float | None = None,
    ) -> AsyncIterator[Purse]:
        """A purse for these rows of `ocr_requests` at an account; afterwards, what was refused is remembered.

        With `put_off_since`, no money is set aside for what another batch asks just now, or was answered since then.

        Raises:
            ConfigurationError: the model has no price.
            StorageError: the ledger could not be written, or is not the one any more that it was.
            AboveReserve: an answer cost more than was set aside for it.
        """
        model = account.model
        if model.price().is_free:
            yield OpenPurse()
            return
        calls = calls_of(requests, model, self.environment.catalogue.version, run_id, account=account.name)
        with self.ledger() as ledger:
            refused: list[Refused] = []
            async with open_purse(ledger, self.caps, calls, put_off_since=put_off_since) as purse:
                yield purse
                refused = list(purse.refused.values())
            remember(ledger, batch_id, refused)
