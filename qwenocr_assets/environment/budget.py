"""The budget as a run uses it: the caps, and the purse from which calls are paid."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.catching_up import catch_up
from qwenocr_assets.cost.entries import Refused
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.purse import calls_of, open_purse
from qwenocr_assets.cost.unfunded import remember
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.catalogue import Model
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

    @asynccontextmanager
    async def purse(
        self,
        requests: Iterable[OcrRequestRow],
        model: Model,
        *,
        batch_id: str,
        run_id: str,
        put_off_since: float | None = None,
    ) -> AsyncIterator[Purse]:
        """A purse for these rows of `ocr_requests` at a model; afterwards, what was refused is remembered.

        With `put_off_since`, no money is set aside for what another batch asks just now, or was answered since then.

        Raises:
            ConfigurationError: the model has no price.
            StorageError: the ledger could not be written, or is not the one any more that it was.
            AboveReserve: an answer cost more than was set aside for it.
        """
        if model.price().is_free:
            yield OpenPurse()
            return
        calls = calls_of(requests, model, self.environment.catalogue.version, run_id)
        with self.ledger() as ledger:
            refused: list[Refused] = []
            async with open_purse(ledger, self.caps, calls, put_off_since=put_off_since) as purse:
                yield purse
                refused = list(purse.refused.values())
            remember(ledger, batch_id, refused)
