"""`python -m bench.make_pages FILE [WORKERS]`: the pages of a document, as a run makes them; with 0, in one process."""

import sys
import tempfile
from pathlib import Path

from upath import UPath

from qwenocr_assets.cores import core_count
from qwenocr_assets.imaging.batches import batch_page_rows, examine_files
from qwenocr_assets.imaging.decoder_words import DECODER_WORDS
from qwenocr_assets.imaging.recipe import DEFAULT_RECIPE
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.workers.pool import Workers, run_here


def main(file: Path, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Workers(max(count, 1), DECODER_WORDS) as workers:
        run = workers.run if count else run_here
        (manifest,) = cut_batches(UPath(file), find_files(UPath(file)))
        documents = document_rows(manifest, (), lambda files: examine_files(run, files, DEFAULT_RECIPE))
        rows = batch_page_rows(run, DataFolder(UPath(folder)), documents, lambda _: DEFAULT_RECIPE)
        if not rows or any(row["status"] != "ready" for row in rows):
            sys.exit("not every page was made")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else core_count())
