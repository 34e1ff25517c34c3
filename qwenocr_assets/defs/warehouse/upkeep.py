"""The nightly upkeep: many small table files into few, and page images that nothing refers to any more."""

from dataclasses import asdict

import dagster as dg
from pydantic import Field

from qwenocr_assets.defs.metadata import markdown_table
from qwenocr_assets.defs.progress import LoggedProgress
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.steps.publish import tidy
from qwenocr_assets.storage.vacuum import vacuum_pages

_MOST_SHOWN = 20


class VacuumConfig(dg.Config):
    """What the vacuum may do."""

    delete: bool = Field(
        default=False, description="Delete what it finds; otherwise it only says what it would delete."
    )


@dg.op(out=dg.Out(dg.Nothing))
def compact_table_files(
    context: dg.OpExecutionContext,
    environment: dg.ResourceParam[Environment],
    progress: dg.ResourceParam[Progress],
) -> None:
    """Put the table files of settled batches together, and a lake's files; takes turns with loading."""
    done = tidy(environment, LoggedProgress(progress, context))
    rows = [{"table": c.table, "files before": c.files_before, "after": c.files_after} for c in done.tables]
    context.add_output_metadata(
        {
            "tables": len(done.tables),
            "files": markdown_table(rows, ["table", "files before", "after"]),
            **({} if done.lake is None else {f"lake_{name}": n for name, n in asdict(done.lake).items()}),
        }
    )


@dg.op(ins={"after": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def vacuum_page_images(
    context: dg.OpExecutionContext, config: VacuumConfig, environment: dg.ResourceParam[Environment]
) -> None:
    """Find page images that no batch refers to; delete them only when told so."""
    found = vacuum_pages(environment.data, delete=config.delete)
    context.add_output_metadata(
        {
            "unreferenced": len(found.unreferenced),
            "size_bytes": found.size_bytes,
            "kept": found.kept,
            "deleted": found.deleted,
            "pages": markdown_table([{"page": str(p)} for p in found.unreferenced[:_MOST_SHOWN]], ["page"]),
        }
    )


@dg.job(executor_def=dg.in_process_executor)
def upkeep() -> None:
    """Compact the table files; then look for page images that nothing refers to (a dry run, unless configured)."""
    vacuum_page_images(after=compact_table_files())


nightly_upkeep = dg.ScheduleDefinition(
    name="nightly_upkeep",
    job=upkeep,
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compact table files and look for page images without a page, every night at 03:30 UTC.",
)
