"""What a run did: documents, pages, answers, rows, and what it would have cost where."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qwenocr_assets.cli.budget import budget_left
from qwenocr_assets.cli.reasons import told_reasons
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.routes import DEFAULT_ROUTE
from qwenocr_assets.qwenocr.catalogue import Catalogue
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.report.html import usd
from qwenocr_assets.schemas import DOCUMENTS, OCR_RESPONSES, PAGES, PARSED_TABLES, ROW_TABLES, TableSchema
from qwenocr_assets.statuses import AnswerStatus, DocumentStatus, PageStatus
from qwenocr_assets.storage.data_folder import DataFolder, shown
from qwenocr_assets.storage.table_files import count_rows, read_all_batches, read_table
from qwenocr_assets.warehouse.places.published import address

_MOST_REASONS = 20
_MOST_NAMES = 3
_OF_RESPONSES = (
    "document_id",
    "page_id",
    "task",
    "status",
    "reason",
    "cost_usd",
    "input_tokens",
    "output_tokens",
)


def _in_words(schema: TableSchema[Any]) -> str:
    """A table's name as people say it; `tables` alone could be any."""
    return "Page tables" if schema is PARSED_TABLES else schema.name.replace("_", " ").capitalize()


def print_summary(environment: Environment, batch_ids: Sequence[str], sent: int, console: Console) -> None:
    """Print what these batches hold now, and how many requests this run sent."""
    data = environment.data

    def all_rows(schema: TableSchema[Any], columns: Sequence[str]) -> list[dict[str, object]]:
        return [row for batch_id in batch_ids for row in read_table(data, schema, batch_id, columns)]

    documents = all_rows(
        DOCUMENTS, ["document_id", "name", "sha256", "route", "page_count", "status", "reason"]
    )
    pages = all_rows(PAGES, ["document_id", "page_id", "status", "reason"])
    responses = all_rows(OCR_RESPONSES, _OF_RESPONSES)
    overview = Table(show_header=False, show_edge=False, box=None)
    overview.add_row("Documents", _counts(row["status"] for row in documents))
    overview.add_row("Pages", _counts(row["status"] for row in pages))
    overview.add_row("Answers", _counts(row["status"] for row in responses))
    for schema in ROW_TABLES:
        overview.add_row(_in_words(schema), str(sum(count_rows(data, schema, b) or 0 for b in batch_ids)))
    console.print(overview)

    _print_reasons(console, documents, _with_places(documents, pages), _with_places(documents, responses))
    _print_unrouted(console, environment, documents)
    _print_copies(console, data, documents)
    _print_costs(console, responses, environment.catalogue)
    if left := budget_left(environment):
        console.print(Text(left))
    if sent:
        console.print(f"\n[bold]{sent}[/] request{'' if sent == 1 else 's'} sent.")
    elif responses and all(AnswerStatus(str(row["status"])).is_final for row in responses):
        console.print("\n[bold]0[/] requests sent: every page was already answered.")
    else:
        console.print("\n[bold]0[/] requests sent.")
    console.print(Text(f"Warehouse: {address(data)}"))
    if pictures := sorted(p for b in batch_ids for p in data.boxes_picture(b, "").parent.glob("*.jpg")):
        how_many = "1 page" if len(pictures) == 1 else f"{len(pictures):,} pages"
        console.print(Text(f"Pictures with boxes: {shown(pictures[0].parent)} ({how_many})"))


def _with_places(
    documents: list[dict[str, object]], rows: list[dict[str, object]]
) -> list[dict[str, object]]:
    """The rows with the name a person knows: the document's, and the page where there are several."""
    known = {d["document_id"]: d for d in documents}
    named = []
    for row in rows:
        document = known[row["document_id"]]
        number, _, tile = str(row["page_id"]).removeprefix(f"{row['document_id']}-").partition("-t")
        places = [str(document["name"])]
        if document["page_count"] != 1:
            places.append(f"page {int(number)}")
        if tile:
            places.append(f"tile {int(tile)}")
        place = ", ".join(places)
        named.append({**row, "name": place})
    return named


