"""Commands that show what was read. Each imports what it needs when called, so that the program starts quickly."""

from pathlib import Path
from typing import Annotated

import typer

from qwenocr_assets.cli import terminal

looking = typer.Typer()


@looking.command("app", rich_help_panel="Look")
def page(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but loopback asks for a token.")
    ] = "127.0.0.1",
) -> None:
    """Open a web page to drop files on, correct values and look at tables."""
    from qwenocr_assets.cli.commands.page import serve_page

    serve_page(terminal.console, host=host, port=port)


@looking.command(rich_help_panel="Look")
def ui(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Start Dagster's UI, with the daemon that runs sensors and schedules."""
    from rich.text import Text

    from qwenocr_assets.cli.commands.report import batches_by_age
    from qwenocr_assets.defs.running.ui import serve_ui
    from qwenocr_assets.environment.environment import Environment

    def tell(line: str) -> None:
        terminal.console.print(Text(line), soft_wrap=True)

    data = Environment.load().data
    newest = next(iter(batches_by_age(data)), None)
    terminal.exit_with(serve_ui(tell, data, host=host, port=port, newest=newest))


@looking.command(rich_help_panel="Look")
def report(
    batch: Annotated[
        str | None, typer.Argument(help="An intake; without it the newest.", show_default=False)
    ] = None,
    document: Annotated[str | None, typer.Option(help="Only this document, by its name.")] = None,
    doubtful: Annotated[bool, typer.Option(help="Only documents that need review.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder to write; by default below `reports` in the data folder."
        ),
    ] = None,
) -> None:
    """Show pages with boxes and values side by side, items needing review first, as HTML that opens offline."""
    from qwenocr_assets.cli.commands.report import print_report

    print_report(terminal.console, batch=batch, document=document, doubtful=doubtful, output=output)


@looking.command(rich_help_panel="Look")
def sql(
    query: Annotated[str, typer.Argument(help='Like "select * from marts.documents_overview".')],
    kind: Annotated[
        str | None,
        typer.Option("--format", "-f", help="table, csv or json; with --output also parquet, xlsx."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write the rows into.")
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """Run a query on the published warehouse."""
    from qwenocr_assets.cli.commands import warehouse

    warehouse.sql(query, terminal.console, kind=kind, output=output, wide=wide)


@looking.command(rich_help_panel="Look")
def tables(
    name: Annotated[
        str | None,
        typer.Argument(help="A table or mart, like line_items; without it, all of them.", show_default=False),
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """List the tables of the published warehouse, or the columns of one."""
    from qwenocr_assets.cli.commands import warehouse

    warehouse.tables(name, terminal.console, wide=wide)


@looking.command(rich_help_panel="Look")
def search(
    words: Annotated[str, typer.Argument(help="Words that must all appear on the page.")],
    limit: Annotated[int, typer.Option(min=1, help="Most pages to show.")] = 20,
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """Find the pages that contain these words, and where, however they are written and broken over lines."""
    from qwenocr_assets.cli.commands import warehouse

    warehouse.search(words, terminal.console, limit, wide=wide)


@looking.command(rich_help_panel="Look")
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


@looking.command(rich_help_panel="Look")
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
    diff: Annotated[
        bool, typer.Option("--diff", help="Name each value that differs: path, truth, and what was read.")
    ] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """Compare what was read with the ground truth, route by route. Nothing is sent."""
    from qwenocr_assets.cli.commands.score import print_scores

    terminal.exit_with(print_scores(terminal.console, truth, iou, csv, json, diff=diff, wide=wide))


@looking.command(rich_help_panel="Look")
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
    boxes: Annotated[
        str, typer.Option(help="Which boxes of the document: lines, fields or cells.")
    ] = "lines",
    font: Annotated[
        Path | None, typer.Option(help="TrueType font for labels in other scripts than Latin.")
    ] = None,
) -> None:
    """Draw the boxes of an answer, with their texts, over its picture."""
    from qwenocr_assets.cli.commands.draw import draw_answer, draw_document

    if document is not None:
        draw_document(terminal.console, document, page, boxes, output, font)
    else:
        draw_answer(terminal.console, image, answer, output, font)
