"""The catalogue: every model of the guide, exact prices, and no price of $0 for what is unknown."""

from decimal import Decimal

import pytest

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.tasks import Task

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("region", "name", "max_output", "price_in", "price_out"),
    [
        ("singapore", "qwen-vl-ocr", 4096, "0.72", "0.72"),
        ("singapore", "qwen-vl-ocr-2025-11-20", 8192, "0.07", "0.16"),
        ("virginia", "qwen-vl-ocr", 4096, "0.07", "0.16"),
        ("virginia", "qwen-vl-ocr-1120", 8192, "0.07", "0.16"),
        ("beijing", "qwen-vl-ocr", 4096, "0.717", "0.717"),
        ("beijing", "qwen-vl-ocr-latest", 8192, "0.043", "0.072"),
        ("beijing", "qwen-vl-ocr-2025-11-20", 8192, "0.043", "0.072"),
        ("beijing", "qwen-vl-ocr-0828", 4096, "0.717", "0.717"),
        ("beijing", "qwen-vl-ocr-2025-04-13", 4096, "0.717", "0.717"),
        ("beijing", "qwen-vl-ocr-2024-10-28", 4096, "0.717", "0.717"),
        ("local", "embedded-ocr", 8192, "0", "0"),
    ],
)
def test_a_model_has_the_guides_figures(
    region: str, name: str, max_output: int, price_in: str, price_out: str
) -> None:
    model = CATALOGUE.model(region, name)
    assert model.max_output_tokens == max_output
    assert model.usd_per_million_input == Decimal(price_in)
    assert model.usd_per_million_output == Decimal(price_out)


@pytest.mark.parametrize(
    ("region", "name", "says"),
    [
        ("mars", None, "no region 'mars'.*Known regions: singapore"),
        ("singapore", "qwen-vl-ocr-latest", "not offered in region singapore. It is offered in beijing"),
        ("virginia", "gpt-ocr", "not offered in region virginia.*Models there: qwen-vl-ocr"),
    ],
)
def test_what_is_unknown_is_refused_with_the_alternatives(region: str, name: str | None, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        CATALOGUE.model(region, name)


@pytest.mark.parametrize("region", ["singapore", "virginia", "beijing", "local"])
def test_each_region_starts_with_a_pinned_model(region: str) -> None:
    assert CATALOGUE.model(region).pinned


def test_aliases_that_move_are_known_as_such() -> None:
    assert {m.name for m in CATALOGUE.models if not m.pinned} == {"qwen-vl-ocr", "qwen-vl-ocr-latest"}


def test_the_first_snapshot_has_no_built_in_tasks() -> None:
    assert CATALOGUE.model("beijing", "qwen-vl-ocr-2024-10-28").tasks == {Task.CUSTOM_PROMPT}


def test_prices_are_exact() -> None:
    assert CATALOGUE.model("beijing").cost_usd(521, 58) == Decimal("0.000026579")
