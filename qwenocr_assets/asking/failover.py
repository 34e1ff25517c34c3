"""Failover: which regions may answer, in which order. Only those that are listed, since the data then goes there."""

from qwenocr_assets.errors import ConfigurationError, MissingApiKey
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.keys import require_fit
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.settings import Settings


def failover_order(catalogue: Catalogue, settings: Settings) -> tuple[tuple[Region, Model], ...]:
    """The set region and its model first, then those of `failover`.

    Equal is a model of the same pinned name: a name that moves means different models in different regions.

    Raises:
        MissingApiKey: a region without a key of its own.
        ConfigurationError: an unknown region or model, a region listed twice, or one without an equal model.
    """
    region, model = catalogue.region(settings.region), catalogue.model(settings.region, settings.model)
    key = settings.api_key_for(region.name)
    require_fit(key, region.host)
    order = [(region, model)]
    for name in settings.failover:
        other = catalogue.region(name)
        if other.name in {r.name for r, _ in order}:
            raise ConfigurationError(
                f"failover lists {name}, which is there already.", "List each other region once."
            )
        other.require_host()
        order.append((other, _equal_model(catalogue, model, name)))
        own_key = settings.api_key_for(name)
        require_fit(own_key, other.host)
        if own_key is not None and own_key == key:
            raise MissingApiKey(
                f"failover lists {name}, which has no API key of its own: a key belongs to one region.",
                f"Set DASHSCOPE_API_KEY_{name.upper()} in the environment or in .env.",
            )
    return tuple(order)


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
