"""With which exit code a command ends that ran batches."""

from collections.abc import Collection, Sequence

from qwenocr_assets.errors import ExitCode
from qwenocr_assets.schemas import DOCUMENTS, OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus, DocumentStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table


def exit_code_of_run(
    batches: Sequence[ExitCode], warehouse: ExitCode, documents: Collection[str], answers: Collection[str]
) -> ExitCode:
    """From how each batch and the warehouse ended, and the statuses of documents and answers.

    A document that cannot be read is a row with the reason, and no failure, unless there is no other.
    """
    if warehouse:
        return warehouse
    if any(batches):
        kinds = set(batches)
        return kinds.pop() if len(kinds) == 1 else ExitCode.PARTLY_FAILED
    if documents and all(status == DocumentStatus.REJECTED for status in documents):
        return ExitCode.NOTHING_READABLE
    if AnswerStatus.UNFUNDED in answers:
        return ExitCode.OUT_OF_MONEY
    return ExitCode.PARTLY_FAILED if AnswerStatus.FAILED in answers else ExitCode.DONE


def exit_code_of_batches(
    data: DataFolder, batch_ids: Sequence[str], batches: Sequence[ExitCode], warehouse: ExitCode
) -> ExitCode:
    """The same, with what the tables of these batches say."""
    documents = {row["status"] for b in batch_ids for row in read_table(data, DOCUMENTS, b, ["status"])}
    answers = {row["status"] for b in batch_ids for row in read_table(data, OCR_RESPONSES, b, ["status"])}
    return exit_code_of_run(batches, warehouse, documents, answers)
