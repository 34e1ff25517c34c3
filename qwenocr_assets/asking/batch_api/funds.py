"""The seam to the budget: money is set aside in the transaction that plans a line, and settled in the one that
collects it."""

from typing import Protocol

from sqlalchemy import Connection

from qwenocr_assets.qwenocr.answers import Usage


class Funds(Protocol):
    """Where the money for lines comes from; entries are numbers of the ledger. Each may be told the same twice."""

    def reserve(self, connection: Connection, request_key: str, job_id: str) -> int | None:
        """Set aside the worst case of one line, under the job's name; None when there is not enough left."""

    def settle(self, connection: Connection, entry_id: int, usage: Usage, reported_model: str | None) -> None:
        """The line was answered; an answer that reports no usage is billed nobody knows how."""

    def release(self, connection: Connection, entry_id: int) -> None:
        """The line is certainly not billed: only requests that succeed are."""

    def lose(self, connection: Connection, entry_id: int, why: str) -> None:
        """Nobody knows whether the line was billed."""


class OpenFunds:
    """No budget: nothing is written down."""

    def reserve(self, connection: Connection, request_key: str, job_id: str) -> int | None:  # noqa: ARG002  the seam's
        return 0

    def settle(self, connection: Connection, entry_id: int, usage: Usage, reported_model: str | None) -> None:
        pass

    def release(self, connection: Connection, entry_id: int) -> None:
        pass

    def lose(self, connection: Connection, entry_id: int, why: str) -> None:
        pass
