"""`qwenocr models`: what each region offers, at which price and within which limits."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from rich.console import Console

from qwenocr_assets.cli.tables import print_rows
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.advice import standing
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.tasks import Task


def print_models(
    environment: Environment,
    console: Console,
    *,
    region: str | None = None,
    as_json: bool = False,
    wide: bool = False,
) -> None:
    """Print the catalogue as the settings have it, of one region or of all.

    Raises:
        ConfigurationError: an unknown region, or settings that cannot be.
    """
    catalogue = environment.catalogue
    names = list(catalogue.regions) if region is None else [catalogue.region(region).name]
    if as_json:
        console.out(
            orjson.dumps(_as_json(catalogue, names), option=orjson.OPT_INDENT_2).decode(), highlight=False
        )
        return
    for name in names:
        entry = catalogue.region(name)
        url = entry.native_url if entry.protocol is Protocol.NATIVE else entry.compatible_url
        where = url if entry.host else f"base_url = {entry.workspace_host}"
        console.print(f"\n[bold]{name}[/] {where}", highlight=False)
        console.print(entry.residency, highlight=False)
        print_rows(_COLUMNS, list(_rows(catalogue, name)), console, wide=wide, blocks=True)
    console.print(
        f"\nCatalogue {catalogue.version}: US dollars per million tokens; requests and tokens per minute; "
        "* a name that moves; ? what is not sure. `--json` shows sources, notes and earlier prices; "
        "`--live` asks the service.",
        highlight=False,
    )


_COLUMNS = ("model", "$ in / out", "output", "per minute", "details")


def _rows(catalogue: Catalogue, region: str) -> Iterator[tuple[str, ...]]:
    for model in catalogue.models_in(region):
        yield (
            model.name + ("" if model.pinned else " *"),
            f"{model.usd_per_million_input} / {model.usd_per_million_output}",
            f"{model.max_output_tokens:,}" + ("?" if model.asks_for_max_tokens else ""),
            _rates(model),
            "; ".join(_details(model)),
        )


def _details(model: Model) -> Iterator[str]:
    tasks = [task.value for task in Task if task in model.tasks]
    yield "all tasks" if len(tasks) == len(Task) else f"only {', '.join(tasks)}"
    yield f"pictures of {_short(model.min_pixels)} to {_short(model.max_pixels_limit)} pixels"
    yield f"{model.max_input_tokens:,} tokens in"
    if model.batch_discount is not None:
        yield f"batch −{model.batch_discount:.0%}"
    if pdf := model.whole_pdf:
        yield f"whole PDFs of up to {pdf.pages_of_document_parsing} pages ({pdf.pages_of_other_tasks} for other tasks)"
    if model.turns:
        yield "several turns"
    yield f"images of up to {model.max_url_bytes / 2**20:g} MB by address"
    if quota := model.free_quota:
        yield f"{_short(quota.tokens)} tokens free for {quota.days} days"
    if said := standing(model):
        yield said.removeprefix(f"{model.name} ").rstrip(".")


def _rates(model: Model) -> str:
    """Requests and tokens a minute."""
    limits = (model.requests_per_minute, model.tokens_per_minute)
    if limits == (None, None):
        return "no limit"
    shown = " / ".join("–" if limit is None else _short(limit) for limit in limits)
    return shown + ("?" if model.rates_sureness == "low" else "")


def _short(count: int) -> str:
    """A count as people write it: 6M, 30.72M, 3,072."""
    return f"{count / 1e6:g}M" if count >= 1_000_000 else f"{count:,}"


def _as_json(catalogue: Catalogue, regions: list[str]) -> dict[str, Any]:
    return {
        "version": catalogue.version,
        "regions": [
            {
                "name": r.name,
                "native_url": r.native_url,
                "compatible_url": r.compatible_url,
                "protocol": r.protocol.value,
                "default_model": r.default_model,
                "offers_uploads": r.offers_uploads,
                "residency": r.residency,
            }
            for r in map(catalogue.region, regions)
        ],
        "models": [_model_as_json(m) for name in regions for m in catalogue.models_in(name)],
        "earlier": [_model_as_json(m) for m in catalogue.earlier if m.region in regions],
    }


def _model_as_json(model: Model) -> dict[str, Any]:
    """The model's fields; prices as text, so that they stay exact."""
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return value.isoformat() if isinstance(value, date) else value
