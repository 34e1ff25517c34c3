"""The seam to the budget: money is set aside in the transaction that plans a line, and settled in the one that
collects it."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from sqlalchemy import Connection

from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.prices import Price


class Funds(Protocol):
    """Where the money for lines comes from; entries are numbers of the ledger. Each may be told the same twice."""

    def reserve(self, connection: Connection, request_key: str, job_id: str) -> int | None:
        """Set aside the worst case of one line, under the job's name; None when there is not enough left."""

    def priced(self, connection: Connection, entry_ids: Iterable[int]) -> Mapping[int, tuple[Price, str]]:
        """The price at which each entry's money was set aside, and the version of its catalogue."""

    def settle(self, connection: Connection, entry_id: int, usage: Usage, reported_model: str | None) -> None:
        """The line was answered; an answer that reports no usage is billed nobody knows how."""

    def release(self, connection: Connection, entry_id: int) -> None:
        """The line is certainly not billed: only requests that succeed are."""

    def lose(self, connection: Connection, entry_id: int, why: str) -> None:
        """Nobody knows whether the line was billed."""
