"""docs/money.md and docs/settings.md say what the budget can."""

from decimal import Decimal
from pathlib import Path

import pytest

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.qwenocr.prices import to_pico
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
