"""The money of batch jobs: set aside at the batch price when a line is planned, settled when it is collected.

An entry's lease is its job's name, which no process renews: the money stays set aside for as long as the service may
take, whatever becomes of the process that planned it.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from qwenocr_assets.cost import entries
from qwenocr_assets.cost.above_reserve import above_reserve
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Call, Refused
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Scope
from qwenocr_assets.errors import AboveReserve
from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.prices import Price


class LedgerFunds:
    """Money of the ledger for these calls, by request key; without calls, only what is set aside can be settled."""

    def __init__(self, ledger: Ledger, caps: Caps, calls: Mapping[str, Call]) -> None:
        self._ledger = ledger
        self._caps = caps
        self._calls = calls
        self.refused: dict[Scope, Refused] = {}
        """The last refusal of each scope that had no money left."""
        self.above: AboveReserve | None = None
        """That an answer cost more than was set aside for it: the first that did."""

    def reserve(self, connection: Connection, request_key: str, job_id: str) -> int | None:
        """Set aside the worst case of a line; None when a cap leaves no room for it. 0 for what is free."""
        call = self._calls[request_key]
        if call.price.is_free:
            return 0
        outcome = entries.reserve(connection, call, self._caps, f"batch:{job_id}", self._ledger.now())
        if isinstance(outcome, Refused):
            self.refused[outcome.scope] = outcome
            return None
        return outcome.entry_id

    def priced(self, connection: Connection, entry_ids: Iterable[int]) -> Mapping[int, tuple[Price, str]]:
        """The price at which each entry's money was set aside, and the version of its catalogue."""
        return entries.priced(connection, entry_ids)

    def settle(self, connection: Connection, entry_id: int, usage: Usage, reported_model: str | None) -> None:
        """The line was answered."""
        tokens = usage.billed
        if tokens is None:
            self.lose(connection, entry_id, "the answer reports no usage")
            return
        cost = entries.settle(connection, entry_id, tokens, reported_model, self._ledger.now())
        task, reserved = entries.set_aside(connection, entry_id)
        if cost > reserved:
            self.above = self.above or above_reserve(task, cost, reserved)

    def release(self, connection: Connection, entry_id: int) -> None:
        """The line is certainly not billed."""
        entries.release(connection, entry_id, self._ledger.now())

    def lose(self, connection: Connection, entry_id: int, why: str) -> None:
        """Nobody knows whether the line was billed."""
        entries.lose(connection, entry_id, why, self._ledger.now())