def _counts(statuses: object) -> str:
    counted: dict[str, int] = {}
    for status in statuses:  # type: ignore[attr-defined]
        counted[status] = counted.get(status, 0) + 1
    return ", ".join(f"{count} {status}" for status, count in sorted(counted.items())) or "none"


def _print_reasons(console: Console, *tables: list[dict[str, object]]) -> None:
    told = [row for table in tables for row in table if row.get("reason")]
    for row in told:
        if row["status"] == PageStatus.TILED:
            console.print(Text(f"{row['name']}: {row['reason']}"))
    lines = list(
        told_reasons((str(r["name"]), str(r["reason"])) for r in told if r["status"] != PageStatus.TILED)
    )
    if not lines:
        return
    console.print("\n[bold]Not read[/]")
    for line in lines[:_MOST_REASONS]:
        console.print(Text(f"  {line}"), soft_wrap=not console.is_terminal)
    more = f"… and {len(lines) - _MOST_REASONS} more reasons. " if len(lines) > _MOST_REASONS else ""
    console.print(Text(f'  {more}Details: qwenocr sql "from marts.failures"', style="dim"))


def _print_unrouted(console: Console, environment: Environment, documents: list[dict[str, object]]) -> None:
    """Documents that no route takes, where the project has routes."""
    names = [
        str(row["name"])
        for row in documents
        if row["route"] == DEFAULT_ROUTE.name and row["status"] == DocumentStatus.ACCEPTED
    ]
    if names and environment.routes:
        took = "1 document took" if len(names) == 1 else f"{len(names):,} documents took"
        console.print(
            Text(f"\n{took} no route (default): {_shortened(names)}. See `qwenocr routes PATH`."),
            soft_wrap=True,
        )


def _print_copies(console: Console, data: DataFolder, documents: list[dict[str, object]]) -> None:
    """Documents whose content is known under another name."""
    accepted = {d["document_id"]: d for d in documents if d["status"] == DocumentStatus.ACCEPTED}
    hashes = sorted({str(d["sha256"]) for d in accepted.values()})
    same = pc.field("sha256").isin(pa.array(hashes, pa.string()))
    first: dict[str, dict[str, object]] = {}
    known = read_all_batches(data, DOCUMENTS, ["batch_id", "document_id", "name", "sha256"], same)
    for row in sorted(known, key=lambda row: row["document_id"] in accepted):
        first.setdefault(row["sha256"], dict(row))
    copies = {
        str(d["name"]): str(first[str(d["sha256"])]["name"])
        for d in accepted.values()
        if first[str(d["sha256"])]["document_id"] != d["document_id"]
    }
    if copies:
        told = [f"{name} (as {original})" for name, original in copies.items()]
        have = "1 document has" if len(copies) == 1 else f"{len(copies):,} documents have"
        console.print(
            Text(f"\n{have} the same content as another: {_shortened(told)}. Queries count it once.")
        )


def _shortened(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _print_costs(console: Console, responses: list[dict[str, object]], catalogue: Catalogue) -> None:
    """What the reported tokens cost here and would cost in each region."""
    spent = sum((Decimal(str(r["cost_usd"] or 0)) for r in responses), Decimal(0))
    if not any(r["input_tokens"] for r in responses):  # nothing was answered: there is nothing to price
        return
    console.print(f"\nCost of these answers: [bold]{usd(spent)}[/]. In the cloud they would cost:")
    for model in catalogue.pinned_models():
        if model.region == "custom":
            continue
        cost = sum(
            (
                model.price().cost_usd(
                    Tokens(int(str(r["input_tokens"] or 0)), int(str(r["output_tokens"] or 0)))
                )
                for r in responses
                if Task(str(r["task"])) in model.tasks
            ),
            Decimal(0),
        )
        console.print(Text(f"  {model.region:<10} {usd(cost):<10}  ({model.name})"))
