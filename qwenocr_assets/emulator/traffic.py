"""What the emulated service saw: how many calls at a time, and what came of each."""

from collections import Counter
from dataclasses import asdict, dataclass
from decimal import Decimal

from qwenocr_assets.emulator.account import SlidingWindow
from qwenocr_assets.engine.wire.values import JsonObject


@dataclass(slots=True)
class CallRecord:
    """One call. Times are in seconds of the event loop's clock."""

    number: int
    at_seconds: float
    ended_seconds: float | None = None
    """When the answer was out or given up; None while it is under way."""
    model: str = ""
    identity: str = ""
    """What the caller sent as `X-Request-Identity`, or else a digest of the body (only where a log is kept)."""
    outcome: str = ""
    """The HTTP status and the native code of an error, or what became of the connection."""
    request_id: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    billed_model: str = ""
    """The catalogue's name of the model, where the caller used another."""
    billed_usd: Decimal | None = None
    """None for what is not billed."""

    def as_json(self) -> JsonObject:
        price = None if self.billed_usd is None else str(self.billed_usd)
        return asdict(self) | {"billed_usd": price}


class Traffic:
    """Counts over all calls; with `keep_log` also a record of each, which grows with them."""

    def __init__(self, *, keep_log: bool) -> None:
        self.log: list[CallRecord] | None = [] if keep_log else None
        self.arrived = self.in_flight = self.max_in_flight = 0
        self.outcomes: Counter[str] = Counter()
        self.max_calls_in_a_second = self.max_tokens_in_a_second = 0
        self._calls, self._tokens = SlidingWindow(1), SlidingWindow(1)

    def arrive(self, now: float) -> CallRecord:
        """A call came in, be it answered or refused later."""
        self.arrived += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        self.max_calls_in_a_second = max(self.max_calls_in_a_second, self._calls.add(now, 1))
        record = CallRecord(self.arrived, now)
        if self.log is not None:
            self.log.append(record)
        return record

    def spend(self, tokens: int, now: float) -> None:
        """A call that was let in costs this many tokens."""
        self.max_tokens_in_a_second = max(self.max_tokens_in_a_second, self._tokens.add(now, tokens))

    def leave(self, record: CallRecord, now: float) -> None:
        """The call has ended, whichever way."""
        self.in_flight -= 1
        record.ended_seconds = now
        self.outcomes[record.outcome] += 1

    def as_json(self) -> JsonObject:
        return {
            "arrived": self.arrived,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "outcomes": dict(self.outcomes.most_common()),
            "max_calls_in_a_second": self.max_calls_in_a_second,
            "max_tokens_in_a_second": self.max_tokens_in_a_second,
            "log": None if self.log is None else [record.as_json() for record in self.log],
        }
