"""Accounts: whose key a call carries, where it goes, and what the limits are that it shares with others.

Those of a region are used together: they have one price, one model and one place where the data goes. Without an entry
in `[[accounts]]` a region has one account, with the region's own key and name.
"""

from dataclasses import dataclass, replace
from itertools import combinations

from pydantic import SecretStr

from qwenocr_assets.asking.catalogue_overrides import require_same_region
from qwenocr_assets.errors import ConfigurationError, MissingApiKey
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.keys import require_fit, usable_key
from qwenocr_assets.qwenocr.regions import Protocol, Region, region_at
from qwenocr_assets.settings import AccountSettings, Settings, key_in


@dataclass(frozen=True, slots=True)
class Account:
    """Who is asked: an address, and a model with the limits that hold there. The key is read when it is needed."""

    name: str
    region: Region
    model: Model
    entry: AccountSettings | None = None
    """Its entry in `[[accounts]]`; None for the only one of a region, which has the region's key."""

    @property
    def limits_scope(self) -> str:
        """What shares one limit of calls, over all processes."""
        scope = self.region.limits_scope(self.model.name)
        return scope if self.entry is None else f"account {self.name}: {scope}"

    @property
    def requests_per_minute(self) -> float | None:
        """Calls a minute that it may make of its model; None where that is not known."""
        known = [
            n for n in (self.model.requests_per_minute, self.region.at.requests_per_minute) if n is not None
        ]
        return min(known, default=None)

    def speaking(self, protocol: Protocol) -> "Account":
        """The same account, asked in another dialect."""
        return replace(self, region=replace(self.region, protocol=protocol))

    @property
    def key_variable(self) -> str | None:
        """The variable that its key comes from, where an entry names one."""
        return None if self.entry is None else self.entry.api_key_variable

    def key(self, settings: Settings) -> SecretStr | None:
        """Its key as it is now; None for the embedded engine, and for a server of one's own that asks for none.

        Raises:
            MissingApiKey: there is none.
            ConfigurationError: no HTTP header can carry it; it is not repeated.
        """
        if self.entry is None:
            return settings.api_key_for(self.region.name)
        variable = self.key_variable
        found = None if variable is None else usable_key(key_in(variable), variable)
        if found is None and (variable is not None or self.region.name != "custom"):
            raise MissingApiKey(
                f"Account {self.name} of region {self.region.name} has no API key: "
                + (f"{variable} is not set." if variable else "its entry names no variable."),
                f"Set {variable} in the environment or in .env."
                if variable
                else 'Name one in its entry, like api_key_variable = "DASHSCOPE_API_KEY_TEAM_A".',
            )
        return found


def accounts_in(
    catalogue: Catalogue, settings: Settings, region: Region, model: Model
) -> tuple[Account, ...]:
    """The accounts of a region that take batches together, in the order in which they are listed; at least one.

    Raises:
        ConfigurationError: an entry for a region that does not exist or has no accounts; an address that cannot be,
            or of another region.
    """
    for entry in settings.accounts:
        catalogue_region = catalogue.regions.get(entry.region)
        if entry.region != "custom" and (catalogue_region is None or catalogue_region.is_local):
            known = [name for name, there in catalogue.regions.items() if not there.is_local]
            raise ConfigurationError(
                f"Account {entry.name} is of region {entry.region!r}, which has no accounts.",
                f"Regions with accounts: {', '.join(known)}.",
            )
    listed = settings.accounts_in(region.name)
    if not listed:
        return (Account(region.name, region, model),)
    return tuple(_account(catalogue, settings, entry, region, model) for entry in listed)


def _account(
    catalogue: Catalogue, settings: Settings, entry: AccountSettings, region: Region, model: Model
) -> Account:
    place = region
    if entry.base_url is not None:
        try:
            place = region_at(region, entry.base_url, allow_http=settings.allow_http)
            require_same_region(place, catalogue)
        except ConfigurationError as error:
            raise ConfigurationError(f"Account {entry.name}: {error.message}", error.next_step) from error
    if entry.workspace is not None:
        place = replace(place, workspace=entry.workspace)
    limits = {
        name: limit
        for name in ("requests_per_minute", "tokens_per_minute")
        if (limit := getattr(entry, name)) is not None
    }
    return Account(entry.name, place, replace(model, **limits), entry)


def require_keys(accounts: tuple[Account, ...], settings: Settings) -> None:
    """Make sure that each account has a key that fits its address, and no two the same place with the same key.

    Raises:
        MissingApiKey: one has none.
        ConfigurationError: a key that does not fit, or that two have: they would share one limit and not know it.
    """
    keys = {account.name: account.key(settings) for account in accounts}
    for account in accounts:
        account.region.require_host()
        require_fit(keys[account.name], account.region.host)
    for one, other in combinations(accounts, 2):
        same_place = (one.region.host, one.region.workspace) == (other.region.host, other.region.workspace)
        if same_place and keys[one.name] == keys[other.name]:
            raise ConfigurationError(
                f"Accounts {one.name} and {other.name} have the same key at the same address: they are one account.",
                "List it once; an account's limits hold for all of its keys together.",
            )
