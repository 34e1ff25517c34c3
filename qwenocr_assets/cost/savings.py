"""What was not paid again: answers taken over from other batches, and pages that occur twice."""

from collections.abc import Iterable
from decimal import Decimal

from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.prices import Tokens, to_usd
from qwenocr_assets.rows import OcrResponseRow


def saved_usd(responses: Iterable[OcrResponseRow], model: Model) -> Decimal:
    """The price, at this model, of the reported usage of a batch's answers that nothing was paid for."""
    price, saved = model.price(), 0
    seen: set[str] = set()
    for row in responses:
        known = row["request_key"] in seen or row.get("reused_from") is not None
        seen.add(row["request_key"])
        read, written = row.get("input_tokens"), row.get("output_tokens")
        if known and read is not None and written is not None:
            saved += price.cost(Tokens(read, written))
    return to_usd(saved)
