"""The processes that open and draw documents, and how, as settings and routes say."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from qwenocr_assets.cores import core_count
from qwenocr_assets.imaging.batches import Run, examine_files
from qwenocr_assets.imaging.decoder_words import DECODER_WORDS
from qwenocr_assets.imaging.limits import SERVICE_LIMITS
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.at_hand import AtHand
from qwenocr_assets.intake.documents import Examine
from qwenocr_assets.intake.manifest import ManifestFile
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.intake.parts import Part
from qwenocr_assets.intake.routes import DEFAULT_ROUTE, Route
from qwenocr_assets.intake.urls.fetching import bounds_of
from qwenocr_assets.intake.urls.listed_documents import expanding
from qwenocr_assets.qwenocr.images import MAX_UPLOAD_BYTES
from qwenocr_assets.qwenocr.regions import LOCAL
from qwenocr_assets.settings import Settings
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.workers.pool import Workers, run_here


def recipe_for(
    settings: Settings,
    route: Route = DEFAULT_ROUTE,
    accepts: Iterable[str] | None = None,
    max_upload_bytes: int = 0,
) -> Recipe:
    """How the pages of a route's documents are made, for a model that `accepts` these types of images.

    Larger files than fit into a request are kept where a model takes uploads of more than `MAX_UPLOAD_BYTES`. For other
    models they are made to fit, since the service advises against temporary uploads. A route's `max_pixels` also says
    how many pixels of a page are worth drawing.
    """
    limits = SERVICE_LIMITS
    if accepts is not None:
        known = {kind.value for kind in MediaType}
        limits = replace(limits, accepts=frozenset(MediaType(name) for name in accepts if name in known))
    if max_upload_bytes > MAX_UPLOAD_BYTES:
        limits = replace(limits, max_bytes=max_upload_bytes)
    if route.max_pixels:
        limits = replace(limits, useful_px=min(route.max_pixels, limits.max_px))
    return Recipe(
        dpi=route.dpi or settings.render_dpi,
        limits=limits,
        rasteriser=settings.rasteriser,
        enhance=route.enhance,
        text_layer=route.keeps_text_layers(is_local=settings.region == LOCAL),
        passwords=tuple(password.get_secret_value() for password in settings.pdf_passwords),
    )


def examining(settings: Settings, data: DataFolder, run: Run, at_hand: AtHand) -> Examine:
    """How files are looked into, and what lists of URLs among them name."""
    recipe = recipe_for(settings)

    def examine(files: Sequence[ManifestFile]) -> list[list[Part]]:
        readable = [f for f in files if f.unreadable_reason is None]
        copies = at_hand.bring((f.uri, f.sha256, f.size_bytes) for f in readable)
        return examine_files(run, files, recipe, copies)

    return expanding(examine, data, bounds_of(settings))


@contextmanager
def decoders(settings: Settings) -> Iterator[Run]:
    """What runs decoding jobs: worker processes, or this one."""
    count = core_count() if settings.decoders is None else settings.decoders
    if count == 0:
        yield run_here
        return
    with Workers(count, DECODER_WORDS, settings.decoder_memory_mb, settings.decoder_seconds) as workers:
        yield workers.run
