"""The doctor's look at what the profile needs: packages, a store that keeps conditions, the database, clocks, time."""

import importlib.util
import time
from collections.abc import Iterator, Mapping

from qwenocr_assets.cli.findings.finding import Finding, tried
from qwenocr_assets.cores import core_count, cpu_quota
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.settings import Profile, Settings
from qwenocr_assets.state.database import database_time, open_database
from qwenocr_assets.storage.conditional import keeps_conditions
from qwenocr_assets.storage.data_folder import is_local

_APART_SECONDS = 5.0
"""Clocks that differ by more make times in the tables wrong; leases go by the database's clock alone."""

_NEEDED: Mapping[Profile, Mapping[str, tuple[str, ...]]] = {
    Profile.LAPTOP: {},
    Profile.SERVER: {"postgres": ("psycopg2", "dagster_postgres")},
    Profile.CLUSTER: {"postgres": ("psycopg2", "dagster_postgres"), "s3": ("s3fs",)},
}
"""By profile the extras that it needs, and what they install."""


def profile_findings(environment: Environment) -> Iterator[Finding]:
    """What the profile needs. Nothing but its name on a laptop, where all of it is chosen by default."""
    settings = environment.settings
    profile = settings.profile
    yield Finding("profile", True, profile.value)
    yield _processors(settings)
    if profile is Profile.LAPTOP:
        return
    yield from (_extra(extra, modules) for extra, modules in _NEEDED[profile].items())
    yield tried("database", lambda: _database(environment))
    if not is_local(settings.data_folder.root):
        yield tried("conditional puts", lambda: _conditions(environment))
    yield _grace(settings)


def _extra(extra: str, modules: tuple[str, ...]) -> Finding:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    found = f"{', '.join(missing)} not installed" if missing else "installed"
    return Finding(f"extra {extra}", not missing, found, f"pip install 'qwenocr-assets[{extra}]'")


def _database(environment: Environment) -> Finding:
    engine = open_database(environment.database_url)
    try:
        kind = engine.dialect.name
        with engine.connect() as connection:
            before = time.time()
            theirs = database_time(connection)
            apart = abs(theirs - (before + time.time()) / 2)
    finally:
        engine.dispose()
    if kind != "postgresql":
        step = "Set QWENOCR_LEDGER to a Postgres database, which other machines reach too."
        return Finding("database", False, f"a file ({kind})", step)
    found = f"Postgres answers; its clock and this machine's differ by {apart:.1f} s"
    return Finding("database", apart <= _APART_SECONDS, found, "Let both machines ask the same time server.")


def _conditions(environment: Environment) -> Finding:
    keeps = keeps_conditions(environment.data.root)
    return Finding(
        "conditional puts",
        keeps,
        "the store keeps If-None-Match"
        if keeps
        else "the store ignores If-None-Match: of two machines that publish at once the slower one would win",
        "Use a store that keeps conditions of puts, like S3 itself or SeaweedFS.",
    )


def _grace(settings: Settings) -> Finding:
    grace, drain = settings.deploy.grace_seconds, settings.drain_seconds
    return Finding(
        "time to end",
        grace > drain,
        f"killed after {grace} s (grace_seconds), answers are awaited for {drain:g} s (drain_seconds)",
        "Set grace_seconds of [deploy] to half a minute more than drain_seconds.",
    )


def _processors(settings: Settings) -> Finding:
    quota = cpu_quota()
    decoders = core_count() if settings.decoders is None else settings.decoders
    found = f"{decoders} decoders" + (
        "" if quota is None else f"; the container's quota is {quota:g} processors"
    )
    good = quota is None or decoders <= max(1.0, quota + 1)
    return Finding("processors", good, found, "Unset decoders: then it follows the quota.", needed=False)
