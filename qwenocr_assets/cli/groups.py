"""Commands of two words: `qwenocr ledger …`, `qwenocr review …`, `qwenocr batch …`.

What they do is imported when they are called, so that the program starts quickly.
"""

from pathlib import Path
from typing import Annotated

import typer

from qwenocr_assets.cli import terminal
from qwenocr_assets.deployment.target import Target

ledger_app = typer.Typer(help="The ledger: what was spent, and what is uncertain.", no_args_is_help=True)
review_app = typer.Typer(help="Export values for review and import corrections.", no_args_is_help=True)
deploy_app = typer.Typer(help="Beyond one machine: files for servers and Kubernetes.", no_args_is_help=True)
batch_app = typer.Typer(help="The Batch API: hours later, at half the price.", no_args_is_help=True)


@ledger_app.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for scripts.")] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """Show what was spent and what is left by day, month and route, and what is uncertain."""
    from qwenocr_assets.cli.commands.ledger import print_ledger

    print_ledger(terminal.console, as_json=as_json, wide=wide)


@ledger_app.command()
def reconcile(
    as_: Annotated[
        str, typer.Option("--as", help="`settled` if they are on the bill, `released` if they are not.")
    ],
    entries: Annotated[
        list[int] | None,
        typer.Argument(help="Numbers of uncertain entries; without them, all.", show_default=False),
    ] = None,
    amount: Annotated[
        str | None, typer.Option(help="US dollars on the bill, for one entry; without it the reserved price.")
    ] = None,
) -> None:
    """Close uncertain entries, after a look at the service's bill."""
    from qwenocr_assets.cli.commands.ledger import reconcile_entries

    reconcile_entries(terminal.console, entries or [], as_=as_, amount=amount)


@batch_app.command("submit")
def batch_submit(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to hand over.", show_default=False)],
) -> None:
    """Hand documents to the Batch API, whatever the mode of their routes."""
    from qwenocr_assets.cli.commands import batch

    terminal.exit_with(batch.submit(paths, terminal.console))


@batch_app.command("list")
def batch_list(
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, however long the lines become.")
    ] = False,
) -> None:
    """List Batch API jobs and their progress."""
    from qwenocr_assets.cli.commands import batch

    batch.print_jobs(terminal.console, wide=wide)


@batch_app.command("show")
def batch_show(
    job: Annotated[str, typer.Argument(help="The job, its first characters, or the service's id.")],
) -> None:
    """Show the details of a job."""
    from qwenocr_assets.cli.commands import batch

    batch.show_job(terminal.console, job)


@batch_app.command("cancel")
def batch_cancel(job: Annotated[str, typer.Argument(help="The job or its first characters.")]) -> None:
    """Cancel a running job; finished pages are kept, and billed."""
    from qwenocr_assets.cli.commands import batch

    batch.cancel_job(terminal.console, job)


@batch_app.command("collect")
def batch_collect(
    wait: Annotated[bool, typer.Option(help="Wait until every job has ended.")] = False,
) -> None:
    """Collect finished jobs, hand over or ask the rest, and publish."""
    from qwenocr_assets.cli.commands import batch

    terminal.exit_with(batch.collect(terminal.console, wait=wait))


@review_app.command("export")
def review_export(
    label_studio: Annotated[
        Path | None, typer.Option("--label-studio", help="File for Label Studio's tasks, ending in .json.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="File for a spreadsheet.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Folder for a report of the documents, to look at.")
    ] = None,
    batch: Annotated[list[str] | None, typer.Option("--intake", "--batch", help="Only this intake.")] = None,
    document: Annotated[list[str] | None, typer.Option(help="Only this document, by name or id.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every value, not only what is in the review queue.")
    ] = False,
    link: Annotated[
        str | None,
        typer.Option(
            help="URL prefix for page images, like `/data/local-files/?d=`; by default the images are inside the "
            "file."
        ),
    ] = None,
) -> None:
    """Write the values that need review: as tasks for Label Studio, as a sheet or as a report."""
    from qwenocr_assets.cli.commands import review
    from qwenocr_assets.review.pages import Selection

    selection = Selection(batch or (), document or (), everything)
    review.export_review(terminal.console, selection, tasks=label_studio, sheet=csv, report=html, link=link)


@review_app.command("import")
def review_import(
    file: Annotated[
        Path, typer.Argument(help="A Label Studio export or a filled-in sheet.", show_default=False)
    ],
    by: Annotated[str | None, typer.Option(help="Reviewer name for rows without one.")] = None,
) -> None:
    """Import corrections, and bring the warehouse up to date. The same file twice changes nothing."""
    from qwenocr_assets.cli.commands import review

    terminal.exit_with(review.import_review(terminal.console, file, by=by))


@deploy_app.callback()
def _deploy() -> None:
    """Beyond one machine: files for servers and Kubernetes."""


@deploy_app.command("render")
def deploy_render(
    target: Annotated[
        Target,
        typer.Argument(help="server: units of systemd; compose: containers; celery: with workers; k8s."),
    ],
    into: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("deployment"),
) -> None:
    """Write dagster.yaml, workspace.yaml, and units or Kubernetes objects, from the settings."""
    from qwenocr_assets.cli.commands.deploy import write_files

    write_files(target, into, terminal.console)
