"""What is left of the budget, in one sentence, wherever money is spoken of."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind
from qwenocr_assets.cost.spending import Period, spending
from qwenocr_assets.cost.unfunded import unfunded_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.prices import dollars
from qwenocr_assets.state.database import sqlite_url

_SQLITE = "sqlite:///"


def budget_left(environment: Environment, *, needed_usd: Decimal | None = None) -> str | None:
    """What is left today, this month and of routes with a cap; None where the model is free.

    Says so when it is less than `needed_usd`, and when batches wait for money. Makes no ledger where there is none.

    Raises:
        ConfigurationError, StorageError: the model is unknown, or the ledger cannot be opened.
    """
    if environment.model.price().is_free:
        return None
    periods, waiting = _read(environment.database_url, environment.caps)
    left = [f"{dollars(p.remaining_usd)} for {p.name}" for p in periods if p.remaining_usd is not None]
    sentences = [f"Budget left: {', '.join(left)}." if left else "No day, month or route has a cap."]
    if needed_usd is not None and _is_short(periods, environment.caps, needed_usd):
        sentences.append("That is less than this is expected to cost: the rest would wait, unfunded.")
    if waiting:
        sentences.append(f"{waiting} intakes wait for money: `qwenocr ledger show`.")
    return " ".join(sentences)


def _is_short(periods: list[Period], caps: Caps, needed_usd: Decimal) -> bool:
    """Whether a period has less than that left; of accounts, all that may be taken together."""
    others = [p.remaining_usd for p in periods if p.scope.kind is not Kind.ACCOUNT]
    of_accounts = [
        p.remaining_usd
        for p in periods
        if p.scope.kind is Kind.ACCOUNT and p.scope.named in caps.accounts_together
    ]
    together = [left for left in of_accounts if left is not None]
    if together and len(together) == len(of_accounts):
        others.append(sum(together, Decimal(0)))
    return any(left is not None and left < needed_usd for left in others)


def _read(url: str, caps: Caps) -> tuple[list[Period], int]:
    """The periods that have a cap, and how many batches wait for money."""
    with opened_for_reading(url) as ledger:
        return spending(ledger, caps), len(unfunded_batches(ledger))


@contextmanager
def opened_for_reading(url: str) -> Iterator[Ledger]:
    """The ledger; an empty one where there is none, which is not made for that."""
    with tempfile.TemporaryDirectory(prefix="qwenocr-ledger-") as folder:
        if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
            url = sqlite_url(Path(folder) / "empty.db")  # nothing is spent yet
        with Ledger.open(url) as ledger:
            yield ledger
