"""`qwenocr retry`: requests that ended without an answer, asked again, and no others."""

from collections.abc import Collection, Sequence

from rich.console import Console

from qwenocr_assets.asking.unanswered import RETRIED, unanswered
from qwenocr_assets.cli.commands.run import run_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode, UsageError
from qwenocr_assets.qwenocr.errors import error_classes
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.pages import halve_pages


def ask_again(
    console: Console, statuses: Sequence[str] = (), classes: Collection[str] = (), batches: Sequence[str] = ()
) -> ExitCode:
    """Ask again for what has one of these statuses and error classes, in these batches or in all.

    Raises:
        UsageError: a status, class or batch that does not exist.
    """
    environment = Environment.load()
    chosen = _chosen(environment, batches)
    if strangers := [name for name in classes if name not in error_classes()]:
        raise UsageError(
            f"There is no error class {', '.join(strangers)}.", f"Classes: {', '.join(error_classes())}."
        )
    wanted = [_status(name) for name in statuses] or list(RETRIED)
    found = unanswered(environment.data, chosen, wanted, classes)
    if not found:
        console.print("Nothing to ask again.")
        return ExitCode.DONE
    resend = [status.value for status in wanted if status.is_final]
    only = {batch.batch_id: batch.request_keys for batch in found}
    return run_batches(environment, list(only), console, resend=resend, only=only)


def ask_in_halves(console: Console, batches: Sequence[str] = ()) -> ExitCode:
    """Cut the pages whose answers came to their output limit in two, and ask about the halves.

    Raises:
        UsageError: a batch that does not exist.
    """
    environment = Environment.load()
    chosen = _chosen(environment, batches)
    halved = {batch_id: count for batch_id in chosen if (count := halve_pages(environment, batch_id))}
    if not halved:
        console.print("No answer came to its output limit: there is nothing to ask in halves.")
        return ExitCode.DONE
    console.print(f"{sum(halved.values()):,} pages are asked about in two halves each.")
    return run_batches(environment, list(halved), console, only=dict.fromkeys(halved))


def _chosen(environment: Environment, batches: Sequence[str]) -> Sequence[str]:
    known = environment.data.batch_ids()
    if strangers := [b for b in batches if b not in known]:
        raise UsageError(f"There is no intake {', '.join(strangers)}.", f"Intakes: {', '.join(known)}.")
    return batches or known


def _status(name: str) -> AnswerStatus:
    names = [status.value for status in AnswerStatus if status is not AnswerStatus.OK]
    if name not in names:
        raise UsageError(f"There is no status {name!r} to ask again.", f"Statuses: {', '.join(names)}.")
    return AnswerStatus(name)
