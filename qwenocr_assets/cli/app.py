"""The commands. What they do is imported when they are called, so that the program starts quickly."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from qwenocr_assets.cli import terminal
from qwenocr_assets.cli.commands.warehouse import warehouse_app
from qwenocr_assets.cli.engine import engine_app
from qwenocr_assets.cli.groups import batch_app, ledger_app, review_app

app = typer.Typer(
    name="qwenocr",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a traceback must never show a key
    add_completion=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        terminal.console.print(f"qwenocr {version('qwenocr-assets')}, Python {platform.python_version()}")
        raise typer.Exit


@app.callback()
def _program(
    show: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Say which version this is."),
    ] = False,
) -> None:
    """Document images and PDFs into SQL tables. Start with `qwenocr run PATH`, then `qwenocr sql`."""


app.add_typer(engine_app, name="engine")
app.add_typer(ledger_app, name="ledger")
app.add_typer(warehouse_app, name="warehouse")
app.add_typer(review_app, name="review")
app.add_typer(batch_app, name="batch")


@app.command()
def run(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders to read.", show_default=False)
    ] = None,
    manifest: Annotated[
        list[str] | None,
        typer.Option(help="Run a batch by its manifest: the same files, also of another data folder."),
    ] = None,
    resend: Annotated[
        list[str] | None,
        typer.Option(help="Ask again for answers with this status, like `rejected` or `skipped`."),
    ] = None,
) -> None:
    """Read documents into the warehouse. What was answered before is not sent again."""
    from qwenocr_assets.cli.commands.run import run_paths

    if not paths and not manifest:
        raise typer.BadParameter("Give a path to read, or a manifest.")
    terminal.exit_with(
        run_paths(paths or [], terminal.console, by_manifest=manifest or [], resend=resend or [])
    )


@app.command()
def retry(
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only this status; by default failed, unfunded and missing."),
    ] = None,
    class_: Annotated[
        list[str] | None, typer.Option("--class", help="Only this error class, like `Throttled`.")
    ] = None,
    batch: Annotated[list[str] | None, typer.Option(help="Only this intake batch.")] = None,
    split: Annotated[
        bool,
        typer.Option("--split", help="Ask in two halves what came to its output limit, and nothing else."),
    ] = False,
) -> None:
    """Ask again for pages that got no answer, and for no others."""
    from qwenocr_assets.cli.commands.retry import ask_again, ask_in_halves

    if split:
        terminal.exit_with(ask_in_halves(terminal.console, batch or []))
        return
    terminal.exit_with(ask_again(terminal.console, status or [], class_ or [], batch or []))


@app.command()
def inbox(
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for scripts.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Most files to name of each kind.")] = 20,
) -> None:
    """Say what the inbox sensor has seen: what waits, is in batches, copied, moved, vanished or does not open."""
    from qwenocr_assets.cli.commands.inbox import print_inbox

    print_inbox(terminal.console, as_json=as_json, most=limit)


@app.command()
def quote(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to price.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for scripts.")] = False,
) -> None:
    """Say what reading documents would cost, here and elsewhere. Nothing is sent."""
    from qwenocr_assets.cli.commands.quote import print_quote

    print_quote(paths, terminal.console, as_json=as_json)


@app.command()
def demo() -> None:
    """Run the main job on data/samples with the embedded engine, and show what SQL makes of it."""
    from qwenocr_assets.cli.commands.demo import run_demo

    terminal.exit_with(run_demo(terminal.console))


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='Like "select * from marts.documents_overview".')],
    kind: Annotated[
        str | None,
        typer.Option("--format", "-f", help="table, csv or json; with --output also parquet, xlsx."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write the rows into.")
    ] = None,
) -> None:
    """Run a query on the published warehouse."""
    from qwenocr_assets.cli.commands import warehouse

    warehouse.sql(query, terminal.console, kind=kind, output=output)


@app.command()
def search(
    words: Annotated[str, typer.Argument(help="Words that all stand on the page.")],
    limit: Annotated[int, typer.Option(min=1, help="Most pages to show.")] = 20,
) -> None:
    """Find where words stand, page and box, however they are written and broken over lines."""
    from qwenocr_assets.cli.commands import warehouse

    warehouse.search(words, terminal.console, limit)


@app.command()
def export(
    table: Annotated[
        str, typer.Argument(help="Table or mart, like line_items, or a document's table, like invoice.pdf#0.")
    ],
    output: Annotated[Path, typer.Argument(help="File, ending in .parquet, .csv, .json or .xlsx.")],
    kind: Annotated[
        str | None, typer.Option("--format", "-f", help="Format, if the file's end does not say it.")
    ] = None,
) -> None:
    """Write a table or mart of the published warehouse, or one table of a document, into a file."""
    from qwenocr_assets.cli.commands import warehouse

    warehouse.export(table, output, terminal.console, kind)


@app.command()
def report(
    batch: Annotated[
        str | None, typer.Argument(help="An intake batch; without it the newest.", show_default=False)
    ] = None,
    document: Annotated[str | None, typer.Option(help="Only this document, by its name.")] = None,
    doubtful: Annotated[bool, typer.Option(help="Only documents with something to look at.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder to write; by default below `reports` in the data folder."
        ),
    ] = None,
) -> None:
    """Show pages with boxes and values side by side, what needs a look first: a folder of HTML that opens offline."""
    from qwenocr_assets.cli.commands.report import print_report

    print_report(terminal.console, batch=batch, document=document, doubtful=doubtful, output=output)


@app.command()
def draw(
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture to write: .png, .jpg or .webp.")],
    image: Annotated[Path | None, typer.Argument(help="A picture.", show_default=False)] = None,
    answer: Annotated[
        Path | None, typer.Argument(help="The service's answer to it, as JSON.", show_default=False)
    ] = None,
    document: Annotated[
        str | None, typer.Option(help="Instead of both: a document that was read, by its name.")
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="Page of the document.")] = 1,
    boxes: Annotated[str, typer.Option(help="What of the document: lines, fields or cells.")] = "lines",
    font: Annotated[
        Path | None, typer.Option(help="TrueType font for labels in other scripts than Latin.")
    ] = None,
) -> None:
    """Draw the boxes of an answer, with what it says there, over its picture."""
    from qwenocr_assets.cli.commands.draw import draw_answer, draw_document

    if document is not None:
        draw_document(terminal.console, document, page, boxes, output, font)
    else:
        draw_answer(terminal.console, image, answer, output, font)


@app.command()
def archive(
    older_than: Annotated[
        str, typer.Option("--older-than", help="Age of the manifest, like `90d`, `12w` or `1y`.")
    ] = "90d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be archived.")] = False,
    restore: Annotated[
        list[str] | None, typer.Option(help="Instead: bring this intake batch back, as running it does.")
    ] = None,
) -> None:
    """Take old batches out of Dagster's list of partitions, so that its UI stays quick; all data stay."""
    from qwenocr_assets.cli.commands.archive import archive_older, restore_archived

    if restore:
        restore_archived(terminal.console, restore)
    else:
        archive_older(terminal.console, older_than, dry_run=dry_run)


