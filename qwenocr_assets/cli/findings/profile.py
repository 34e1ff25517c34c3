"""The doctor's look at what the profile needs: packages, a store that keeps conditions, the database, clocks, time."""

import importlib.util
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from qwenocr_assets.cli.findings.finding import Finding, tried
from qwenocr_assets.cores import core_count, cpu_quota
from qwenocr_assets.deployment.dagster_files import BROKER
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.settings import Profile, Settings, project_root
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

_BROKER_SECONDS = 3.0


def profile_findings(environment: Environment) -> Iterator[Finding]:
    """What the profile needs. Nothing but its name on a laptop, where all of it is chosen by default."""
    settings = environment.settings
    profile = settings.profile
    yield Finding("profile", True, profile.value)
    yield _processors(settings)
    if profile is Profile.LAPTOP:
        return
    yield from (_extra(extra, modules) for extra, modules in _NEEDED[profile].items())
    if profile is Profile.CLUSTER:
        yield from _launcher()
    yield tried("database", lambda: _database(environment))
    if not is_local(settings.data_folder.root):
        yield tried("conditional puts", lambda: _conditions(environment))
    yield _grace(settings)


def _extra(extra: str, modules: tuple[str, ...]) -> Finding:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    found = f"{', '.join(missing)} not installed" if missing else "installed"
    return Finding(f"extra {extra}", not missing, found, f"pip install 'qwenocr-assets[{extra}]'")


def _launcher() -> Iterator[Finding]:
    """What starts runs in a cluster, as Dagster's file or the broker's variable tells, and what that needs."""
    file = Path(os.environ.get("DAGSTER_HOME") or project_root() / ".dagster") / "dagster.yaml"
    said = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}) if file.exists() else {}
    module = str(said.get("run_launcher", {}).get("module", ""))
    if module.startswith("dagster_celery") or (not module and os.environ.get(BROKER)):
        yield _extra("celery", ("dagster_celery", "redis"))
        yield _broker()
    elif module.startswith("dagster_k8s"):
        yield _extra("k8s", ("dagster_k8s",))
    else:
        found = f"neither Celery nor Kubernetes, by {file if module else f'{file}, which is not there or names none'}"
        step = f"qwenocr deploy render celery (or k8s); for Celery set {BROKER}"
        yield Finding("who starts runs", False, found, step, needed=False)


def _broker() -> Finding:
    """Whether Celery's broker takes a connection; its password is not shown."""
    address = os.environ.get(BROKER)
    if not address:
        return Finding("broker", False, f"{BROKER} is not set", "Set it, like redis://host:6379/0.")
    if importlib.util.find_spec("dagster_celery") is None:
        return Finding("broker", False, "not asked: the extra celery is missing", "See above.", needed=False)
    kombu = importlib.import_module("kombu")  # comes with the extra, and has no types
    refusals = (importlib.import_module("kombu.exceptions").KombuError, OSError, ValueError, LookupError)
    try:
        with kombu.Connection(
            address,
            connect_timeout=_BROKER_SECONDS,
            transport_options={"socket_connect_timeout": _BROKER_SECONDS, "socket_timeout": _BROKER_SECONDS},
        ) as connection:
            shown = connection.as_uri()
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_BROKER_SECONDS)
    except (*refusals, ImportError) as error:
        said = str(error).replace(urlsplit(address).password or address, "…")
        return Finding("broker", False, f"cannot be reached: {said}", f"Start it, or correct {BROKER}.")
    return Finding("broker", True, f"{shown} answers")


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
