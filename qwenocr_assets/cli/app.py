"""The program `qwenocr`: its commands in groups, its version, its help."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from qwenocr_assets.cli import terminal
from qwenocr_assets.cli.commands.warehouse import warehouse_app
from qwenocr_assets.cli.engine import engine_app
from qwenocr_assets.cli.groups import batch_app, deploy_app, ledger_app, review_app
from qwenocr_assets.cli.looking import looking
from qwenocr_assets.cli.option_types import with_readable_types
from qwenocr_assets.cli.reading import reading
from qwenocr_assets.cli.upkeep import upkeep

app = typer.Typer(
    name="qwenocr",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a traceback must never show a key
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    from qwenocr_assets.qwenocr.catalogue import load_catalogue
    from qwenocr_assets.state.migrations import MIGRATIONS

    catalogue = load_catalogue()
    try:
        reads = f"on rapidocr {version('rapidocr')}"
    except PackageNotFoundError:
        reads = "not installed"  # an extra
    engine = f"{catalogue.model('local').name} {reads}"
    terminal.console.print(
        f"qwenocr {version('qwenocr-assets')}, Python {platform.python_version()}\n"
        f"engine {engine}, catalogue {catalogue.version}\n"
        f"database schema {len(MIGRATIONS)} ({list(MIGRATIONS)[-1]})",
        highlight=False,
    )
    raise typer.Exit


@app.callback()
def _program(
    show: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_print_version,
            help="Show the versions of the program, its engine and its database schema.",
        ),
    ] = False,
) -> None:
    """Document images and PDFs into SQL tables. Start with `qwenocr run PATH`, then `qwenocr sql`."""


app.add_typer(reading)
app.add_typer(batch_app, name="batch", rich_help_panel="Read")
app.add_typer(looking)
app.add_typer(review_app, name="review", rich_help_panel="Correct")
app.add_typer(ledger_app, name="ledger", rich_help_panel="Money")
app.add_typer(upkeep)
app.add_typer(warehouse_app, name="warehouse", rich_help_panel="Upkeep")
app.add_typer(deploy_app, name="deploy", rich_help_panel="Upkeep")
app.add_typer(engine_app, name="engine", rich_help_panel="Upkeep")
with_readable_types(app)
