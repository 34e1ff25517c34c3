"""Failover: whose accounts may answer, region by region. Only those that are listed, since the data then goes there."""

from qwenocr_assets.asking.accounts import Account, accounts_in, require_keys
from qwenocr_assets.errors import ConfigurationError, MissingApiKey
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.keys import own_variable
from qwenocr_assets.settings import Settings


def failover_order(catalogue: Catalogue, settings: Settings) -> tuple[tuple[Account, ...], ...]:
    """As `accounts_by_region`, with a look at the keys.

    Raises:
        MissingApiKey: an account or a region without a key of its own.
        ConfigurationError: as of `accounts_by_region`; a key that does not fit, or that two accounts have.
    """
    order = accounts_by_region(catalogue, settings)
    for number, accounts in enumerate(order):
        require_keys(accounts, settings)
        _require_keys_of_its_own(accounts, order[:number], settings)
    return order


def accounts_by_region(catalogue: Catalogue, settings: Settings) -> tuple[tuple[Account, ...], ...]:
    """The accounts of the set region and its model first, then those of each region of `failover`.

    Equal is a model of the same pinned name: a name that moves means different models in different regions.

    Raises:
        ConfigurationError: an unknown region or model, a region listed twice, or one without an equal model; accounts
            that cannot be.
    """
    region, model = catalogue.region(settings.region), catalogue.model(settings.region, settings.model)
    order = [accounts_in(catalogue, settings, region, model)]
    for name in settings.failover:
        other = catalogue.region(name)
        if other.name in {accounts[0].region.name for accounts in order}:
            raise ConfigurationError(
                f"failover lists {name}, which is there already.", "List each other region once."
            )
        order.append(accounts_in(catalogue, settings, other, _equal_model(catalogue, model, name)))
    return tuple(order)


def _require_keys_of_its_own(
    accounts: tuple[Account, ...], before: tuple[tuple[Account, ...], ...], settings: Settings
) -> None:
    taken = {account.key(settings) for others in before for account in others} - {None}
    for account in accounts:
        if account.key(settings) in taken:
            region = account.region.name
            raise MissingApiKey(
                f"failover lists {region}, which has no API key of its own: a key belongs to one region.",
                f"Set {account.key_variable or own_variable(region)} in the environment or in .env.",
            )


def _equal_model(catalogue: Catalogue, model: Model, region: str) -> Model:
    offered = catalogue.models_in(region)
    if not model.pinned:
        raise ConfigurationError(
            f"failover needs a model that is the same everywhere, and {model.name} means another one in each region.",
            f"Set model to a snapshot, like {catalogue.region(region).default_model!r}.",
        )
    for other in offered:
        if other.pinned and other.is_called(model.name):
            return other
    raise ConfigurationError(
        f"failover lists {region}, where {model.name} is not offered.",
        f"Models there: {', '.join(m.name for m in offered)}.",
    )
