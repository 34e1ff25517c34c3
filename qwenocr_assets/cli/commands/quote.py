"""`qwenocr quote`: what reading documents would cost. Nothing is sent."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text
from upath import UPath

from qwenocr_assets.asking.catalogue_overrides import catalogue_of
from qwenocr_assets.cli.budget import budget_left
from qwenocr_assets.cli.commands.run import manifests_of
from qwenocr_assets.cost.comparison import Offer, compare, dear
from qwenocr_assets.cost.expectations import learn_expectations
from qwenocr_assets.cost.money import dollars
from qwenocr_assets.cost.quote_totals import Total, Totals, answered_keys, total_up
from qwenocr_assets.cost.requests import request_rows
from qwenocr_assets.defs.decoding import decoders, examining, recipe_for
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.batches import Run, batch_page_rows
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import Manifest
from qwenocr_assets.intake.routes import DEFAULT_ROUTE, Route, load_routes
from qwenocr_assets.intake.urls.listed_documents import readable
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.settings import Settings, load_settings, project_root
from qwenocr_assets.storage.data_folder import DataFolder

_MOST_DOCUMENTS = 30


@dataclass(frozen=True, slots=True)
class QuotedPaths:
    """The quote of some files and folders."""

    model: Model
    catalogue_version: str
    documents: list[dict[str, Any]]
    pages: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    totals: Totals
    offers: list[Offer]
    warning: str | None


def print_quote(paths: Sequence[Path], console: Console, *, as_json: bool = False) -> None:
    """Print the quote of these paths.

    Raises:
        ConfigurationError: the model is unknown or has no price, or a route asks for what it cannot do.
        RejectedInput: a path that does not exist, or no file to read below the paths.
    """
    settings = load_settings()
    quoted = quote_paths(paths, settings)
    if as_json:
        text = orjson.dumps(_as_json(quoted), default=str, option=orjson.OPT_INDENT_2).decode()
        console.out(text, highlight=False)
    else:
        _print(quoted, settings, console)


def quote_paths(paths: Sequence[Path], settings: Settings) -> QuotedPaths:
    """Quote every page × task of these paths. Pages are made in a temporary folder; nothing is sent.

    What lists of URLs name is fetched, and kept: a run reads the very bytes that were quoted.
    """
    catalogue = catalogue_of(settings)
    model = catalogue.model(settings.region, settings.model)
    routes = load_routes(settings.routes, project_root())
    manifests = [m for path in paths for m in manifests_of(path, settings)]
    if not manifests:
        raise RejectedInput(
            f"There is no file to read in {', '.join(map(str, paths))}.",
            "Put document images or PDFs there, or name another folder.",
        )
    expectations = learn_expectations(settings.data_folder, model)
    documents: list[dict[str, Any]] = []
    pages: list[dict[str, Any]] = []
    requests: list[dict[str, Any]] = []
    with decoders(settings) as run:
        for manifest in manifests:
            examine = examining(settings, settings.data_folder, run)
            files = [dict(row) for row in document_rows(manifest, routes, examine)]
            made = _pages_of(run, manifest, files, routes, settings)
            documents += files
            pages += made
            requests += request_rows(files, made, routes, model, catalogue, expectations)
    answered = answered_keys(settings.data_folder, {r["request_key"] for r in requests})
    offers = compare(requests, [p for p in pages if p["status"] == "ready"], catalogue)
    return QuotedPaths(
        model=model,
        catalogue_version=catalogue.version,
        documents=documents,
        pages=pages,
        requests=requests,
        totals=total_up(requests, answered),
        offers=offers,
        warning=dear(offers, model.region, model.name),
    )


def _pages_of(
    run: Run,
    manifest: Manifest,
    documents: list[dict[str, Any]],
    routes: Sequence[Route],
    settings: Settings,
) -> list[dict[str, Any]]:
    recipes = {route.name: recipe_for(settings, route) for route in (DEFAULT_ROUTE, *routes)}
    accepted = [document for document in documents if document["status"] == "accepted"]
    with tempfile.TemporaryDirectory(prefix=f"qwenocr-quote-{manifest.batch_id[:8]}-") as folder:
        scratch = DataFolder(UPath(folder))
        accepted = readable(settings.data_folder, accepted)
        rows = batch_page_rows(run, scratch, accepted, lambda document: recipes[document["route"]])
    return [dict(row) for row in rows]


def _print(quoted: QuotedPaths, settings: Settings, console: Console) -> None:
    totals, names = quoted.totals, {d["document_id"]: d["name"] for d in quoted.documents}
    documents = Table("document", *_HEADINGS, show_edge=False, header_style="bold")
    for document_id, total in list(totals.by_document.items())[:_MOST_DOCUMENTS]:
        documents.add_row(Text(names[document_id]), *_cells(total))
    console.print(documents)
    if len(totals.by_document) > _MOST_DOCUMENTS:
        console.print(f"  … and {len(totals.by_document) - _MOST_DOCUMENTS} more documents: see `--json`.")

    tasks = Table("task", *_HEADINGS, "output tokens from", show_edge=False, header_style="bold")
    for task, total in totals.by_task.items():
        sources = dict.fromkeys(r["expected_output_from"] for r in quoted.requests if r["task"] == task)
        tasks.add_row(task, *_cells(total), Text("; ".join(sources)))
    console.print()
    console.print(tasks)

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
    if left := budget_left(settings, needed_usd=totals.all.expected_usd):
        console.print(Text(left))
    rejected = [row for row in (*quoted.documents, *quoted.pages) if row["status"] == "rejected"]
    for row in rejected:
        console.print(Text(f"Not read: {row.get('name') or row['page_id']}: {row['reason']}"))

    console.print("\nAll of these requests elsewhere, cheapest first:")
    offers = Table("region", "model", "", "expected", "at most", "", show_edge=False, header_style="bold")
    for offer in quoted.offers:
        if len(offer.missing_tasks) == len(totals.by_task):
            continue
        chosen = (offer.region, offer.model, offer.batch) == (model.region, model.name, False)
        lacks = f"without {', '.join(offer.missing_tasks)}" if offer.missing_tasks else ""
        moves = "" if offer.pinned else "name moves"
        offers.add_row(
            Text(offer.region),
            Text(offer.model, style="bold" if chosen else ""),
            "batch, hours" if offer.batch else "",
            dollars(offer.expected_usd),
            dollars(offer.worst_usd),
            "; ".join(part for part in (lacks, moves) if part),
        )
    console.print(offers)
    if quoted.warning:
        console.print(Text(f"\nWarning: {quoted.warning}", style="bold yellow"))


_HEADINGS = ("requests", "input tokens", "output tokens", "expected", "at most")


def _cells(total: Total) -> tuple[str, ...]:
    requests = f"{total.requests}" + (f" ({total.answered} answered)" if total.answered else "")
    return (
        requests,
        f"{total.input_tokens:,}",
        f"{total.expected_output_tokens:,}",
        dollars(total.expected_usd),
        dollars(total.worst_usd),
    )


def _as_json(quoted: QuotedPaths) -> dict[str, Any]:
    totals, names = quoted.totals, {d["document_id"]: d["name"] for d in quoted.documents}
    return {
        "region": quoted.model.region,
        "model": quoted.model.name,
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
        "rejected": [
            {"name": row.get("name") or row["page_id"], "reason": row["reason"]}
            for row in (*quoted.documents, *quoted.pages)
            if row["status"] == "rejected"
        ],
        "warning": quoted.warning,
    }
