"""Pages: one normalised, content-addressed image per page."""

from qwenocr_assets.environment.decoding import decoders
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.imaging.batches import batch_page_rows
from qwenocr_assets.intake.urls.listed_documents import readable
from qwenocr_assets.schemas import DOCUMENTS, PAGES
from qwenocr_assets.steps.layer_samples import doubt_layers
from qwenocr_assets.storage.table_files import Row, read_table, write_table


def make_pages(environment: Environment, batch_id: str, progress: Progress) -> list[Row]:
    """Make the page images of the batch's accepted documents; writes and returns their rows.

    A page that cannot be made is a row that says why.
    """
    data = environment.data
    accepted = [d for d in read_table(data, DOCUMENTS, batch_id) if d["status"] == "accepted"]
    recipes = environment.recipes
    with progress.stage("Pages", len(accepted)) as advance, decoders(environment.settings) as run:
        rows = batch_page_rows(
            run,
            data,
            readable(data, accepted),
            lambda document: recipes[document["route"]],
            on_document=advance,
        )
    taken = environment.routes_taking_text_layers
    rows = doubt_layers(rows, {d["document_id"] for d in accepted if d["route"] in taken}, data)
    write_table(data, PAGES, batch_id, rows)
    return rows
