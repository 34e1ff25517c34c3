"""What was not paid again: answers taken over from other batches, and pages that occur twice."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.prices import Tokens, to_usd


def saved_usd(responses: Iterable[Mapping[str, Any]], model: Model) -> Decimal:
    """The price, at this model, of the reported usage of a batch's answers that nothing was paid for."""
    price, saved = model.price(), 0
    seen: set[str] = set()
    for row in responses:
        known = row["request_key"] in seen or row.get("reused_from") is not None
        seen.add(row["request_key"])
        if known and row.get("input_tokens") is not None and row.get("output_tokens") is not None:
            saved += price.cost(Tokens(row["input_tokens"], row["output_tokens"]))
    return to_usd(saved)
