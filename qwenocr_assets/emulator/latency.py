"""How long the emulated service takes to answer, in seconds, by the number of the call."""

from collections.abc import Callable
from random import Random

Latency = Callable[[int], float]


def steady(seconds: float) -> Latency:
    """Every call takes as long."""
    return lambda _number: seconds


def jittered(seconds: float, share: float, *, seed: int = 0) -> Latency:
    """Evenly spread over `seconds` ± this share of it; the same for the same seed and call."""
    return lambda number: seconds * (1 + share * (2 * Random(f"{seed}/{number}").random() - 1))  # noqa: S311
