"""docs/money.md and docs/settings.md say what the budget can."""

from decimal import Decimal
from pathlib import Path

import pytest

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.quote import quote_request
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.prices import to_pico
from qwenocr_assets.qwenocr.requests import Mode, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.settings import BudgetSettings, load_settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", BudgetSettings.model_fields)
def test_every_key_of_the_budget_is_documented(name: str) -> None:
    line = f"| `{name}` | `QWENOCR_BUDGET__{name.upper()}` |"
    [found] = [row for row in (DOCS / "settings.md").read_text().splitlines() if row.startswith(line)]
    assert (BudgetSettings.model_fields[name].description or "") in found


def test_the_example_is_a_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DOCS / "settings.md").read_text()
    example = text[text.index("[budget]\n") :].partition("```")[0]
    (tmp_path / "pipeline.toml").write_text(example)
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    caps = Caps.of_settings(load_settings().budget)
    assert caps.day_pico == to_pico(Decimal(5))
    assert caps.route_month_pico == {"receipts": to_pico(Decimal(10))}


def test_the_figures_of_whole_pdfs_are_those_of_the_catalogue() -> None:
    """Each row of the table in docs/whole-pdf.md: a page, 50 pages, and what is set aside for them."""
    text = (DOCS / "whole-pdf.md").read_text()
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| `qwen")]
    assert len(rows) == 4
    for way, *figures in rows:
        name = way.split("`")[1]
        quoted = quote_request(
            1654,
            2339,
            Task.DOCUMENT_PARSING,
            RequestOptions(),
            load_catalogue().model("beijing", name),
            Mode.BATCH if "Batch API" in way else Mode.REAL_TIME,
            of_pdf="whole" in way,
        )
        page, most = quoted.expected_cost_usd, quoted.worst_cost_usd
        assert [f"${usd:.6f}" for usd in (page, 50 * page, 50 * most)] == [f.strip() for f in figures], name
