"""An answer that cost more than was set aside for it: told to people, and the end of what asks."""

from qwenocr_assets.errors import AboveReserve
from qwenocr_assets.qwenocr.prices import dollars, to_usd


def above_reserve(task: str, cost_pico: int, reserved_pico: int) -> AboveReserve:
    """The error of an answer to a task, by its cost and what was set aside, both in pico-dollars."""
    return AboveReserve(
        f"An answer ({task}) cost {dollars(to_usd(cost_pico))}: more than the {dollars(to_usd(reserved_pico))} that "
        "was set aside as the most it can cost. So the caps do not bound what the next answers cost, and nothing more "
        "is asked. What was answered is saved and in the ledger.",
        "`qwenocr models --live` asks for the model's price and limits: compare them and the bill (docs/money.md); the "
        "same command goes on.",
    )
