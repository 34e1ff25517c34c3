"""What analysts type: queries, files, searches, a rebuild."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from upath import UPath

from bench.sample_warehouse import write_samples
from bench.warehouse_faults import bring_up_to_date
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.models import load_models
from tests.cli.conftest import Command

pytestmark = pytest.mark.slow  # each command starts the program

ITEMS = "select item_index, description, amount from marts.line_items where amount = 230.4"


@pytest.fixture
def samples(project: Path) -> Path:
    """The project with the samples in its warehouse."""
    data = DataFolder(UPath(project / "data"))
    write_samples(data)
    bring_up_to_date(data, load_models(MODELS))
    return project


def test_rows_come_as_table_csv_json_and_files(samples: Path, command: Command) -> None:
    shown = command("sql", ITEMS)
    assert "Stainless deck bolts" in shown.stdout
    assert "1 row" in shown.stdout
    [row] = csv.DictReader(io.StringIO(command("sql", ITEMS, "-f", "csv").stdout))
    assert (row["item_index"], row["amount"]) == ("0", "230.400000000")
    assert json.loads(command("sql", ITEMS, "-f", "json").stdout)[0]["item_index"] == 0
    assert "1 row in items.parquet" in command("sql", ITEMS, "-o", "items.parquet").stdout
    assert pq.read_table(samples / "items.parquet").num_rows == 1
    assert "36 rows of line_items in items.xlsx" in command("export", "line_items", "items.xlsx").stdout
    assert (samples / "items.xlsx").read_bytes().startswith(b"PK")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["sql", ITEMS, "-f", "xlsx"], "The format xlsx cannot be shown", id="shown"),
        pytest.param(["export", "line_item", "x.csv"], "Did you mean line_items", id="table"),
    ],
)
def test_what_cannot_be_done_is_said(
    samples: Path, command: Command, arguments: list[str], says: str
) -> None:
    ended = command(*arguments)
    assert ended.returncode == 2
    assert says in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


def test_search_and_upkeep(samples: Path, command: Command) -> None:
    found = command("search", "brightwater").stdout
    assert "invoices/invoice-acme.png" in found
    assert "Brightwater Marina LLC" in found
    assert command("search", "brightwatr").stdout == (
        "No page has brightwatr (42 pages searched).\nDid you mean brightwater?\n"
    )
    assert "marts.line_items" in command("tables").stdout
    assert "unit_price" in command("tables", "line_items").stdout
    rebuilt = command("warehouse", "rebuild").stdout
    assert rebuilt.startswith("Intakes: 1;")
    assert rebuilt.endswith("published.\n")
    assert "nothing to put together" in command("warehouse", "compact").stdout
    assert "0 page images" in command("warehouse", "vacuum").stdout
