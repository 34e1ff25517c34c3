"""The purse of a run: what the client asks before each call, and tells after it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from qwenocr_assets.cost import entries
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.clerk import Clerk, Work
from qwenocr_assets.cost.entries import Call, Refused, Reserved
from qwenocr_assets.cost.lease import living_lease
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Scope
from qwenocr_assets.errors import StorageError
from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.requests import Mode, Request
from qwenocr_assets.rows import OcrRequestRow

_log = logging.getLogger(__name__)


class LedgerHold:
    """Money set aside in the ledger for one call."""

    def __init__(self, ledger: Ledger, clerk: Clerk, entry_id: int, ended: Callable[[], None]) -> None:
        self._ledger = ledger
        self._clerk = clerk
        self._ended = ended
        self.entry_id = entry_id

    async def settle(self, usage: Usage, reported_model: str | None) -> None:
        """An answer came. One that does not say what it used is billed nobody knows how."""
        tokens = usage.billed
        if tokens is None:
            await self.lose("the answer reports no usage")
            return
        await self._write(
            lambda connection: entries.settle(
                connection, self.entry_id, tokens, reported_model, self._ledger.now()
            )
        )

    async def release(self) -> None:
        """It is certain that nothing was billed."""
        await self._write(lambda connection: entries.release(connection, self.entry_id, self._ledger.now()))

    async def lose(self, why: str) -> None:
        """The answer was lost: it may have been billed."""
        await self._write(lambda connection: entries.lose(connection, self.entry_id, why, self._ledger.now()))

    async def _write(self, work: Work[object]) -> None:
        writing = self._clerk.submit(work)
        writing.add_done_callback(lambda _: self._ended())
        try:
            await asyncio.shield(writing)
        except SQLAlchemyError as error:
            # an answer that is paid for is not thrown away for this: the entry stays reserved, and is uncertain soon
            _log.error("Entry %d of the ledger could not be written: %s", self.entry_id, error)


class LedgerPurse:
    """Sets money aside for the calls of one batch's run; calls that it was not told of are refused as a mistake."""

    def __init__(
        self, ledger: Ledger, clerk: Clerk, caps: Caps, lease_id: str, calls: Mapping[str, Call]
    ) -> None:
        self._ledger = ledger
        self._clerk = clerk
        self._caps = caps
        self._lease_id = lease_id
        self._calls = calls
        self.refused: dict[Scope, Refused] = {}
        """The last refusal of each scope that had no money left."""
        self._in_flight = 0
        self._one_ended = asyncio.Event()

    async def reserve(self, request: Request, request_key: str) -> LedgerHold | None:  # noqa: ARG002  the seam's
        """Set aside the worst case of one call; None when a cap leaves no room for it.

        Raises StorageError when the ledger cannot be written.

        Where only calls in flight stand in the way, it waits for those of this purse: they rarely cost their worst
        case, and a batch should not stop as long as there is money.
        """
        while True:
            one_ended = self._one_ended
            outcome = await self._reserve(self._calls[request_key])
            if isinstance(outcome, Reserved):
                self._in_flight += 1
                return LedgerHold(self._ledger, self._clerk, outcome.entry_id, self._hold_ended)
            if not outcome.may_pass_later or (self._in_flight == 0 and not one_ended.is_set()):
                self.refused[outcome.scope] = outcome
                return None
            await one_ended.wait()

    def _hold_ended(self) -> None:
        self._in_flight -= 1
        self._one_ended.set()
        self._one_ended = asyncio.Event()

    async def _reserve(self, call: Call) -> Reserved | Refused:
        reserving = self._clerk.submit(
            lambda connection: entries.reserve(
                connection, call, self._caps, self._lease_id, self._ledger.now()
            )
        )
        try:
            return await asyncio.shield(reserving)
        except asyncio.CancelledError:
            reserving.add_done_callback(self._give_back)
            raise
        except SQLAlchemyError as error:
            raise StorageError(
                f"The ledger cannot be written ({type(error).__name__}: {str(error).splitlines()[0]}).",
                "Nothing is sent without it. Free disk space or bring its database back, then run the same command.",
            ) from error

    def _give_back(self, reserving: asyncio.Future[Reserved | Refused]) -> None:
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
) -> dict[str, Call]:
    """What each of these rows of `ocr_requests` may cost at a model, asked in this way, by request key.

    The prices are those of today, whenever the requests were quoted.

    Raises:
        ConfigurationError: the model has no price, or is not offered in this mode.
    """
    price = model.price(mode)
    return {
        row["request_key"]: Call(
            request_key=row["request_key"],
            batch_id=row["batch_id"],
            run_id=run_id,
            region=model.region,
            model=model.name,
            task=row["task"],
            route=row["route"],
            catalogue_version=catalogue_version,
            price=price,
            estimated_input_tokens=row["image_tokens"] + row["prompt_tokens"],
            expected_pico=price.cost(
                Tokens(row["image_tokens"] + row["prompt_tokens"], row["expected_output_tokens"])
            ),
            # quotes of earlier versions do not hold the worst input
            worst_pico=price.cost(
                Tokens(row.get("worst_input_tokens") or model.max_input_tokens, row["worst_output_tokens"])
            ),
        )
        for row in requests
    }


@contextlib.asynccontextmanager
async def open_purse(ledger: Ledger, caps: Caps, calls: Mapping[str, Call]) -> AsyncIterator[LedgerPurse]:
    """A purse for these calls, by request key. At its end everything is on disk."""
    with living_lease(ledger) as lease_id:
        clerk = Clerk(ledger)
        try:
            yield LedgerPurse(ledger, clerk, caps, lease_id, calls)
        finally:
            await clerk.close()
