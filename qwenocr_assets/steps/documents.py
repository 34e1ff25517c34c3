"""Documents: every file of an intake batch, accepted or rejected with the reason."""

from qwenocr_assets.environment.decoding import decoders, examining
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import read_manifest
from qwenocr_assets.rows import DocumentRow
from qwenocr_assets.schemas import DOCUMENTS
from qwenocr_assets.storage.table_files import write_table


def examine(environment: Environment, batch_id: str) -> list[DocumentRow]:
    """Look into the files of the batch's manifest, and what lists of URLs name; writes and returns their rows.

    Raises:
        StorageError: the manifest or the data folder cannot be used.
    """
    manifest = read_manifest(environment.data, batch_id)
    with decoders(environment.settings) as run:
        rows = document_rows(
            manifest,
            environment.routes,
            examining(environment.settings, environment.data, run, environment.at_hand),
            environment.routed_folders,
        )
    write_table(environment.data, DOCUMENTS, batch_id, rows)
    return rows
