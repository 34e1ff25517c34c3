"""The service asked for its own list of models: held against the catalogue, kept, and remembered before money is spent.

Nothing is ever taken over by itself: what differs is said, and a person pastes the entries or does not.
"""

from datetime import UTC, datetime

import httpx
import orjson
from pydantic import TypeAdapter, ValidationError

from qwenocr_assets.asking.accounts import accounts_in
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.live.comparing import Comparison, compare
from qwenocr_assets.qwenocr.live.listing import Listing, ask_for_models
from qwenocr_assets.storage.data_folder import write_atomically

_LISTING = TypeAdapter(Listing)


def ask_the_service(
    environment: Environment, region: str | None = None, *, transport: httpx.AsyncBaseTransport | None = None
) -> Comparison:
    """Ask a region, by default the one that is set, keep what it lists to its first account, and hold it against the
    catalogue.

    Raises:
        ConfigurationError, MissingApiKey: the region is this program's own, is not known, or has no key.
        ServiceError: it refused the question, or no answer came.
        StorageError: the data folder cannot be written.
    """
    catalogue = environment.catalogue
    place = catalogue.region(region or environment.settings.region)
    if place.is_local:
        raise ConfigurationError(
            "Region local is the embedded engine, which has no list to ask for.",
            "Choose a region of the service: `qwenocr models --live --region singapore`.",
        )
    names = [model.name for model in catalogue.models_in(place.name)]
    account = environment.accounts[0]
    if place.name != account.region.name:
        account = accounts_in(catalogue, environment.settings, place, catalogue.model(place.name))[0]
    key = account.key(environment.settings)
    listing = ask_for_models(account.region, key, names, transport=transport)
    write_atomically(environment.data.live_catalogue(place.name), _LISTING.dump_json(listing))
    return compare(catalogue, listing)


def known_differences(environment: Environment) -> list[str]:
    """What the service said, when it was last asked, of the model that is set and bears on money: said before a run.

    Of another address nothing is known: what one account may call, and for how much, is no matter of another's.
    """
    region = environment.region
    path = environment.data.live_catalogue(region.name)
    try:
        listing = _LISTING.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return []  # never asked, or kept in the form of another version
    if listing.host != environment.accounts[0].region.host:
        return []
    model, asked_on = environment.model, listing.asked_at.date()
    return [
        f"{difference.said} (asked on {asked_on}). `qwenocr models --live` asks again, and writes what to paste."
        for difference in compare(environment.catalogue, listing).differences
        if difference.bears_on_money and difference.model == model.name
    ]


def days_since_asked(environment: Environment) -> float | None:
    """How long ago the region that is set was asked; None where it never was."""
    path = environment.data.live_catalogue(environment.region.name)
    try:
        asked_at = datetime.fromisoformat(orjson.loads(path.read_bytes())["asked_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (datetime.now(UTC) - asked_at).total_seconds() / 86_400
