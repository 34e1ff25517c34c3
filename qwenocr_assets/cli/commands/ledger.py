"""`qwenocr ledger`: what was spent, what is left, and what is uncertain until somebody has looked at the bill."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text
from sqlalchemy import RowMapping

from qwenocr_assets.cli.tables import print_rows
from qwenocr_assets.cost.catching_up import catch_up
from qwenocr_assets.cost.entries import RECONCILED
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.ledger_rows import write_ledger_rows
from qwenocr_assets.cost.spending import FreeQuotaUse, Period, free_quota_use, spending
from qwenocr_assets.cost.unfunded import UnfundedBatch, unfunded_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import UsageError
from qwenocr_assets.qwenocr.prices import dollars, to_pico, to_usd
from qwenocr_assets.statuses import LedgerState

_MOST_ENTRIES = 50


def print_ledger(console: Console, *, as_json: bool = False, wide: bool = False) -> None:
    """Print what is spent and left, what waits for money, and what is uncertain."""
    environment = Environment.load()
    with Ledger.open(environment.database_url) as ledger:
        lacked = catch_up(ledger, environment.data, environment.catalogue)
        ledger.expire()
        periods = spending(ledger, environment.caps)
        quotas = _free_quotas(ledger, environment)
        waiting = unfunded_batches(ledger)
        uncertain = ledger.entries(state=LedgerState.UNCERTAIN)
    if as_json:
        text = orjson.dumps(
            {
                "periods": [
                    asdict(p) | {"spent_usd": p.spent_usd, "remaining_usd": p.remaining_usd} for p in periods
                ],
                "unfunded_batches": list(waiting),
                "uncertain": [_entry_json(entry) for entry in uncertain],
                "free_quota": [asdict(quota) for quota in quotas],
            },
            default=str,
            option=orjson.OPT_INDENT_2,
        ).decode()
        console.out(text, highlight=False)
        return
    if lacked.answers:
        console.print(f"The ledger lacked {lacked}. They are entered now.", highlight=False)
    _print_periods(console, periods, wide=wide)
    _print_quotas(console, quotas)
    _print_waiting(console, waiting)
    _print_uncertain(console, uncertain, wide=wide)


def reconcile_entries(console: Console, entry_ids: Sequence[int], *, as_: str, amount: str | None) -> None:
    """Close uncertain entries as settled or released, and tell the tables.

    Raises:
        UsageError: not a state, an amount that cannot be, or an entry that is not uncertain.
    """
    if as_ not in (LedgerState.SETTLED, LedgerState.RELEASED):
        raise UsageError(f"--as {as_} is not possible.", "Say --as settled or --as released.")
    pico = None if amount is None else _amount(amount)
    if pico is not None and (as_ != LedgerState.SETTLED or len(entry_ids) != 1):
        raise UsageError("--amount is for one entry that is settled.", "Name it by its number.")
    environment = Environment.load()
    with Ledger.open(environment.database_url) as ledger:
        uncertain = {entry["entry_id"]: entry for entry in ledger.entries(state=LedgerState.UNCERTAIN)}
        if unknown := [str(number) for number in entry_ids if number not in uncertain]:
            raise UsageError(
                f"No uncertain entry has the number {', '.join(unknown)}.", "See `qwenocr ledger show`."
            )
        chosen = entry_ids or list(uncertain)
        closed = [n for n in chosen if ledger.reconcile(n, LedgerState(as_), pico, RECONCILED)]
        batches = {uncertain[n]["batch_id"] for n in closed}
        for batch_id in sorted(batches):
            write_ledger_rows(environment.data, ledger, batch_id)
    reserved = sum((to_usd(uncertain[n]["reserved_pico"]) for n in closed), Decimal(0))
    console.print(
        f"{len(closed)} uncertain entries ({dollars(reserved)} reserved) are {as_} now.", highlight=False
    )
    if batches:
        console.print("The warehouse shows it after its next load.")


def _amount(text: str) -> int:
    try:
        amount = Decimal(text.removeprefix("$"))
        if amount >= 0:
            return to_pico(amount)
    except (InvalidOperation, ValueError, OverflowError):
        amount = None
    raise UsageError(f"--amount {text} is no amount of money.", "Write US dollars, like 0.00123.")


def _free_quotas(ledger: Ledger, environment: Environment) -> list[FreeQuotaUse]:
    activated_on = environment.settings.budget.free_quota_activated_on
    if activated_on is None:
        return []
    models = environment.catalogue.models_in(environment.region.name)
    return free_quota_use(ledger, models, activated_on)


def _entry_json(entry: RowMapping) -> dict[str, Any]:
    return {
        "entry_id": entry["entry_id"],
        "reserved_usd": to_usd(entry["reserved_pico"]),
        "reserved_at": _time(entry["reserved_at"]),
        **{
            name: entry[name]
            for name in (
                "reason",
                "batch_id",
                "run_id",
                "request_key",
                "account",
                "region",
                "model",
                "task",
                "route",
            )
        },
    }


_AMOUNTS = ("cap", "settled", "uncertain", "reserved", "left")


def _print_periods(console: Console, periods: Sequence[Period], *, wide: bool) -> None:
    rows = []
    for p in periods:
        cap = "none" if p.cap_usd is None else dollars(p.cap_usd)
        amounts = (dollars(a) for a in (p.settled_usd, p.uncertain_usd, p.reserved_usd))
        rows.append((p.name, cap, *amounts, "" if p.remaining_usd is None else dollars(p.remaining_usd)))
    print_rows(("period", *_AMOUNTS), rows, console, wide=wide, right=_AMOUNTS)


def _print_quotas(console: Console, quotas: Sequence[FreeQuotaUse]) -> None:
    for q in quotas:
        console.print(
            Text(
                f"Free quota of {q.model} in {q.region}, until {q.ends_on}: {q.tokens_left:,} tokens are left, by our "
                "own count. Costs above are not reduced by it."
            )
        )


def _print_waiting(console: Console, waiting: dict[str, list[UnfundedBatch]]) -> None:
    for batch_id, refusals in waiting.items():
        scopes = ", ".join(str(refusal.scope) for refusal in refusals)
        console.print(Text(f"Intake {batch_id} waits for money ({scopes})."))


def _print_uncertain(console: Console, uncertain: Sequence[RowMapping], *, wide: bool) -> None:
    if not uncertain:
        console.print("Nothing is uncertain.")
        return
    console.print("\n[bold]Uncertain[/]: calls whose answer was lost. They count at their reserved price.")
    rows = [
        (
            entry["entry_id"],
            dollars(to_usd(entry["reserved_pico"])),
            f"{_time(entry['reserved_at']):%Y-%m-%d %H:%M:%S}",
            f"{entry['model']}, {entry['region']}",
            entry["task"],
            entry["reason"],
        )
        for entry in uncertain[:_MOST_ENTRIES]
    ]
    headings = ("entry", "reserved", "when, UTC", "model", "task", "reason")
    print_rows(headings, rows, console, wide=wide, blocks=True, right=("reserved",))
    if len(uncertain) > _MOST_ENTRIES:
        console.print(f"  … and {len(uncertain) - _MOST_ENTRIES} more: see `--json`.")
    console.print(
        "Compare with the bill in the service's console, then `qwenocr ledger reconcile --as settled` or "
        "`--as released`."
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
