"""Commands that keep the project in order, and show the models there are."""

from typing import Annotated

import typer

from qwenocr_assets.cli import terminal

upkeep = typer.Typer()


@upkeep.command(rich_help_panel="Money")
def models(
    region: Annotated[str | None, typer.Option(help="Only this region.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that is known, as JSON.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the service for its own list, and say what differs.")
    ] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """List the models of each region with prices, limits and tasks, as pipeline.toml has them."""
    from qwenocr_assets.cli.commands.live_models import print_live_models
    from qwenocr_assets.cli.commands.models import print_models
    from qwenocr_assets.environment.environment import Environment

    if live:
        print_live_models(Environment.load(), terminal.console, region=region, as_json=as_json)
    else:
        print_models(Environment.load(), terminal.console, region=region, as_json=as_json, wide=wide)


@upkeep.command(rich_help_panel="Upkeep")
def doctor() -> None:
    """Check what is installed, configured and reachable, and say how to fix the rest."""
    from qwenocr_assets.cli.commands.doctor import print_findings

    terminal.exit_with(print_findings(terminal.console))


@upkeep.command(rich_help_panel="Upkeep")
def archive(
    older_than: Annotated[
        str, typer.Option("--older-than", help="Age of the manifest, like `90d`, `12w` or `1y`.")
    ] = "90d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be archived.")] = False,
    restore: Annotated[
        list[str] | None, typer.Option(help="Instead: bring this intake back, as running it does.")
    ] = None,
) -> None:
    """Take old intakes out of Dagster's list of partitions, to keep its UI fast; all data stay."""
    from qwenocr_assets.cli.commands.archive import archive_older, restore_archived

    if restore:
        restore_archived(terminal.console, restore)
    else:
        archive_older(terminal.console, older_than, dry_run=dry_run)
