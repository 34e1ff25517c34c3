"""Where the state of an account lives: in this process, or where several processes share it."""

import asyncio
from typing import Protocol

from qwenocr_assets.qwenocr.limits.account import Account, Rules
from qwenocr_assets.qwenocr.limits.pace import Started


class Calls(Protocol):
    """The calls of one account. All of them decide by the same rules: `Account`."""

    async def reserve(self, rules: Rules, tokens: int) -> Started | float:
        """Start a call now, or the seconds until it is worth asking again."""

    async def answered(self, rules: Rules, started: Started, tokens: int) -> None:
        """Put what the service counted in the place of the estimate."""

    async def throttled(self, rules: Rules, started: Started, *, burst: bool) -> bool:
        """Slow down and hold every call of the account for a while. False when it was already known."""

    async def restart(self, rules: Rules) -> None:
        """Begin slowly again."""


class OwnCalls:
    """The calls of this process, on the running loop's clock."""

    def __init__(self) -> None:
        self._account = Account()
        self._clock = asyncio.get_running_loop().time

    async def reserve(self, rules: Rules, tokens: int) -> Started | float:
        return self._account.reserve(rules, self._clock(), tokens)

    async def answered(self, rules: Rules, started: Started, tokens: int) -> None:
        self._account.answered(rules, started, tokens)

    async def throttled(self, rules: Rules, started: Started, *, burst: bool) -> bool:
        return self._account.throttled(rules, self._clock(), started, burst=burst)

    async def restart(self, rules: Rules) -> None:
        self._account.restart(rules, self._clock())
