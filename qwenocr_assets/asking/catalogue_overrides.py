"""What pipeline.toml says about regions and models, laid over the catalogue that ships.

`[[models]]` entries (`model_overrides.py`) change fields of a known model or add one. The catalogue's version then ends
in a digest of them, so that every answer tells which prices applied.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson

from qwenocr_assets.asking.model_overrides import (
    CUSTOM,
    ModelOverride,
    label_of,
    model_of,
    parsed_override,
)
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import Catalogue, load_catalogue
from qwenocr_assets.qwenocr.regions import Protocol, Region, region_at
from qwenocr_assets.settings import Settings

_DIGEST_DIGITS = 8


def catalogue_of(settings: Settings) -> Catalogue:
    """The catalogue as these settings have it; raises as `configured_catalogue` does."""
    return configured_catalogue(
        region=settings.region,
        base_url=settings.base_url or _address_of_accounts(settings),
        protocol=settings.protocol,
        workspace=settings.workspace,
        allow_http=settings.allow_http,
        models=settings.models,
    )


def _address_of_accounts(settings: Settings) -> str | None:
    """Where each account of the region has an address of its own, the region needs no other: it stands at the first."""
    addresses = [account.base_url for account in settings.accounts_in(settings.region)]
    return addresses[0] if addresses and all(addresses) else None


def configured_catalogue(
    *,
    region: str,
    base_url: str | None = None,
    protocol: str | None = None,
    workspace: str | None = None,
    allow_http: bool = False,
    models: Sequence[Mapping[str, Any]] = (),
) -> Catalogue:
    """The catalogue as the settings of the same names have it.

    `base_url` and `workspace` belong to `region`; `protocol` to every region, so that a failover speaks the same.

    Raises:
        ConfigurationError: an entry that cannot be, with what it should say; or region custom without an address.
    """
    shipped = load_catalogue()
    overrides = [parsed_override(_as_free(entry), number) for number, entry in enumerate(models, start=1)]
    known = [*shipped.regions, CUSTOM]
    for override in overrides:
        if override.region not in known:
            raise ConfigurationError(
                f"{label_of(override)} is for a region that does not exist.", f"Known are {', '.join(known)}."
            )
    catalogue = _overridden(shipped, overrides)
    regions = {
        name: replace(entry, protocol=Protocol(protocol or entry.protocol))
        for name, entry in shipped.regions.items()
    }
    if region == CUSTOM:
        regions[CUSTOM] = _custom_region(catalogue, protocol)
        if not base_url:
            raise ConfigurationError(
                "Region custom has no address.",
                'Set base_url, like "http://127.0.0.1:8000/v1" for a server of your own.',
            )
    if region in regions:
        if base_url and regions[region].is_local:
            raise ConfigurationError(
                "Region local is the embedded engine inside this program: base_url means nothing to it.",
                'For an engine that is served elsewhere set region = "custom".',
            )
        if base_url:
            regions[region] = region_at(regions[region], base_url, allow_http=allow_http)
            require_same_region(regions[region], shipped)
        regions[region].require_host()
        regions[region] = replace(regions[region], workspace=workspace)
    return replace(catalogue, regions=regions)


_FREE = {
    "usd_per_million_input": 0,
    "usd_per_million_output": 0,
    "context_tokens": 32_768,
    "max_output_tokens": 8_192,
    "token_pixels": 32 * 32,
}
"""A model on a machine of one's own, as long as its entry does not say more; the sizes are assumed."""


def _as_free(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry with `free = true` costs nothing, and needs no numbers. It has to be said: a proxy to a paid service is
    on a local address too."""
    said = {key: value for key, value in entry.items() if key != "free"}
    return {**_FREE, **said} if entry.get("free") is True and entry.get("region") == CUSTOM else entry


def require_same_region(region: Region, shipped: Catalogue) -> None:
    """A host of another region answers at its own prices, from its own place: both would be said wrongly."""
    there = region.at.service_region
    if region.name == CUSTOM or there in (None, region.service_region):
        return
    own = next((r.name for r in shipped.regions.values() if r.service_region == there), CUSTOM)
    raise ConfigurationError(
        f"base_url is a host of {there}, and region {region.name} is {region.service_region}: prices and where the "
        "data go would be said wrongly.",
        f'Set region = "{own}"' + (", with prices in [[models]]." if own == CUSTOM else "."),
    )


def _custom_region(catalogue: Catalogue, protocol: str | None) -> Region:
    """Region custom before it has an address; its first model is the default."""
    models = catalogue.models_in(CUSTOM)
    return Region(
        name=CUSTOM,
        host="",
        default_model=models[0].name if models else "",
        protocol=Protocol(protocol or Protocol.OPENAI),
        residency="Where the server of base_url keeps and computes it: not known here.",
    )


def _overridden(shipped: Catalogue, overrides: Sequence[ModelOverride]) -> Catalogue:
    """With the entries over it. One with a later `valid_from` begins there: until then the row that ships held."""
    models = {(m.region, m.name): m for m in shipped.models}
    earlier = list(shipped.earlier)
    changed: set[tuple[str, str]] = set()
    for override in overrides:
        base = next(
            (m for m in models.values() if m.region == override.region and m.is_called(override.name)), None
        )
        model = model_of(override, base)
        key = (model.region, model.name)
        if key in changed:
            raise ConfigurationError(f"{label_of(override)} has two entries.", "Merge them into one.")
        changed.add(key)
        models[key] = model
        if base is not None and model.valid_from and base.valid_from and model.valid_from > base.valid_from:
            earlier.append(base)
    return replace(
        shipped,
        version=_version(shipped.version, overrides),
        models=tuple(models.values()),
        earlier=tuple(earlier),
    )


def _version(shipped: str, overrides: Sequence[ModelOverride]) -> str:
    if not overrides:
        return shipped
    entries = sorted((_canonical(o) for o in overrides), key=lambda e: (e["region"], e["name"]))
    text = orjson.dumps(entries, option=orjson.OPT_SORT_KEYS)
    return f"{shipped}+{hashlib.sha256(text).hexdigest()[:_DIGEST_DIGITS]}"


def _canonical(override: ModelOverride) -> dict[str, Any]:
    """An entry's values in one spelling: 0.70 and "0.7" are the same price."""
    values = override.model_dump(mode="json", exclude_unset=True)
    for name, value in override.given.items():
        if isinstance(value, Decimal):
            values[name] = f"{value.normalize():f}"
        elif isinstance(value, frozenset):
            values[name] = sorted(value)
    return values
