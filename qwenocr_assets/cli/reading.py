"""Commands that read documents. Each imports what it needs when called, so that the program starts quickly."""

from pathlib import Path
from typing import Annotated

import typer

from qwenocr_assets.cli import terminal

reading = typer.Typer()


@reading.command(rich_help_panel="Read")
def run(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders to read.", show_default=False)
    ] = None,
    manifest: Annotated[
        list[str] | None,
        typer.Option(help="Run an intake by its manifest: the same files, also of another data folder."),
    ] = None,
    resend: Annotated[
        list[str] | None,
        typer.Option(help="Ask again for answers with this status, like `rejected` or `skipped`."),
    ] = None,
) -> None:
    """Read documents into the warehouse. Pages already answered are not sent again."""
    from qwenocr_assets.cli.commands.run import run_paths

    if not paths and not manifest:
        raise typer.BadParameter("Give a path to read, or a manifest.")
    terminal.exit_with(
        run_paths(paths or [], terminal.console, by_manifest=manifest or [], resend=resend or [])
    )


@reading.command(rich_help_panel="Read")
def quote(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to price.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for scripts.")] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """Show what reading documents would cost, with this model and with others. Nothing is sent."""
    from qwenocr_assets.cli.commands.quote import print_quote

    print_quote(paths, terminal.console, as_json=as_json, wide=wide)


@reading.command(rich_help_panel="Read")
def routes(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", show_default=False)],
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """Show which route each file takes. Nothing is read or sent."""
    from qwenocr_assets.cli.commands.routes import print_routes

    print_routes(paths, terminal.console, wide=wide)


@reading.command("try", rich_help_panel="Read")
def try_(
    file: Annotated[Path, typer.Argument(help="A document.", show_default=False)],
    schema: Annotated[
        Path | None,
        typer.Option(help="JSON file with the fields to read; without it, as the document's route says."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for scripts.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before paying.")] = False,
) -> None:
    """Read a document and show what is in it. Nothing is kept but its cost, in the ledger."""
    from qwenocr_assets.cli.commands.first_look.trying import try_file

    terminal.exit_with(try_file(file, schema, terminal.console, as_json=as_json, yes=yes))


@reading.command(rich_help_panel="Read")
def suggest(
    document: Annotated[
        str, typer.Argument(help="A document that was read, by its name.", show_default=False)
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the schema and its route; by default the document's.")
    ] = None,
) -> None:
    """Write a schema of the values that a document has, and show the route that asks for them."""
    from qwenocr_assets.cli.commands.first_look.suggesting import print_suggestion

    print_suggestion(document, name, terminal.console)


@reading.command(rich_help_panel="Read")
def retry(
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only this status; by default failed, unfunded and missing."),
    ] = None,
    class_: Annotated[
        list[str] | None, typer.Option("--class", help="Only this error class, like `Throttled`.")
    ] = None,
    batch: Annotated[list[str] | None, typer.Option("--intake", "--batch", help="Only this intake.")] = None,
    split: Annotated[
        bool,
        typer.Option("--split", help="Only pages whose answer hit its output limit, each in two halves."),
    ] = False,
) -> None:
    """Ask again for pages that got no answer."""
    from qwenocr_assets.cli.commands.retry import ask_again, ask_in_halves

    if split:
        terminal.exit_with(ask_in_halves(terminal.console, batch or []))
        return
    terminal.exit_with(ask_again(terminal.console, status or [], class_ or [], batch or []))


@reading.command(rich_help_panel="Read")
def inbox(
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for scripts.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Most files to name of each kind.")] = 20,
) -> None:
    """Show the files that the inbox sensor has seen: waiting, read, copied, moved, vanished or unreadable."""
    from qwenocr_assets.cli.commands.inbox import print_inbox

    print_inbox(terminal.console, as_json=as_json, most=limit)


@reading.command(rich_help_panel="Read")
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


@reading.command(rich_help_panel="Read")
def demo() -> None:
    """Read data/samples with the embedded engine, and show the first SQL on them."""
    from qwenocr_assets.cli.commands.demo import run_demo

    terminal.exit_with(run_demo(terminal.console))
