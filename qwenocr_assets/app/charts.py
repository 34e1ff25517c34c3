"""Charts as SVG: bars over days, with their numbers as text beside them for who does not see them."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 140
_GAP = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it is drawn, in the units of the chart, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str


def bars(values: Sequence[tuple[str, float, str]]) -> list[Bar]:
    """The bars of values, each with its name and how its amount is written; the highest fills the chart."""
    if not values:
        return []
    highest = max(amount for _, amount, _ in values) or 1
    step = WIDTH / max(len(values), 7)
    return [
        Bar(
            x=index * step,
            y=HEIGHT * (1 - amount / highest),
            width=max(step - _GAP, 1),
            height=HEIGHT * amount / highest,
            label=f"{name}: {written}",
        )
        for index, (name, amount, written) in enumerate(values)
    ]
