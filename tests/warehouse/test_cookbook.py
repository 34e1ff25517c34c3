"""Every query of docs/cookbook.md runs, and gives what stands below it.

After a change that is meant: REWRITE_COOKBOOK=1 python -m pytest tests/warehouse/test_cookbook.py
"""

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from bench.sample_warehouse import write_samples
from bench.warehouse_faults import bring_up_to_date
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.models import Model
from qwenocr_assets.warehouse.query import QueryResult, run_query

COOKBOOK = Path(__file__).parents[2] / "docs" / "cookbook.md"
RECIPE = re.compile(
    r"^## (?P<title>[^\n]+)\n(?P<text>.*?)```sql\n(?P<sql>.*?)\n```\n(?P<result>(?:\n(?:\|[^\n]*\n)+)?)",
    re.M | re.S,
)
TEXT = COOKBOOK.read_text(encoding="utf-8")
RECIPES = {match["title"]: match for match in RECIPE.finditer(TEXT)}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, models: dict[str, Model]) -> Path:
    data = DataFolder(UPath(tmp_path_factory.mktemp("samples")))
    write_samples(data)
    bring_up_to_date(data, models)
    return Path(data.warehouse.path)


def as_markdown(result: QueryResult) -> str:
    rows = [result.columns, ["---"] * len(result.columns), *result.rows]
    return "\n" + "".join(f"| {' | '.join(_cell(value) for value in row)} |\n" for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def test_there_are_twenty_nine_questions() -> None:
    assert [int(title.partition(".")[0]) for title in RECIPES] == list(range(1, 30))
    assert TEXT.count("```sql") == 29


@pytest.mark.parametrize("title", RECIPES)
def test_the_query_gives_what_stands_below_it(warehouse: Path, title: str) -> None:
    result = run_query(warehouse, RECIPES[title]["sql"])
    assert result.rows or "no row yet" in RECIPES[title]["text"], "an empty answer shows nothing"
    found = as_markdown(result)
    if os.environ.get("REWRITE_COOKBOOK"):
        text = COOKBOOK.read_text(encoding="utf-8")
        recipe = next(m for m in RECIPE.finditer(text) if m["title"] == title)
        start, end = recipe.span("result")
        COOKBOOK.write_text(text[:start] + found + text[end:], encoding="utf-8")
    else:
        assert RECIPES[title]["result"] == found
