"""`qwenocr doctor`: what is installed, configured and reachable, and what to do about what is not."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from qwenocr_assets.cli.budget import budget_left, opened_for_reading
from qwenocr_assets.cli.findings.finding import Finding, tried
from qwenocr_assets.cli.findings.profile import profile_findings
from qwenocr_assets.cli.findings.service import live_findings, service_findings
from qwenocr_assets.cli.tables import print_rows
from qwenocr_assets.cost.catching_up import lacking
from qwenocr_assets.defs.running.instance import dagster_home
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode, QwenocrError
from qwenocr_assets.quality.rule_work import ITSELF
from qwenocr_assets.settings import project_root
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.models import load_models
from qwenocr_assets.warehouse.places.published import address, is_published, published
from qwenocr_assets.warehouse.query import run_query

_FAILED_RULES = f"""
    SELECT rule, count(*), any_value(reason ORDER BY reason)
    FROM core.validation_results
    WHERE starts_with(reason, '{ITSELF}')
    GROUP BY rule
    ORDER BY rule
"""  # noqa: S608  a text of our own


def print_findings(console: Console) -> ExitCode:
    """Look at everything and print it; returns whether something that is needed is missing."""
    findings = list(examine())
    rows = [(_mark(f), f.subject, f.found, "" if f.good else f.next_step) for f in findings]
    shown = 4 if any(row[3] for row in rows) else 3
    print_rows(("", "check", "result", "fix")[:shown], [row[:shown] for row in rows], console)
    missing = any(finding.needed and not finding.good for finding in findings)
    return ExitCode.CONFIGURATION if missing else ExitCode.DONE


def _mark(finding: Finding) -> Text:
    if finding.good:
        return Text("✓", style="green")
    return Text("✗", style="red") if finding.needed else Text("·", style="yellow")


def examine() -> Iterator[Finding]:
    """Everything that a run depends on, in the order it would be met."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), python, "Use Python 3.11 or newer.")
    try:
        environment = Environment.load()
    except QwenocrError as error:
        yield Finding("settings", False, error.message, error.next_step)
        return
    yield Finding("settings", True, str(project_root() / "pipeline.toml"))
    yield from profile_findings(environment)
    yield tried("routes", lambda: _routes(environment))
    yield tried("SQL models", lambda: _models(environment))
    yield tried("data folder", lambda: _data(environment.data))
    yield from service_findings(environment)
    yield from live_findings(environment)
    yield tried("budget", lambda: _budget(environment))
    yield tried("ledger", lambda: _ledger(environment))
    if environment.settings.region == "local":
        yield _engine()
        yield _scripts()
    yield _poppler()
    yield _warehouse(environment.data)
    yield tried("rules", lambda: _rules(environment.data))
    yield Finding("Dagster home", True, str(dagster_home(environment.data)))


def _routes(environment: Environment) -> Finding:
    routes = environment.routes
    return Finding("routes", True, ", ".join(route.name for route in routes) or "only the default route")


def _models(environment: Environment) -> Finding:
    models = load_models(environment.models_folder, environment.result_schemas)
    return Finding("SQL models", True, f"{len(models)} models, with the views of the routes' schemas")


def _data(data: DataFolder) -> Finding:
    data.require_writable()
    return Finding("data folder", True, str(data.root))


def _budget(environment: Environment) -> Finding:
    return Finding("budget", True, budget_left(environment) or "none needed: the model is free")


def _ledger(environment: Environment) -> Finding:
    if environment.model.price().is_free:
        return Finding("ledger", True, "none needed: the model is free")
    with opened_for_reading(environment.database_url) as ledger:
        lacked = lacking(ledger, environment.data)
    if not lacked.answers:
        return Finding("ledger", True, "holds the money of all journals")
    return Finding(
        "ledger",
        False,
        f"lacks {lacked}",
        "qwenocr ledger show: enters them; so does the next run",
        needed=False,
    )


def _engine() -> Finding:
    missing = [name for name in ("rapidocr", "starlette") if importlib.util.find_spec(name) is None]
    running = None
    if not missing:
        from qwenocr_assets.engine.app import runtime  # needs starlette

        running = runtime()
    if running is None:
        return Finding(
            "embedded engine",
            False,
            f"{', '.join(missing) or 'openvino or onnxruntime'} not installed",
            "pip install -e '.[engine]'",
        )
    return Finding("embedded engine", True, f"runs on {running}; weights ship inside its package")


def _scripts() -> Finding:
    readable: list[str] = []
    if importlib.util.find_spec("rapidocr"):
        from qwenocr_assets.engine.app import more_scripts  # needs the extra `engine`

        readable = more_scripts()
    if readable:
        return Finding("more scripts", True, ", ".join(readable))
    without = "Tesseract's data" if importlib.util.find_spec("tesserocr") else "Tesseract"
    step = "make scripts: Cyrillic, Arabic, Korean, Vietnamese"
    return Finding("more scripts", False, f"none: {without} is not installed", step, needed=False)


def _poppler() -> Finding:
    found = shutil.which("pdftoppm")
    return Finding(
        "poppler",
        found is not None,
        found or "not installed",
        "" if found else "apt install poppler-utils: a second try for PDFs that PDFium cannot draw",
        needed=False,
    )


def _warehouse(data: DataFolder) -> Finding:
    if is_published(data):
        return Finding("warehouse", True, address(data))
    return Finding("warehouse", False, "not there yet", "qwenocr run PATH", needed=False)


def _rules(data: DataFolder) -> Finding:
    """Rules that failed themselves, as the published warehouse has it."""
    found = run_query(published(data), _FAILED_RULES).rows if is_published(data) else []
    return Finding(
        "rules",
        not found,
        "; ".join(f"{rule} ({values:,} values): {reason}" for rule, values, reason in found)
        or "none failed itself",
        "Correct them in pipeline.toml (docs/trust.md), and run the documents again.",
        needed=False,
    )
