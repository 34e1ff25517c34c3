"""What Dagster's list of runs says of a run: which intake it read, how much that is, and what it cost."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import PurePosixPath

import dagster as dg
from upath import UPath

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.defs.metadata import brief
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.manifest import Manifest, read_manifest
from qwenocr_assets.outgoing import visible
from qwenocr_assets.quality.completeness import completeness
from qwenocr_assets.rows import OcrResponseRow
from qwenocr_assets.schemas import DOCUMENTS, PAGES
from qwenocr_assets.storage.table_files import count_rows

_OURS = "qwenocr/"


def tag_begun(context: dg.AssetExecutionContext, environment: Environment) -> None:
    """Say which intake a run reads, by a name that people know, and how many documents that are."""
    data, batch_id = environment.data, context.partition_key
    _tag(
        context,
        {
            "intake": intake_name(read_manifest(data, batch_id)),
            "documents": str(count_rows(data, DOCUMENTS, batch_id) or 0),
        },
    )


def tag_ended(
    context: dg.AssetExecutionContext, environment: Environment, responses: Iterable[OcrResponseRow]
) -> None:
    """Say how many pages the run's intake has, what their answers cost in all, and how many did not end well."""
    answers = list(responses)
    cost = sum((row.get("cost_usd") or Decimal(0) for row in answers), Decimal(0))
    _tag(
        context,
        {
            "pages": str(count_rows(environment.data, PAGES, context.partition_key) or 0),
            "cost_usd": brief(cost),
            "failed": str(len(completeness(answers).failures)),
        },
    )


def tag_account(context: dg.AssetExecutionContext, account: Account) -> None:
    """Say with whose account a run asks, where accounts have names: with each, where the first was down."""
    if account.entry is None:
        return
    before = context.instance.get_run_by_id(context.run.run_id)
    said = before.tags.get(f"{_OURS}account") if before is not None else None
    names = dict.fromkeys([*(said or "").split(", "), visible(account.name)])
    _tag(context, {"account": ", ".join(name for name in names if name)})


def intake_name(manifest: Manifest) -> str:
    """The folder of an intake batch, and the day of its newest file."""
    folder = PurePosixPath(UPath(manifest.created_from).path).name or manifest.created_from
    days = [file.modified_at for file in manifest.files if file.modified_at is not None]
    return visible(f"{folder} {max(days):%Y-%m-%d}" if days else folder)


def _tag(context: dg.AssetExecutionContext, tags: dict[str, str]) -> None:
    context.instance.add_run_tags(
        context.run.run_id, {f"{_OURS}{name}": value for name, value in tags.items()}
    )
