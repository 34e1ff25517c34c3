"""`qwenocr doctor`: what is installed, configured and reachable, and what to do about what is not."""

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.intake.routes import load_routes
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.settings import Settings, load_settings, project_root
from qwenocr_assets.storage.data_folder import is_local, local_path

_CONNECT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed` says whether the work stops without it."""

    subject: str
    good: bool
    found: str
    next_step: str = ""
    needed: bool = True


def print_findings(console: Console) -> bool:
    """Look at everything and print it; returns whether nothing that is needed is missing."""
    findings = list(examine())
    table = Table("", "what", "found", "what to do", show_edge=False, header_style="bold")
    for finding in findings:
        mark = "[green]✓[/]" if finding.good else "[red]✗[/]" if finding.needed else "[yellow]·[/]"
        table.add_row(mark, Text(finding.subject), Text(finding.found), Text(finding.next_step))
    console.print(table)
    return all(finding.good or not finding.needed for finding in findings)


def examine() -> Iterator[Finding]:
    """Everything that a run depends on, in the order it would be met."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), python, "Use Python 3.11 or newer.")
    try:
        settings = load_settings()
    except QwenocrError as error:
        yield Finding("settings", False, error.message, error.next_step)
        return
    yield Finding("settings", True, str(project_root() / "pipeline.toml"))
    yield _tried("routes", lambda: _routes(settings))
    yield _tried("data folder", lambda: _data(settings))
    yield _tried("model", lambda: _model(settings))
    yield _tried("API key", lambda: _key(settings))
    if settings.region == "local":
        yield _engine()
        yield _scripts()
    else:
        yield _tried("service", lambda: _service(settings))
    yield _poppler()
    yield _warehouse(settings)
    home = os.environ.get("DAGSTER_HOME") or str(project_root() / ".dagster")
    yield Finding("Dagster home", True, home)


def _tried(subject: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except QwenocrError as error:
        return Finding(subject, False, error.message, error.next_step)


def _routes(settings: Settings) -> Finding:
    routes = load_routes(settings.routes, project_root())
    return Finding("routes", True, ", ".join(route.name for route in routes) or "only the default route")


def _data(settings: Settings) -> Finding:
    settings.data_folder.require_writable()
    return Finding("data folder", True, str(settings.data_folder.root))


def _model(settings: Settings) -> Finding:
    model = load_catalogue().model(settings.region, settings.model)
    price = f"${model.usd_per_million_input} in, ${model.usd_per_million_output} out per million tokens"
    found = f"{model.name} in {model.region}: {price}"
    if model.pinned:
        return Finding("model", True, found)
    pinned = load_catalogue().model(settings.region).name
    advice = f"The name moves to newer models, and its price with it: prefer {pinned}."
    return Finding("model", False, found, advice, needed=False)


def _key(settings: Settings) -> Finding:
    key = settings.api_key_for(settings.region)
    return Finding("API key", True, "none needed" if key is None else f"set for {settings.region}")


def _engine() -> Finding:
    missing = [
        name for name in ("rapidocr", "onnxruntime", "starlette") if importlib.util.find_spec(name) is None
    ]
    if missing:
        return Finding(
            "embedded engine", False, f"{', '.join(missing)} not installed", "pip install -e '.[engine]'"
        )
    return Finding("embedded engine", True, "installed; weights ship inside its package")


def _scripts() -> Finding:
    if importlib.util.find_spec("tesserocr") is None:
        return Finding(
            "more scripts",
            False,
            "not installed",
            "make scripts: Cyrillic, Arabic, Korean, Vietnamese",
            needed=False,
        )
    return Finding("more scripts", True, "tesserocr installed")


def _service(settings: Settings) -> Finding:
    url = urlsplit(load_catalogue().region(settings.region).host)
    host, port = url.hostname or "", url.port or 443
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        return Finding("service", False, f"{host} cannot be reached ({error})", "Check network and proxy.")
    return Finding("service", True, f"{host} answers")


def _poppler() -> Finding:
    found = shutil.which("pdftoppm")
    return Finding(
        "poppler",
        found is not None,
        found or "not installed",
        "" if found else "apt install poppler-utils: a second try for PDFs that PDFium cannot draw",
        needed=False,
    )


def _warehouse(settings: Settings) -> Finding:
    path = settings.data_folder.warehouse
    if path.exists():
        shown = str(local_path(path)) if is_local(path) else str(path)
        return Finding("warehouse", True, shown)
    return Finding("warehouse", False, "not there yet", "qwenocr run PATH", needed=False)
