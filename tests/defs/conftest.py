"""The whole pipeline in a temporary data folder, with the real engine app and a reader that answers at once."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
from PIL import Image, ImageDraw
from upath import UPath

from qwenocr_assets.defs.resources import running_in
from qwenocr_assets.defs.running.launch import JobOutcome, register_batch, run_batch, run_publish
from qwenocr_assets.defs.warehouse.sql_models import build_sql_models
from qwenocr_assets.emulator import FaultScript, create_emulator, no_faults
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.errors import UnsupportedScript
from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.settings import Settings, load_settings
from qwenocr_assets.warehouse.result_schemas import ResultSchema

REPOSITORY = Path(__file__).parents[2]

PIPELINE = """
[[routes]]
name = "invoices"
match = "invoices/**"
tasks = ["advanced_recognition", "key_information_extraction", "table_parsing"]
schema = { number = "", total = "" }

[[routes]]
name = "letters"
match = "letters/**"
tasks = ["advanced_recognition", "multi_lan"]

[[routes]]
name = "formulas"
match = "formulas/**"
tasks = ["formula_recognition"]
"""

LINES = ("Invoice No: 42", "Total: 12.50")


class CountingReader:
    """Reads the same lines and table from every page, and counts the pages; a red page is in an unknown script."""

    def __init__(self) -> None:
        self.pages = 0

    def read(self, image: bytes) -> ReadPage:
        self.pages += 1
        with Image.open(io.BytesIO(image)) as picture:
            width, height = picture.size
            if picture.convert("RGB").getpixel((0, 0)) == (255, 0, 0):
                raise UnsupportedScript("The page is written in Klingon.")
        lines = tuple(
            Line(text, (20, y, 200, y, 200, y + 20, 20, y + 20), 0.99)
            for text, y in zip(LINES, (20, 60), strict=True)
        )
        cells = tuple(Cell(r, c, 1, 1, f"{r}{c}") for r in range(2) for c in range(2))
        return ReadPage(width, height, 0, 0.0, lines, lines, (Table(cells, (0.0, 0.0, 99.0, 99.0)),))


@dataclass
class Pipeline:
    """Both jobs over a folder of documents, as the command line runs them."""

    inbox: Path
    settings: Settings
    instance: dg.DagsterInstance
    definitions: dg.Definitions
    reader: CountingReader = field(default_factory=CountingReader)

    faults: FaultScript = no_faults
    """What goes wrong with which call."""

    @property
    def resources(self) -> dict[str, Any]:
        return dict(running_in(self.environment))

    @property
    def environment(self) -> Environment:
        """The settings as they are now, with an engine that counts behind region `local`."""
        app = create_emulator(create_app(self.reader), faults=self.faults)

        def way(region: Region) -> httpx.AsyncBaseTransport | None:
            return httpx.ASGITransport(app) if region.is_local else None

        return Environment(self.settings, way)

    def draw(self, name: str, text: str, background: str = "white") -> Path:
        """Put a one-page picture into the inbox."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (400, 300), background)
        ImageDraw.Draw(picture).text((20, 20), text, fill="black")
        picture.save(path)
        return path

    def register(self) -> str:
        """Make what lies in the inbox one batch; returns its id."""
        root = UPath(self.inbox)
        [manifest] = cut_batches(root, list(find_files(root)))
        register_batch(self.instance, self.settings.data_folder, manifest)
        return manifest.batch_id

    def run(self, **options: Any) -> tuple[str, JobOutcome]:
        """Run what lies in the inbox as one batch; returns its id and the outcome."""
        batch_id = self.register()
        return batch_id, run_batch(self.definitions, self.instance, batch_id, self.resources, **options)

    def publish(self) -> JobOutcome:
        return run_publish(self.definitions, self.instance, self.resources)


_BUILT: dict[tuple[Path, str], list[dg.AssetsDefinition]] = {}


def _built_once(folder: Path, result_schemas: Iterable[ResultSchema] = ()) -> list[dg.AssetsDefinition]:
    """The SQL models as assets: two seconds of reading SQL, the same for all tests."""
    schemas = tuple(result_schemas)
    key = folder.resolve(), repr(schemas)
    if key not in _BUILT:
        _BUILT[key] = build_sql_models(folder, schemas)
    return _BUILT[key]


def make_project(folder: Path) -> Path:
    """A project of its own: its settings, this repository's SQL models and Dagster settings."""
    folder.mkdir(parents=True)
    (folder / "pipeline.toml").write_text(PIPELINE, encoding="utf-8")
    for name in ("dbt_like_sql", "deploy"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    project = make_project(tmp_path / "project")
    monkeypatch.setenv("QWENOCR_PROJECT", str(project))
    from qwenocr_assets import definitions
    from qwenocr_assets.definitions import build_definitions

    monkeypatch.setattr(definitions, "build_sql_models", _built_once)

    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(inbox, load_settings(), instance, build_definitions())
