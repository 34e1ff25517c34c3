"""The doctor's look at the service: model and price, keys, where the data goes, and whether the hosts answer."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

from qwenocr_assets.asking.failover import accounts_by_region
from qwenocr_assets.cli.findings.accounts import account_findings
from qwenocr_assets.cli.findings.finding import Finding, tried
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import MissingApiKey, QwenocrError
from qwenocr_assets.qwenocr.advice import model_warnings, price
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.keys import require_fit
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.wire.hosts import HostKind
from qwenocr_assets.settings import REGIONS_WITH_KEYS, Settings
from qwenocr_assets.steps.live_catalogue import ask_the_service

_CONNECT_SECONDS = 3.0


def service_findings(environment: Environment) -> Iterator[Finding]:
    """Model, API keys, residency, failover and reachability, as these settings have them."""
    try:
        catalogue, region = environment.catalogue, environment.region
    except QwenocrError as error:
        yield Finding("region", False, error.message, error.next_step)
        return
    yield Finding("region", True, f"{region.name}, {region.protocol} dialect, catalogue {catalogue.version}")
    yield tried("model", lambda: _model(environment.model))
    yield from _warnings(environment)
    settings = environment.settings
    if not settings.accounts_in(region.name):
        yield tried("API key", lambda: _key(settings, region))
    yield _other_keys(settings)
    yield from account_findings(environment)
    yield from _host(region)
    yield Finding("data residency", True, region.residency)
    listed = [catalogue.regions[name] for name in settings.failover if name in catalogue.regions]
    if settings.failover:
        yield tried("failover", lambda: _failover(environment))
        yield from (Finding(f"data residency, {r.name}", True, r.residency) for r in listed)
    cloud = [place for place in _places(environment, region, *listed) if not place.is_local]
    with ThreadPoolExecutor(max_workers=max(len(cloud), 1)) as pool:
        yield from pool.map(_reachable, cloud)


def _places(environment: Environment, *regions: Region) -> list[Region]:
    """Where calls may go, each address once."""
    with suppress(QwenocrError):  # said already, as the accounts' or the failover's finding
        order = accounts_by_region(environment.catalogue, environment.settings)
        regions = tuple(account.region for accounts in order for account in accounts)
    return list({region.host: region for region in regions}.values())


def live_findings(environment: Environment) -> Iterator[Finding]:
    """What the service's own list says otherwise than the catalogue; asked only where there is a key."""
    subject, step = "the service's list", "qwenocr models --live"
    try:
        account = environment.accounts[0]
        if account.region.is_local or account.key(environment.settings) is None:
            return
        compared = ask_the_service(environment)
    except MissingApiKey:
        return  # said already, as the key's finding
    except QwenocrError as error:
        yield Finding(subject, False, f"not known: {error.message}", error.next_step or step, needed=False)
        return
    if not compared.differences:
        yield Finding(subject, True, "prices, limits and names are as in the catalogue")
    for difference in compared.differences:
        yield Finding(subject, False, difference.said, step, needed=False)


def _model(model: Model) -> Finding:
    found = f"{model.name} in {model.region}: {price(model)} ({model.source}). {model.note}".rstrip()
    return Finding("model", True, found)


def _warnings(environment: Environment) -> Iterator[Finding]:
    try:
        catalogue, model = environment.catalogue, environment.model
    except QwenocrError:
        return  # said already, as the model's finding
    pinned = model.instead or catalogue.cheapest_equal(model).name
    for warning in model_warnings(catalogue, model):
        yield Finding("model's price", False, warning, f'model = "{pinned}"', needed=False)


def _host(region: Region) -> Iterator[Finding]:
    """What is to be known of a host that is not for production."""
    if region.at.kind is HostKind.TRIAL:
        found = (
            f"a trial host: {region.at.requests_per_minute:,} requests a minute over all models, no promise"
        )
        step = f'For production set base_url = "{region.workspace_host}".'
        yield Finding("host", False, found, step, needed=False)


def _key(settings: Settings, region: Region) -> Finding:
    key = settings.api_key_for(settings.region)
    require_fit(key, region.host)
    if key is None:
        return Finding(
            "API key", True, "none needed" if settings.region == "local" else "none set, none sent"
        )
    return Finding(
        "API key", True, f"set for {settings.region}, by {settings.api_key_variable(settings.region)}"
    )


def _other_keys(settings: Settings) -> Finding:
    """Which regions have a key; never the key itself."""
    variables = {region: settings.api_key_variable(region) for region in REGIONS_WITH_KEYS}
    found = ", ".join(f"{region}: {variable or 'no key'}" for region, variable in variables.items())
    return Finding("keys by region", True, found)


def _failover(environment: Environment) -> Finding:
    order = [accounts[0] for accounts in environment.accounts_in_order]
    return Finding("failover", True, " → ".join(f"{a.region.name} ({a.model.name})" for a in order))


def _reachable(region: Region) -> Finding:
    """Whether the region's host takes a connection. Nothing is sent over it, least of all a key."""
    url = urlsplit(region.host)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        step = "Check network and proxy, or base_url."
        return Finding("service", False, f"{host}:{port} cannot be reached ({error})", step)
    return Finding("service", True, f"{host}:{port} answers")
