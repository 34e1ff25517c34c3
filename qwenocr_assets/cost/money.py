"""Money as whole pico-dollars (1e-12 US dollars), the unit in which every price of a token is a whole number.

The catalogue gives prices per million tokens with at most three decimals: $0.043 is 43,000 pico-dollars a token, and
half of $0.717 still 358,500. So a call's price, and every sum of prices, is exact: nothing is ever rounded. 64 bits
hold nine million dollars.
"""

from dataclasses import dataclass
from decimal import Decimal

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import Model

_DECIMALS = 12
_MAY_BE_FREE = ("local", "custom")
_TOKENS = 6
"""Prices are per million, 10 to the sixth, tokens."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one token costs, in pico-dollars."""

    input_pico: int
    output_pico: int

    def cost_pico(self, input_tokens: int, output_tokens: int) -> int:
        """The exact price of these tokens in pico-dollars."""
        return self.input_pico * input_tokens + self.output_pico * output_tokens

    @property
    def is_free(self) -> bool:
        return self.input_pico == self.output_pico == 0


def price_of(model: Model, *, batch: bool = False) -> Price:
    """The price of a model, in a batch if asked for.

    Raises:
        ConfigurationError: a cloud model without a price, or one that is not offered in batches. A price that is not
            known is never taken for $0: only the embedded engine and servers of one's own may be free.
    """
    per_million = (model.usd_per_million_input, model.usd_per_million_output)
    if model.region not in _MAY_BE_FREE and not all(usd > 0 for usd in per_million):
        raise ConfigurationError(
            f"There is no price for {model.name} in region {model.region}.",
            "Nothing is sent without a known price: choose another model, or complete the catalogue.",
        )
    if batch:
        if model.batch_discount is None:
            raise ConfigurationError(
                f"{model.name} in region {model.region} is not offered in batches.", "Send it in real time."
            )
        share = 1 - model.batch_discount
        per_million = (per_million[0] * share, per_million[1] * share)
    try:
        return Price(*(_whole(usd, _DECIMALS - _TOKENS) for usd in per_million))
    except ValueError as error:
        raise ConfigurationError(
            f"The price of {model.name} in region {model.region} has more decimals than can be counted ({error}).",
            "Give it in US dollars per million tokens with at most six decimals.",
        ) from error


def to_pico(usd: Decimal) -> int:
    """US dollars as pico-dollars. Raises ValueError for an amount that is finer than a pico-dollar."""
    return _whole(usd, _DECIMALS)


def to_usd(pico: int) -> Decimal:
    """Pico-dollars as US dollars, exactly."""
    return Decimal(pico).scaleb(-_DECIMALS)


def dollars(usd: Decimal) -> str:
    """An amount for people: cents from a dollar on, below that as many digits as it takes to see something."""
    return f"${usd:,.2f}" if usd >= 1 or not usd else f"${usd:.6f}"


def _whole(amount: Decimal, decimals: int) -> int:
    scaled = amount.scaleb(decimals)
    if scaled != int(scaled):
        raise ValueError(f"{amount} is finer than a pico-dollar")
    return int(scaled)
