"""The quote of files and folders, before anything is sent."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.asking.failover import accounts_by_region
from qwenocr_assets.asking.whole_pdfs import answer_keys
from qwenocr_assets.cost.comparison import Offer, compare, dear
from qwenocr_assets.cost.expectations import learn_expectations
from qwenocr_assets.cost.quote_totals import Totals, answered_keys, total_up
from qwenocr_assets.cost.requests import alone_notes, request_rows
from qwenocr_assets.environment.decoding import decoders, examining
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.imaging.batches import Run, batch_page_rows
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import Manifest
from qwenocr_assets.intake.urls.listed_documents import readable
from qwenocr_assets.qwenocr.advice import standing
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.prices import dollars
from qwenocr_assets.rows import DocumentRow, OcrRequestRow, PageRow
from qwenocr_assets.schemas import is_accepted
from qwenocr_assets.steps.intake import manifests_of
from qwenocr_assets.steps.live_catalogue import known_differences
from qwenocr_assets.storage.data_folder import DataFolder


@dataclass(frozen=True, slots=True)
class Quote:
    """The quote of some files and folders."""

    model: Model
    accounts: tuple[tuple[Account, ...], ...]
    """Whoever may pay: those of the region, one of which a batch takes, then those of each region of failover."""
    catalogue_version: str
    documents: list[DocumentRow]
    pages: list[PageRow]
    requests: list[OcrRequestRow]
    totals: Totals
    offers: list[Offer]
    standing: str | None
    """Why the model is better not chosen; None for one that is as good as ever."""
    told: list[str]
    """What the service itself said otherwise of the model, when it was last asked; and which PDFs do not go whole."""
    warning: str | None
    """A price that an equal model undercuts by far."""


def quote(environment: Environment, paths: Sequence[Path]) -> Quote:
    """Quote every page × task of these paths. Pages are made in a temporary folder; nothing is sent.

    What lists of URLs name is fetched, and kept: a run reads the very bytes that were quoted.

    Raises:
        ConfigurationError: the model is unknown or has no price, or a route asks for what it cannot do.
        RejectedInput: a path that does not exist, or no file to read below the paths.
    """
    settings, model, catalogue = environment.settings, environment.model, environment.catalogue
    routes = environment.routes
    manifests = manifests_of(paths, settings)
    expectations = learn_expectations(environment.data, model)
    documents: list[DocumentRow] = []
    pages: list[PageRow] = []
    requests: list[OcrRequestRow] = []
    with decoders(settings) as run:
        for manifest in manifests:
            examine = examining(settings, environment.data, run, environment.at_hand)
            files = document_rows(manifest, routes, examine, environment.routed_folders)
            made = _pages_of(environment, run, manifest, files)
            documents += files
            pages += made
            requests += request_rows(files, made, routes, model, catalogue, expectations, environment.caps)
    answered = answered_keys(environment.data, {key for row in requests for key in answer_keys(row)})
    offers = compare(requests, pages, catalogue)
    return Quote(
        model=model,
        accounts=accounts_by_region(catalogue, settings) if settings.accounts else (),
        catalogue_version=catalogue.version,
        documents=documents,
        pages=pages,
        requests=requests,
        totals=total_up(requests, answered),
        offers=offers,
        standing=standing(model),
        told=[
            *known_differences(environment),
            *alone_notes(requests, {d["document_id"]: d["name"] for d in documents}),
            *_dearer(environment, offers),
        ],
        warning=dear(offers, model.region, model.name, catalogue),
    )


def _dearer(environment: Environment, offers: list[Offer]) -> list[str]:
    """For people: regions of failover in which the same costs more than this quote says."""
    worst = {(offer.region, offer.model): offer.worst_usd for offer in offers if not offer.batch}
    model = environment.model
    quoted = worst.get((model.region, model.name))
    told = []
    for name in environment.settings.failover:
        there = next((usd for (region, m), usd in worst.items() if (region, m) == (name, model.name)), None)
        if quoted is not None and there is not None and there > quoted:
            told.append(
                f"While {model.region} is down, failover goes on in {name}, where all of these requests cost at most "
                f"{dollars(there)} instead of {dollars(quoted)}."
            )
    return told


def _pages_of(
    environment: Environment, run: Run, manifest: Manifest, documents: list[DocumentRow]
) -> list[PageRow]:
    recipes = environment.recipes
    accepted = [document for document in documents if is_accepted(document)]
    with tempfile.TemporaryDirectory(prefix=f"qwenocr-quote-{manifest.batch_id[:8]}-") as folder:
        scratch = DataFolder(UPath(folder))
        return batch_page_rows(
            run,
            scratch,
            readable(environment.data, accepted),
            lambda document: recipes[document["route"]],
        )
