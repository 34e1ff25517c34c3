"""What the emulated account would be charged: the tokens of every billed answer at the catalogue's price."""

from dataclasses import dataclass, field
from decimal import Decimal

from qwenocr_assets.engine.wire.values import JsonObject
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.requests import Mode


@dataclass(slots=True)
class Charges:
    """A sum of billed answers; money in US dollars, exact."""

    calls: int = 0
    lost_calls: int = 0
    """Of the calls, those whose answer did not arrive whole."""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal = Decimal(0)

    def add(self, other: "Charges") -> None:
        self.calls += other.calls
        self.lost_calls += other.lost_calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.usd += other.usd

    def as_json(self) -> JsonObject:
        return {
            "calls": self.calls,
            "lost_calls": self.lost_calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "usd": str(self.usd),
        }


@dataclass(slots=True)
class Bill:
    """All charges since the start, by model."""

    models: dict[str, Charges] = field(default_factory=dict)

    def charge(
        self,
        model: Model,
        tokens: Tokens,
        *,
        lost: bool,
        mode: Mode = Mode.REAL_TIME,
    ) -> Decimal:
        """Add one answer; gives its price in US dollars."""
        price = model.price(mode).cost_usd(tokens)
        charges = self.models.setdefault(model.name, Charges())
        charges.add(Charges(1, int(lost), tokens.input, tokens.output, price))
        return price

    def note_lost(self, model: str) -> None:
        """An answer of this model that was charged did not arrive after all."""
        if model in self.models:  # not after a reset meanwhile
            self.models[model].lost_calls += 1

    @property
    def total(self) -> Charges:
        total = Charges()
        for charges in self.models.values():
            total.add(charges)
        return total

    def as_json(self) -> JsonObject:
        models = {name: charges.as_json() for name, charges in sorted(self.models.items())}
        return self.total.as_json() | {"models": models}
