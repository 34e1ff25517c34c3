"""The catalogue: every figure of the guide's model list, exact prices, and no price of $0 for what is unknown."""

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import FreeQuota, Model, load_catalogue
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.tasks import Task

CATALOGUE = load_catalogue()


def guide_rows() -> list[dict[str, str]]:
    """The guide's three model tables, cell by cell; an empty cell is merged with the one above it."""
    with (Path(__file__).parent / "guide_models.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    merged = [name for name in rows[0] if name not in ("region", "model", "also_called", "version")]
    above: dict[str, str] = {}
    for row in rows:
        row.update({name: row[name] or above.get(name, "") for name in merged})
        above = row
    return rows


def tokens(cell: str) -> int:
    return int(cell.replace(",", ""))


def free_quota(row: dict[str, str]) -> FreeQuota | None:
    if row["free_input"] == "none":
        return None
    return FreeQuota(tokens(row["free_input"]), tokens(row["free_output"]), tokens(row["free_days"]))


@pytest.mark.parametrize("row", guide_rows(), ids=lambda r: f"{r['region']}-{r['model']}")
def test_a_model_has_the_guides_figures(row: dict[str, str]) -> None:
    model = CATALOGUE.model(row["region"], row["model"])
    assert (model.context_tokens, model.max_input_tokens) == (
        tokens(row["context"]),
        tokens(row["max_input"]),
    )
    assert (model.max_image_tokens, model.max_output_tokens) == (
        tokens(row["max_per_image"]),
        tokens(row["max_output"]),
    )
    assert model.usd_per_million_input == Decimal(row["usd_input"].lstrip("$"))
    assert model.usd_per_million_output == Decimal(row["usd_output"].lstrip("$"))
    assert model.aliases == ((row["also_called"],) if row["also_called"] else ())
    assert model.pinned == (row["version"] == "snapshot")
    assert model.free_quota == free_quota(row)


def test_the_catalogue_has_the_guides_models_and_the_embedded_engine_only() -> None:
    listed = [(row["region"], row["model"]) for row in guide_rows()]
    assert [(m.region, m.name) for m in CATALOGUE.models] == [*listed, ("local", "embedded-ocr")]


@pytest.mark.parametrize(
    ("name", "token_pixels", "min_pixels", "max_pixels", "max_pixels_limit"),
    [
        ("qwen-vl-ocr", 1024, 3_072, 8_388_608, 30_720_000),
        ("qwen-vl-ocr-latest", 1024, 3_072, 8_388_608, 30_720_000),
        ("qwen-vl-ocr-1120", 1024, 3_072, 8_388_608, 30_720_000),
        ("qwen-vl-ocr-0828", 784, 3_136, 6_422_528, 23_520_000),
        ("qwen-vl-ocr-0413", 784, 3_136, 6_422_528, 23_520_000),
        ("qwen-vl-ocr-1028", 784, 3_136, 6_422_528, 23_520_000),
    ],
)
def test_pixels_by_generation(
    name: str, token_pixels: int, min_pixels: int, max_pixels: int, max_pixels_limit: int
) -> None:
    model = CATALOGUE.model("beijing", name)
    assert model.token_pixels == token_pixels
    assert (model.min_pixels, model.max_pixels, model.max_pixels_limit) == (
        min_pixels,
        max_pixels,
        max_pixels_limit,
    )


@pytest.mark.parametrize(
    ("region", "name", "per_minute", "sureness"),
    [
        ("singapore", "qwen-vl-ocr", 600, "low"),
        ("singapore", "qwen-vl-ocr-1120", 1200, "low"),
        ("virginia", "qwen-vl-ocr", 600, "medium"),
        ("virginia", "qwen-vl-ocr-1120", 1200, "medium"),
        ("beijing", "qwen-vl-ocr", 600, "medium"),
        ("beijing", "qwen-vl-ocr-latest", 1200, "medium"),
        ("beijing", "qwen-vl-ocr-1120", 1200, "medium"),
        ("beijing", "qwen-vl-ocr-0828", 600, "medium"),
        ("beijing", "qwen-vl-ocr-0413", 600, "medium"),
        ("beijing", "qwen-vl-ocr-1028", 600, "medium"),
        ("local", "embedded-ocr", None, "high"),
    ],
)
def test_rates_and_how_sure_they_are(region: str, name: str, per_minute: int | None, sureness: str) -> None:
    model = CATALOGUE.model(region, name)
    assert model.requests_per_minute == per_minute
    assert model.tokens_per_minute == (6_000_000 if per_minute else None)
    assert model.rates_sureness == sureness


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda m: f"{m.region}-{m.name}")
def test_a_model_says_where_its_figures_come_from(model: Model) -> None:
    assert model.source
    assert model.rates_source
    assert model.valid_from is not None
    assert model.valid_from.isoformat() <= CATALOGUE.version


def test_batch_calls_are_half_price_for_one_model_only() -> None:
    assert {(m.region, m.name): m.batch_discount for m in CATALOGUE.models if m.batch_discount} == {
        ("beijing", "qwen-vl-ocr"): Decimal("0.5")
    }


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


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda m: f"{m.region}-{m.name}")
def test_only_the_first_snapshot_lacks_the_built_in_tasks(model: Model) -> None:
    first = model.name == "qwen-vl-ocr-2024-10-28"
    assert model.tasks == (frozenset({Task.CUSTOM_PROMPT}) if first else frozenset(Task))


def test_prices_are_exact() -> None:
    assert CATALOGUE.model("beijing").price().cost_usd(Tokens(521, 58)) == Decimal("0.000026579")


@pytest.mark.parametrize(
    ("region", "name", "cheapest"),
    [
        ("singapore", "qwen-vl-ocr", "qwen-vl-ocr-2025-11-20"),
        ("singapore", "qwen-vl-ocr-2025-11-20", "qwen-vl-ocr-2025-11-20"),
        ("virginia", "qwen-vl-ocr", "qwen-vl-ocr-2025-11-20"),
        ("beijing", "qwen-vl-ocr", "qwen-vl-ocr-2025-11-20"),
        ("beijing", "qwen-vl-ocr-latest", "qwen-vl-ocr-2025-11-20"),
        ("beijing", "qwen-vl-ocr-0828", "qwen-vl-ocr-2025-11-20"),
        ("local", "embedded-ocr", "embedded-ocr"),
    ],
)
def test_the_cheapest_model_that_does_the_same(region: str, name: str, cheapest: str) -> None:
    assert CATALOGUE.cheapest_equal(CATALOGUE.model(region, name)).name == cheapest


def test_a_cheaper_model_that_does_less_is_no_equal() -> None:
    large = CATALOGUE.model("beijing", "qwen-vl-ocr-2025-11-20")
    small = replace(
        large, name="small", tasks=frozenset({Task.CUSTOM_PROMPT}), usd_per_million_input=Decimal(0)
    )
    assert replace(CATALOGUE, models=(large, small)).cheapest_equal(large) is large
