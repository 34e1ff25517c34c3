"""Pages: one normalised, content-addressed image per page."""

from qwenocr_assets.environment.decoding import decoders
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.imaging.batches import batch_page_rows
from qwenocr_assets.imaging.halves import with_halves
from qwenocr_assets.intake.urls.listed_documents import readable
from qwenocr_assets.rows import PageRow
from qwenocr_assets.schemas import DOCUMENTS, OCR_RESPONSES, PAGES, is_accepted
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.layer_samples import doubt_layers
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import count_rows, read_table, write_table

MOST_HALVINGS = 3
"""How often in one go pages are cut whose answers come to their output limit."""


def make_pages(environment: Environment, batch_id: str, progress: Progress) -> list[PageRow]:
    """Make the page images of the batch's accepted documents; writes and returns their rows.

    A page that cannot be made is a row that says why.
    """
    data = environment.data
    accepted = [d for d in read_table(data, DOCUMENTS, batch_id) if is_accepted(d)]
    recipes = environment.recipes
    documents = readable(data, accepted)
    copies = environment.at_hand.bring((d["uri"], d["sha256"], d["size_bytes"]) for d in documents)
    with progress.stage("Documents", len(accepted)) as advance, decoders(environment.settings) as run:
        rows = batch_page_rows(
            run,
            data,
            documents,
            lambda document: recipes[document["route"]],
            on_document=advance,
            copies=copies,
        )
    taken = environment.routes_taking_text_layers
    rows = doubt_layers(rows, {d["document_id"] for d in accepted if d["route"] in taken}, data)
    rows = with_halves(rows, read_table(data, PAGES, batch_id), to_halve(environment, batch_id), data)
    write_table(data, PAGES, batch_id, rows)
    return rows


def halve_pages(environment: Environment, batch_id: str) -> int:
    """Cut the pages of a batch in two whose answers came to their output limit; returns how many there were.

    The next run of the batch asks about the halves.
    """
    data = environment.data
    due = at_output_limit(data, batch_id)
    if due:
        rows = read_table(data, PAGES, batch_id)
        write_table(data, PAGES, batch_id, with_halves(rows, (), due, data))
    return len(due)


def to_halve(environment: Environment, batch_id: str) -> set[str]:
    """Pages and tiles to cut by themselves: their answers came to the output limit, and their route says so."""
    routes = {name for name, route in environment.routes_by_name.items() if route.split_long_answers}
    if not routes:
        return set()
    data = environment.data
    documents = {d["document_id"] for d in read_table(data, DOCUMENTS, batch_id) if d["route"] in routes}
    return {page_id for page_id in at_output_limit(data, batch_id) if page_id.split("-")[0] in documents}


def at_output_limit(data: DataFolder, batch_id: str) -> set[str]:
    """Pages and tiles with an answer that stopped at its output limit."""
    if count_rows(data, OCR_RESPONSES, batch_id) is None:
        return set()
    rows = read_table(data, OCR_RESPONSES, batch_id, ["page_id", "status", "finish_reason"])
    return {
        row["page_id"]
        for row in rows
        if row["status"] == AnswerStatus.PARTIAL and row["finish_reason"] == "length"
    }
