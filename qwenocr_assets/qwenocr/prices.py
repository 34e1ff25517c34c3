"""What tokens cost: one arithmetic for the quote, the money set aside and the bill of a request.

Money is whole pico-dollars (1e-12 US dollars), the unit in which every price of a token is a whole number. The
catalogue gives prices per million tokens with at most three decimals: $0.043 is 43,000 pico-dollars a token, and half
of $0.717 still 358,500. So a call's price, and every sum of prices, is exact: nothing is ever rounded. 64 bits hold
nine million dollars. Decimal dollars are for people and tables.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Self

_DECIMALS = 12
_ONE = Decimal(1)
_TOKENS = 6
"""Prices are per million, 10 to the sixth, tokens."""


class Tokens(NamedTuple):
    """The tokens of a call that are paid for: estimated, at most, or as its answer reports them."""

    input: int
    output: int


@dataclass(frozen=True, slots=True)
class Price:
    """What one token costs, in pico-dollars."""

    input_pico: int
    output_pico: int

    @classmethod
    def per_million(cls, input_usd: Decimal, output_usd: Decimal) -> Self:
        """The price from US dollars per million tokens. Raises ValueError for one finer than a pico-dollar a token."""
        return cls(*(_whole(usd, _DECIMALS - _TOKENS) for usd in (input_usd, output_usd)))

    @property
    def usd_per_million(self) -> tuple[Decimal, Decimal]:
        return (to_usd(self.input_pico * 10**_TOKENS), to_usd(self.output_pico * 10**_TOKENS))

    def cost(self, tokens: Tokens) -> int:
        """What these tokens cost, in pico-dollars."""
        return self.input_pico * tokens.input + self.output_pico * tokens.output

    def cost_usd(self, tokens: Tokens) -> Decimal:
        """What these tokens cost, in US dollars."""
        return to_usd(self.cost(tokens))

    @property
    def is_free(self) -> bool:
        return self.input_pico == self.output_pico == 0


FREE = Price(0, 0)


def to_pico(usd: Decimal) -> int:
    """US dollars as pico-dollars. Raises ValueError for an amount that is finer than a pico-dollar."""
    return _whole(usd, _DECIMALS)


def to_usd(pico: int) -> Decimal:
    """Pico-dollars as US dollars, exactly, without zeros at the end."""
    usd = Decimal(pico).scaleb(-_DECIMALS)
    return usd.quantize(_ONE) if usd == usd.to_integral_value() else usd.normalize()


def dollars(usd: Decimal) -> str:
    """An amount for people: cents from a dollar on, below that as many digits as it takes to see something."""
    return f"${usd:,.2f}" if usd >= 1 or not usd else f"${usd:.6f}"


def _whole(amount: Decimal, decimals: int) -> int:
    scaled = amount.scaleb(decimals)
    if scaled != int(scaled):
        raise ValueError(f"{amount} is finer than a pico-dollar")
    return int(scaled)
