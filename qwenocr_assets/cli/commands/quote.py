"""`qwenocr quote`: what reading documents would cost. Nothing is sent."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from qwenocr_assets.cli.budget import budget_left
from qwenocr_assets.cli.tables import print_rows
from qwenocr_assets.cost.quote_totals import Total
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.advice import price
from qwenocr_assets.qwenocr.prices import dollars
from qwenocr_assets.statuses import DocumentStatus, PageStatus
from qwenocr_assets.steps.quote import Quote, quote

_MOST_DOCUMENTS = 30


def print_quote(
    paths: Sequence[Path], console: Console, *, as_json: bool = False, wide: bool = False
) -> None:
    """Print the quote of these paths.

    Raises:
        ConfigurationError: the model is unknown or has no price, or a route asks for what it cannot do.
        RejectedInput: a path that does not exist, or no file to read below the paths.
    """
    environment = Environment.load()
    quoted = quote(environment, paths)
    if as_json:
        text = orjson.dumps(_as_json(quoted), default=str, option=orjson.OPT_INDENT_2).decode()
        console.out(text, highlight=False)
    else:
        _print(quoted, environment, console, wide=wide)


def _print(quoted: Quote, environment: Environment, console: Console, *, wide: bool) -> None:
    totals, names = quoted.totals, {d["document_id"]: d["name"] for d in quoted.documents}
    documents = [
        (names[document_id], *_cells(total))
        for document_id, total in list(totals.by_document.items())[:_MOST_DOCUMENTS]
    ]
    print_rows(("document name", *_HEADINGS), documents, console, wide=wide, right=_NUMBERS)
    if len(totals.by_document) > _MOST_DOCUMENTS:
        console.print(f"  … and {len(totals.by_document) - _MOST_DOCUMENTS} more documents: see `--json`.")

    tasks = []
    for task, total in totals.by_task.items():
        sources = dict.fromkeys(r["expected_output_from"] or "" for r in quoted.requests if r["task"] == task)
        tasks.append((task, *_cells(total), "; ".join(sources)))
    console.print()
    print_rows(("task", *_HEADINGS, "output tokens from"), tasks, console, wide=wide, right=_NUMBERS)

    model = quoted.model
    console.print(
        f"\n[bold]{model.name}[/] in {model.region}: expected [bold]{dollars(totals.all.expected_usd)}[/], "
        f"at most {dollars(totals.all.worst_usd)}, for {totals.all.requests - totals.all.answered} requests "
        f"(catalogue {quoted.catalogue_version}). Nothing was sent.",
        highlight=False,
    )
    if totals.all.answered:
        console.print(
            f"{totals.all.answered} requests are answered already, or occur twice: they cost nothing, "
            f"and save {dollars(totals.all.saved_usd)}.",
            highlight=False,
        )
    for said in _payers(quoted):
        console.print(Text(said))
    if left := budget_left(environment, needed_usd=totals.all.expected_usd):
        console.print(Text(left))
    for row in (row for row in quoted.pages if row["status"] == PageStatus.TILED):
        console.print(Text(f"{names[row['document_id']]}, page {row['page_number']}: {row['reason']}"))
    for name, reason in _rejected(quoted):
        console.print(Text(f"Not read: {name}: {reason}"))

    console.print("\nAll of these requests with other models, cheapest first:")
    offers: list[tuple[Any, ...]] = []
    for offer in quoted.offers:
        if len(offer.missing_tasks) == len(totals.by_task):
            continue
        chosen = (offer.region, offer.model, offer.batch) == (model.region, model.name, False)
        lacks = f"without {', '.join(offer.missing_tasks)}" if offer.missing_tasks else ""
        alias = "" if offer.pinned else "alias"
        retiring = "retiring" if offer.is_going else ""
        offers.append(
            (
                offer.region,
                Text(offer.model, style="bold" if chosen else ""),
                "batch" if offer.batch else "now",
                dollars(offer.expected_usd),
                dollars(offer.worst_usd),
                "; ".join(part for part in (lacks, alias, retiring) if part),
            )
        )
    headings = ("region", "model", "mode", "expected", "at most", "note")
    print_rows(headings, offers, console, wide=wide, right=_NUMBERS)
    if any(not offer.pinned for offer in quoted.offers):
        console.print(Text("alias: the model behind this name, and its price, change over time", style="dim"))
    for warning in (quoted.standing, *quoted.told, quoted.warning):
        if warning:
            console.print(Text(f"\nWarning: {warning}", style="bold yellow"))


def _payers(quoted: Quote) -> list[str]:
    """For people: the accounts that may pay, with their price."""
    said = []
    for number, accounts in enumerate(quoted.accounts):
        model, names = accounts[0].model, ", ".join(account.name for account in accounts)
        which = f"one of {len(accounts)} accounts at one price" if len(accounts) > 1 else "one account"
        when = "Paid by" if number == 0 else f"While {quoted.accounts[0][0].region.name} is down, by"
        said.append(f"{when} {which}, {price(model)}, {model.region}: {names}.")
    return said


def _accounts_json(quoted: Quote) -> list[dict[str, Any]]:
    return [
        {
            "name": account.name,
            "region": account.region.name,
            "model": account.model.name,
            "usd_per_million_input": account.model.price().usd_per_million[0],
            "usd_per_million_output": account.model.price().usd_per_million[1],
            "is_failover": number > 0,
        }
        for number, accounts in enumerate(quoted.accounts)
        for account in accounts
    ]


_HEADINGS = ("requests", "answered", "tokens in", "tokens out", "expected", "at most")
_NUMBERS = frozenset(_HEADINGS)


def _cells(total: Total) -> tuple[str, ...]:
    return (
        f"{total.requests:,}",
        f"{total.answered:,}",
        f"{total.input_tokens:,}",
        f"{total.expected_output_tokens:,}",
        dollars(total.expected_usd),
        dollars(total.worst_usd),
    )


def _as_json(quoted: Quote) -> dict[str, Any]:
    totals, names = quoted.totals, {d["document_id"]: d["name"] for d in quoted.documents}
    return {
        "region": quoted.model.region,
        "model": quoted.model.name,
        "accounts": _accounts_json(quoted),
        "catalogue_version": quoted.catalogue_version,
        "total": asdict(totals.all),
        "by_batch": {batch: asdict(total) for batch, total in totals.by_batch.items()},
        "by_document": [
            {"document_id": key, "name": names[key], **asdict(total)}
            for key, total in totals.by_document.items()
        ],
        "by_task": {task: asdict(total) for task, total in totals.by_task.items()},
        "requests": quoted.requests,
        "offers": [asdict(offer) for offer in quoted.offers],
        "rejected": [{"name": name, "reason": reason} for name, reason in _rejected(quoted)],
        "standing": quoted.standing,
        "told": quoted.told,
        "warning": quoted.warning,
    }


def _rejected(quoted: Quote) -> list[tuple[str, str | None]]:
    """Documents and pages that cannot be read, with the reason."""
    documents = [(d["name"], d["reason"]) for d in quoted.documents if d["status"] == DocumentStatus.REJECTED]
    return documents + [
        (p["page_id"], p["reason"]) for p in quoted.pages if p["status"] == PageStatus.REJECTED
    ]
