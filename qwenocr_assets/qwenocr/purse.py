"""The seam to the budget: money is set aside before each call and accounted for after it.

The client knows nothing of prices. It says for every single call, repeats included, what became of it.
"""

from typing import Protocol

from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.requests import Request


class Hold(Protocol):
    """Money set aside for one call. Exactly one of its methods is called, once, also when the call is cancelled."""

    async def settle(self, usage: Usage, reported_model: str | None) -> None:
        """An answer came and reports what it used."""

    async def release(self) -> None:
        """It is certain that nothing was billed: the call was refused, throttled, or never sent."""

    async def lose(self, why: str) -> None:
        """The answer was lost: it may have been billed."""


class Purse(Protocol):
    """Where the money for calls comes from."""

    async def reserve(self, request: Request, request_key: str) -> Hold | None:
        """Set aside the worst case of one call; None when there is not enough money left."""


class _NoHold:
    async def settle(self, usage: Usage, reported_model: str | None) -> None:
        pass

    async def release(self) -> None:
        pass

    async def lose(self, why: str) -> None:
        pass


class OpenPurse:
    """No budget: every call may be made, and nothing is written down."""

    async def reserve(self, request: Request, request_key: str) -> Hold | None:  # noqa: ARG002  the protocol's
        return _NoHold()