@app.command()
def score(
    truth: Annotated[
        Path | None,
        typer.Option(help="Folder of truths; by default the one that pipeline.toml names."),
    ] = None,
    iou: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=1, help="Least overlap of two boxes that are the same line; by default 0.5."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="File for every document's scores, as CSV.")] = None,
    json: Annotated[Path | None, typer.Option(help="File for every document's scores, as JSON.")] = None,
) -> None:
    """Compare what was read with what truly stands there, route by route. Nothing is sent."""
    from qwenocr_assets.cli.commands.score import print_scores

    terminal.exit_with(print_scores(terminal.console, truth, iou, csv, json))


@app.command("app")
def page(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but loopback asks for a token.")
    ] = "127.0.0.1",
) -> None:
    """Open a web page to drop files on, correct values and look at tables."""
    from qwenocr_assets.cli.commands.page import serve_page

    serve_page(terminal.console, host=host, port=port)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Start Dagster's UI, with the daemon that runs sensors and schedules."""
    from qwenocr_assets.defs.running.instance import ensure_dagster_home
    from qwenocr_assets.settings import project_root

    ensure_dagster_home()
    os.chdir(project_root())
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", host, "-p", str(port)]
    os.execv(sys.executable, command)  # noqa: S606  our own interpreter and arguments


@app.command()
def preview(
    file: Annotated[Path, typer.Argument(help="A document, or a folder of them.", show_default=False)],
    step: Annotated[
        list[str] | None,
        typer.Option(
            help="A step of enhancement, in order; by default those of the document's route, or all."
        ),
    ] = None,
) -> None:
    """Enhance a document's first pages, and write before and after side by side. Nothing is sent."""
    from qwenocr_assets.cli.commands.preview import print_preview

    terminal.exit_with(print_preview(file, step or [], terminal.console))


@app.command()
def doctor() -> None:
    """Say what is installed, configured and reachable, and what to do about what is not."""
    from qwenocr_assets.cli.commands.doctor import print_findings

    terminal.exit_with(print_findings(terminal.console))


@app.command()
def models(
    region: Annotated[str | None, typer.Option(help="Only this region.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that is known, as JSON.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the service for its own list, and say what differs.")
    ] = False,
) -> None:
    """List the models of each region with prices, limits and tasks, as pipeline.toml has them."""
    from qwenocr_assets.cli.commands.live_models import print_live_models
    from qwenocr_assets.cli.commands.models import print_models
    from qwenocr_assets.environment.environment import Environment

    print_them = print_live_models if live else print_models
    print_them(Environment.load(), terminal.console, region=region, as_json=as_json)
