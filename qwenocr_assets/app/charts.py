"""Charts as SVG: bars over days, with their numbers as text beside them for who does not see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

WIDTH, HEIGHT = 640, 140
_GAP = 2
_FEWEST = 14
"""So many days have room at least, so that the first day is no wall."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it is drawn, in the units of the chart, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars with what is written around them."""

    title: str
    bars: Sequence[Bar] = ()
    newest: str = ""
    newest_day: str = ""
    first_day: str = ""
    last_day: str = ""
    highest: str = ""


def chart(title: str, values: Sequence[tuple[date, float]], written: Callable[[float], str]) -> Chart:
    """The chart of a value over days, in their order; days without one have room. `written` says an amount."""
    if not values:
        return Chart(title)
    (first, _), (last, newest) = values[0], values[-1]
    highest = max(amount for _, amount in values)
    step = WIDTH / max((last - first).days + 1, _FEWEST)
    bars = [
        Bar(
            x=(day - first).days * step,
            y=HEIGHT * (1 - amount / (highest or 1)),
            width=max(step - _GAP, 1),
            height=HEIGHT * amount / (highest or 1),
            label=f"{day}: {written(amount)}",
        )
        for day, amount in values
    ]
    assert all(day < later for (day, _), (later, _) in pairwise(values))
    ends = (str(first), str(last)) if first != last else (str(first), "")
    return Chart(title, bars, written(newest), str(last), *ends, written(highest) if len(values) > 1 else "")
