"""The purse of a run: what the client asks before each call, and tells after it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import TypeVar

from sqlalchemy import Connection

from qwenocr_assets.asking.answering import AskedElsewhere
from qwenocr_assets.cost import entries
from qwenocr_assets.cost.above_reserve import above_reserve
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.clerk import Clerk
from qwenocr_assets.cost.entries import Call, Refused, Reserved
from qwenocr_assets.cost.lease import living_lease
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Scope
from qwenocr_assets.errors import AboveReserve, StorageError
from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.requests import Mode, Request
from qwenocr_assets.rows import OcrRequestRow

_log = logging.getLogger(__name__)

T = TypeVar("T")


class LedgerHold:
    """Money set aside in the ledger for one call."""

    def __init__(self, purse: "LedgerPurse", call: Call, entry_id: int) -> None:
        self._purse = purse
        self._call = call
        self.entry_id = entry_id

    async def settle(self, usage: Usage, reported_model: str | None) -> None:
        """An answer came. One that does not say what it used is billed nobody knows how."""
        tokens = usage.billed
        if tokens is None:
            await self.lose("the answer reports no usage")
            return
        cost = await self._purse.write(
            self.entry_id,
            lambda connection, now: entries.settle(connection, self.entry_id, tokens, reported_model, now),
        )
        if cost is not None and cost > self._call.worst_pico:
            self._purse.has_cost_more(self._call, cost)

    async def release(self) -> None:
        """It is certain that nothing was billed."""
        await self._purse.write(
            self.entry_id, lambda connection, now: entries.release(connection, self.entry_id, now)
        )

    async def lose(self, why: str) -> None:
        """The answer was lost: it may have been billed."""
        await self._purse.write(
            self.entry_id, lambda connection, now: entries.lose(connection, self.entry_id, why, now)
        )


class LedgerPurse:
    """Sets money aside for the calls of one batch's run; calls that it was not told of are refused as a mistake.

    Once the ledger could not be written, or an answer cost more than was set aside, nothing more is.
    """

    def __init__(
        self,
        ledger: Ledger,
        clerk: Clerk,
        caps: Caps,
        lease_id: str,
        calls: Mapping[str, Call],
        *,
        put_off_since: float | None = None,
    ) -> None:
        self._put_off_since = put_off_since
        self._ledger = ledger
        self._clerk = clerk
        self._caps = caps
        self._lease_id = lease_id
        self._calls = calls
        self.refused: dict[Scope, Refused] = {}
        """The last refusal of each scope that had no money left."""
        self.broken: StorageError | AboveReserve | None = None
        """Why nothing more is set aside."""
        self._newest_entry = 0
        self._in_flight = 0
        self._one_ended = asyncio.Event()

    async def reserve(self, request: Request, request_key: str) -> LedgerHold | None:  # noqa: ARG002  the seam's
        """Set aside the worst case of one call; None when a cap leaves no room for it.

        Where only calls in flight stand in the way, it waits for those of this purse: they rarely cost their worst
        case, and a batch should not stop as long as there is money.

        Raises:
            AskedElsewhere: another batch asks the same, and this purse puts that off.
            StorageError: the ledger cannot be written, or is not the one any more that it was.
            AboveReserve: an answer cost more than was set aside for it.
        """
        call = self._calls[request_key]
        while True:
            if self.broken is not None:
                raise self.broken
            one_ended = self._one_ended
            outcome = await self._reserve(call)
            if outcome is None:
                raise AskedElsewhere
            if isinstance(outcome, Reserved):
                self._in_flight += 1
                return LedgerHold(self, call, outcome.entry_id)
            if not outcome.may_pass_later or (self._in_flight == 0 and not one_ended.is_set()):
                self.refused[outcome.scope] = outcome
                return None
            await one_ended.wait()

    async def write(self, entry_id: int, work: Callable[[Connection, float], T]) -> T | None:
        """What became of a call that money was set aside for; None where the ledger could not be written.

        An answer that is paid for is not thrown away for that: the entry stays reserved, and is uncertain soon.
        """
        writing = self._clerk.submit(lambda connection: work(connection, self._ledger.now()))
        writing.add_done_callback(lambda _: self._hold_ended())
        try:
            return await asyncio.shield(writing)
        except StorageError as error:
            _log.error("Entry %d of the ledger could not be written: %s", entry_id, error)
            self.broken = self.broken or error
            return None

    def has_cost_more(self, call: Call, cost_pico: int) -> None:
        """An answer cost more than was set aside for it: people are told, and nothing more is asked."""
        self.broken = self.broken or above_reserve(call.task, cost_pico, call.worst_pico)
        _log.warning("%s", self.broken.message)

    def _hold_ended(self) -> None:
        self._in_flight -= 1
        self._one_ended.set()
        self._one_ended = asyncio.Event()

    async def _reserve(self, call: Call) -> Reserved | Refused | None:
        """None where another batch asks the same; in one transaction, so that of two only one asks."""

        def work(connection: Connection) -> Reserved | Refused | None:
            since = self._put_off_since
            if since is not None and entries.asked_elsewhere(connection, call, since):
                return None
            return entries.reserve(
                connection, call, self._caps, self._lease_id, self._ledger.now(), after=self._newest_entry
            )

        reserving = self._clerk.submit(work)
        try:
            outcome = await asyncio.shield(reserving)
        except asyncio.CancelledError:
            reserving.add_done_callback(self._give_back)
            raise
        except StorageError as error:
            self.broken = self.broken or error
            raise
        if isinstance(outcome, Reserved):
            self._newest_entry = max(self._newest_entry, outcome.entry_id)
        return outcome

    def _give_back(self, reserving: asyncio.Future[Reserved | Refused | None]) -> None:
        """Whoever asked for it is gone, and has sent nothing."""
        if reserving.cancelled() or reserving.exception() is not None:
            return
        outcome = reserving.result()
        if isinstance(outcome, Reserved):
            self._clerk.submit(
                lambda connection: entries.release(connection, outcome.entry_id, self._ledger.now())
            )


def calls_of(
    requests: Iterable[OcrRequestRow],
    model: Model,
    catalogue_version: str,
    run_id: str,
    mode: Mode = Mode.REAL_TIME,
    *,
    account: str | None = None,
) -> dict[str, Call]:
    """What each request of these rows of `ocr_requests` may cost at a model, asked in this way, by request key.

    One about a whole PDF costs what all its pages' rows say, beside what each page alone may cost should that fail.

    The prices are those of today, whenever the requests were quoted. Without `account`, the region's only one pays.

    Raises:
        ConfigurationError: the model has no price, or is not offered in this mode.
    """
    price = model.price(mode)
    by_key: dict[str, list[OcrRequestRow]] = {}
    payers: dict[str, str] = {}
    for row in requests:
        by_key[row["request_key"]] = [row]
        whole = row.get("whole_key")
        if whole and payers.setdefault(whole, row["document_id"]) == row["document_id"]:
            by_key.setdefault(whole, []).append(row)
    calls: dict[str, Call] = {}
    for key, rows in by_key.items():
        row = rows[0]
        estimated = sum(r["image_tokens"] + r["prompt_tokens"] for r in rows)
        calls[key] = Call(
            request_key=key,
            batch_id=row["batch_id"],
            run_id=run_id,
            account=account or model.region,
            region=model.region,
            model=model.name,
            task=row["task"],
            route=row["route"],
            catalogue_version=catalogue_version,
            price=price,
            estimated_input_tokens=estimated,
            expected_pico=price.cost(Tokens(estimated, sum(r["expected_output_tokens"] for r in rows))),
            # quotes of earlier versions do not hold the worst input
            worst_pico=price.cost(
                Tokens(
                    sum(r.get("worst_input_tokens") or model.max_input_tokens for r in rows),
                    sum(r["worst_output_tokens"] for r in rows),
                )
            ),
        )
    return calls


@contextlib.asynccontextmanager
async def open_purse(
    ledger: Ledger, caps: Caps, calls: Mapping[str, Call], *, put_off_since: float | None = None
) -> AsyncIterator[LedgerPurse]:
    """A purse for these calls, by request key. At its end everything is on disk.

    With `put_off_since`, no money is set aside for what another batch asks just now, or has had an answer to since then
    (in seconds since 1970).

    Raises:
        StorageError: the ledger could not be written, or is not the one any more that it was.
        AboveReserve: an answer cost more than was set aside for it.
    """
    with living_lease(ledger) as lease_id:
        clerk = Clerk(ledger)
        purse = LedgerPurse(ledger, clerk, caps, lease_id, calls, put_off_since=put_off_since)
        try:
            yield purse
        finally:
            await clerk.close()
        if purse.broken is not None:
            raise purse.broken
