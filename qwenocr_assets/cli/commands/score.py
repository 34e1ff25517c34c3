"""`qwenocr score`: what was read so far against a folder of truths."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from qwenocr_assets.cli.commands.run import silence
from qwenocr_assets.cli.publishing import publish_now
from qwenocr_assets.cli.tables import print_result, print_rows
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError, ExitCode, WarehouseError
from qwenocr_assets.scoring.truth import read_truths
from qwenocr_assets.steps.scores import score
from qwenocr_assets.warehouse.export import export_query
from qwenocr_assets.warehouse.places.published import published
from qwenocr_assets.warehouse.query import QueryResult, run_query

_SUMMARY = """
    SELECT route, task, metric, round(mean, 4) AS mean, documents AS n, region, model, asked_with, dpi,
        round(interval_low, 4) AS low, round(interval_high, 4) AS high, round(micro, 4) AS micro, errors, total
    FROM marts.scores_by_route
    ORDER BY task, metric, route, region, model, asked_with, dpi
"""
_ALWAYS = ("route", "task", "metric", "mean", "n")
_EXPERIMENT = ("region", "model", "asked_with", "dpi")
"""Shown where experiments differ in it."""
_DIFF = """
    SELECT document_name, task, path, truth_value AS truth, read_value AS read, kind
    FROM marts.score_errors
    ORDER BY document_name, task, path
"""
_EVERY_SCORE = """
    SELECT documents.name AS document_name, documents.name, scores.*
    FROM staging.stg_scores AS scores
    INNER JOIN staging.stg_documents AS documents ON documents.document_id = scores.document_id
    ORDER BY documents.name, scores.task, scores.metric
"""
_TEXT_NOTE = (
    "Text is compared in Unicode NFC, full and half width alike, one space where there are several, none beside "
    "Chinese, Japanese and Thai characters; of these each is a word. Low and high: 95 % interval of the mean."
)
_MOST_NAMES = 10


def print_scores(
    console: Console,
    truth: Path | None,
    iou: float | None,
    csv: Path | None,
    json: Path | None,
    *,
    diff: bool = False,
    wide: bool = False,
) -> ExitCode:
    """Score every batch, bring the warehouse up to date and print the experiments side by side; returns whether all
    truth files could be used.

    Raises:
        ConfigurationError: no truth folder, or nothing in it.
        WarehouseError: the warehouse could not be brought up to date.
    """
    environment = Environment.load()
    folder = truth or environment.settings.scoring.truth_folder
    if folder is None:
        raise ConfigurationError(
            "No truth folder is given.",
            "Name one with --truth, or set truth under [scoring] in pipeline.toml.",
        )
    truths = read_truths(folder)
    without_truth: list[str] = []
    used: set[str] = set()
    data = environment.data
    for batch_id in data.batch_ids():
        found = score(environment, batch_id, truths, iou)
        without_truth += found.without_truth
        used |= found.used
    silence()
    outcome = publish_now(environment)
    if not outcome.success:
        raise WarehouseError(
            f"The warehouse could not be brought up to date: {outcome.error}", "Run it again."
        )

    warehouse = published(data)
    if used:
        _print_summary(run_query(warehouse, _SUMMARY), console, wide=wide)
        if diff:
            console.print("\n[bold]Values that differ from the truth[/]")
            _print_differences(run_query(warehouse, _DIFF), console, wide=wide)
    _print_names(console, "Documents without truth", sorted(set(without_truth)))
    _print_names(console, "Truths without a document", sorted({t.name for t in truths.truths} - used))
    for problem in truths.problems:
        console.print(Text(f"{problem.file} cannot be used: {problem.reason}", style="bold red"))
    for file, kind in ((csv, "csv"), (json, "json")):
        if file is not None:
            console.print(Text(f"{export_query(warehouse, _EVERY_SCORE, file, kind).rows} scores in {file}"))
    return ExitCode.PARTLY_FAILED if truths.problems else ExitCode.DONE


def _print_summary(result: QueryResult, console: Console, *, wide: bool) -> None:
    """Five columns, and those of an experiment in which rows differ; all with `wide`, and into a pipe."""
    if wide or not console.is_terminal:
        print_result(result, console, wide=wide)
        console.print(Text(_TEXT_NOTE, style="dim"))
        return
    places = {name: place for place, name in enumerate(result.columns)}
    alike: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in result.rows:
        alike.setdefault(row[:3], []).append(row)
    compared = [rows for rows in alike.values() if len(rows) > 1]
    differ = [n for n in _EXPERIMENT if any(len({row[places[n]] for row in rows}) > 1 for rows in compared)]
    shown = [*_ALWAYS, *differ]
    rows = [
        tuple(f"{row[places[name]]:.4f}" if name == "mean" else row[places[name]] for name in shown)
        for row in result.rows
    ]
    print_rows(shown, rows, console, right=("mean",))
    console.print(
        Text("--wide adds models, intervals and counts; --diff names each value that is wrong.", style="dim")
    )


def _print_differences(result: QueryResult, console: Console, *, wide: bool) -> None:
    """A table per document, so that path, truth and what was read have room; one table with `wide`, and into a pipe."""
    if wide or not console.is_terminal or not result.rows:
        print_result(result, console, wide=wide)
        return
    for document, rows in groupby(result.rows, key=lambda row: row[0]):
        console.print(Text(f"\n{document}", style="bold"))
        print_rows(("path", "truth", "read"), [row[2:5] for row in rows], console, blocks=True)
    count = len(result.rows)
    console.print(Text(f"\n{count:,} value{' differs' if count == 1 else 's differ'}", style="dim"))


def _print_names(console: Console, what: str, names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        console.print(Text(f"{what} ({len(names)}): {', '.join(names[:_MOST_NAMES])}{more}"))
