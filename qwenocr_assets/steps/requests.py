"""Requests: page × task, each with its quote. Nothing is sent."""

from dataclasses import dataclass

from qwenocr_assets.cost.comparison import Offer, compare
from qwenocr_assets.cost.expectations import learn_expectations
from qwenocr_assets.cost.requests import alone_notes, request_rows
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.advice import model_warnings
from qwenocr_assets.rows import OcrRequestRow
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, PAGES
from qwenocr_assets.steps.live_catalogue import known_differences
from qwenocr_assets.storage.table_files import read_table, write_table


@dataclass(frozen=True, slots=True)
class Requests:
    """What a batch asks, and what the same would cost elsewhere."""

    rows: list[OcrRequestRow]
    offers: list[Offer]
    """Of regions and models that can do all of it, the cheapest first."""
    warnings: list[str]
    """What people should know about the model before it is paid."""


def make_requests(environment: Environment, batch_id: str) -> Requests:
    """Quote every page × task of the batch; writes and returns the rows.

    Raises:
        ConfigurationError: the model is unknown or has no price, or a route asks for what it cannot do.
    """
    data, model, catalogue = environment.data, environment.model, environment.catalogue
    pages = read_table(data, PAGES, batch_id)
    documents = read_table(data, DOCUMENTS, batch_id)
    expectations = learn_expectations(data, model)
    rows = request_rows(
        documents, pages, environment.routes, model, catalogue, expectations, environment.caps
    )
    write_table(data, OCR_REQUESTS, batch_id, rows)
    offers = [offer for offer in compare(rows, pages, catalogue) if offer.complete]
    notes = alone_notes(rows, {d["document_id"]: d["name"] for d in documents})
    return Requests(
        rows, offers, [*model_warnings(catalogue, model), *known_differences(environment), *notes]
    )
