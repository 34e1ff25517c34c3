"""The doctor's look at `[[accounts]]`: a key that fits, whether each is used, and what the service last said of it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import yaml
from sqlalchemy import select

from qwenocr_assets.asking.accounts import Account, accounts_in
from qwenocr_assets.cli.budget import opened_for_reading
from qwenocr_assets.cli.findings.finding import Finding, tried
from qwenocr_assets.environment.accounts import REFUSED_SECONDS
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.keys import require_fit
from qwenocr_assets.qwenocr.prices import dollars
from qwenocr_assets.settings import Settings, project_root
from qwenocr_assets.state.tables.accounts import REFUSALS


def account_findings(environment: Environment) -> Iterator[Finding]:
    """Of each entry of `[[accounts]]`, and of all together; nothing where there is none. Keys are never shown."""
    settings = environment.settings
    if not settings.accounts:
        return
    used = (settings.region, *settings.failover)
    for entry in settings.accounts:
        if entry.region in used:
            yield tried(f"account {entry.name}", partial(_account, environment, entry.name))
        else:
            found = f"not used: its region {entry.region} is neither the one that is set nor in failover"
            step = f'Set region = "{entry.region}", or list it under failover.'
            yield Finding(f"account {entry.name}", False, found, step, needed=False)
    yield tried("accounts", lambda: _together(environment))
    yield from _idle(settings)


def _account(environment: Environment, name: str) -> Finding:
    settings = environment.settings
    entry = next(entry for entry in settings.accounts if entry.name == name)
    catalogue = environment.catalogue
    region = catalogue.region(entry.region)
    model = environment.model if region.name == settings.region else catalogue.model(region.name)
    account = next(a for a in accounts_in(catalogue, settings, region, model) if a.name == name)
    account.region.require_host()
    key = account.key(settings)
    require_fit(key, account.region.host)
    subject = f"account {name}"
    if refused := _refused(environment, name):
        step = "Mend what it says. The account is tried again after an hour; until then others are taken."
        return Finding(subject, False, refused, step, needed=False)
    return Finding(subject, True, _said(account, key is not None))


def _said(account: Account, has_key: bool) -> str:
    said = [f"{account.region.name}", f"key by {account.key_variable}" if has_key else "no key, none sent"]
    if account.requests_per_minute is not None:
        said.append(f"{account.requests_per_minute:,.0f} calls a minute")
    cap = None if account.entry is None else account.entry.usd_per_month
    if cap is not None:
        said.append(f"at most {dollars(cap)} a month")
    return ", ".join(said)


def _refused(environment: Environment, name: str) -> str | None:
    """What the service said when it refused the account, within the hour."""
    with opened_for_reading(environment.database_url) as ledger, ledger.reading() as connection:
        row = connection.execute(select(REFUSALS).where(REFUSALS.c.account == name)).one_or_none()
    if row is None or row.refused_at < ledger.now() - REFUSED_SECONDS:
        return None
    return f"the service refused every call at {datetime.fromtimestamp(row.refused_at, UTC):%H:%M} UTC: {row.reason}"


def _together(environment: Environment) -> Finding:
    """What only all of them together can show, like one key that two have."""
    order = environment.accounts_in_order
    said = "; then ".join(
        f"{accounts[0].region.name}: {', '.join(account.name for account in accounts)}" for accounts in order
    )
    return Finding(
        "accounts", True, f"an intake takes one of {said}" if environment.settings.accounts else said
    )


def _idle(settings: Settings) -> Iterator[Finding]:
    """A run asks with one account. How many runs there are says Dagster's own file, once there is one."""
    count = len(settings.accounts_in(settings.region))
    home = Path(os.environ.get("DAGSTER_HOME") or project_root() / ".dagster")
    runs, step = settings.runs_at_once, "Raise max_runs_at_once, or workers of [deploy]."
    file = home / "dagster.yaml"
    if file.exists():
        said = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        runs = said.get("concurrency", {}).get("runs", {}).get("max_concurrent_runs", runs)
        step = f"Raise max_concurrent_runs in {file}."
    if runs < count:
        found = f"Dagster runs {runs} intakes at once, and there are {count} accounts: others are idle"
        yield Finding("runs at once", False, found, step, needed=False)
