"""The notebook's SQL runs on the samples; where matplotlib and polars are installed, its cells draw five pictures."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from bench.sample_warehouse import write_samples
from bench.warehouse_faults import bring_up_to_date
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.models import Model
from qwenocr_assets.warehouse.query import run_query

NOTEBOOK = json.loads((Path(__file__).parents[2] / "docs" / "first-look.ipynb").read_text(encoding="utf-8"))
CODE = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
QUERIES = [a or b for a, b in re.findall(r'ask\((?:"""(.*?)"""|"([^"]+)")\)', "\n".join(CODE), re.DOTALL)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, models: dict[str, Model]) -> Path:
    folder = tmp_path_factory.mktemp("project")
    data = DataFolder(UPath(folder / "data"))
    write_samples(data)
    bring_up_to_date(data, models)
    return folder


def test_every_query_has_rows(project: Path) -> None:
    assert len(QUERIES) == 5
    for query in QUERIES:
        assert run_query(project / "data" / "warehouse.duckdb", query).rows, query


@pytest.mark.skipif(
    not (importlib.util.find_spec("matplotlib") and importlib.util.find_spec("polars")),
    reason="the extra notebook is not installed",
)
def test_the_cells_draw_five_pictures(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib  # type: ignore[import-not-found]

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt  # type: ignore[import-not-found]

    shown: list[Any] = []
    monkeypatch.setattr(plt, "show", lambda: (shown.append(plt.gcf()), plt.figure()))
    monkeypatch.chdir(project)
    exec("\n".join(CODE), {})
    assert len(shown) == 5
    assert all(figure.axes for figure in shown)
