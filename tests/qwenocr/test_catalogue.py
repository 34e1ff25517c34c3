"""The catalogue: every figure of the guide's model list, exact prices, and no price of $0 for what is unknown."""

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from qwenocr_assets.asking.catalogue_overrides import configured_catalogue
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import FreeQuota, Model, load_catalogue
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.tasks import Task

CATALOGUE = load_catalogue()
GUIDE = date(2026, 2, 4)
LAST_DAY_BEFORE, SINCE = date(2026, 9, 27), date(2026, 9, 28)
"""Around the first dated page with the prices of now."""


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


@pytest.mark.parametrize("row", guide_rows(), ids=lambda r: f"{r['region']}-{r['model']}")
def test_a_model_has_the_guides_figures(row: dict[str, str]) -> None:
    model = CATALOGUE.on(GUIDE).model(row["region"], row["model"])
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


SERVICE_2026 = [
    # what was paid until then, what is paid now; the most output, then and now; half price in batches now
    ("singapore", "qwen-vl-ocr", "0.72/0.72", "0.07/0.16", 4096, 8192, False),
    ("singapore", "qwen-vl-ocr-2025-11-20", "0.07/0.16", "0.07/0.16", 8192, 8192, False),
    ("virginia", "qwen-vl-ocr", "0.07/0.16", "0.043/0.072", 4096, 8192, False),
    ("virginia", "qwen-vl-ocr-2025-11-20", "0.07/0.16", "0.043/0.072", 8192, 8192, False),
    ("beijing", "qwen-vl-ocr", "0.717/0.717", "0.043/0.072", 4096, 8192, True),
    ("beijing", "qwen-vl-ocr-latest", "0.043/0.072", "0.043/0.072", 8192, 8192, True),
    ("beijing", "qwen-vl-ocr-2025-11-20", "0.043/0.072", "0.043/0.072", 8192, 8192, False),
    ("beijing", "qwen3.5-ocr", "0.069/0.275", "0.069/0.275", 16384, 16384, False),
    ("beijing", "qwen-vl-ocr-2025-08-28", "0.717/0.717", "0.717/0.717", 4096, 4096, False),
    ("beijing", "qwen-vl-ocr-2025-04-13", "0.717/0.717", "0.717/0.717", 4096, 4096, False),
    ("beijing", "qwen-vl-ocr-2024-10-28", "0.717/0.717", "0.717/0.717", 4096, 4096, False),
    ("frankfurt", "qwen-vl-ocr", "0.043/0.072", "0.043/0.072", 8192, 8192, False),
    ("frankfurt", "qwen-vl-ocr-2025-11-20", "0.043/0.072", "0.043/0.072", 8192, 8192, False),
    ("local", "embedded-ocr", "0/0", "0/0", 1_000_000, 1_000_000, False),
]


@pytest.mark.parametrize(
    ("region", "name", "paid", "pays", "gave", "gives", "halved"), SERVICE_2026, ids=lambda v: str(v)
)
def test_an_answer_is_priced_by_its_day(
    region: str, name: str, paid: str, pays: str, gave: int, gives: int, halved: bool
) -> None:
    before, now = (CATALOGUE.on(day).model(region, name) for day in (LAST_DAY_BEFORE, SINCE))
    assert (_price(before), before.max_output_tokens) == (paid, gave)
    assert (_price(now), now.max_output_tokens) == (pays, gives)
    assert now == CATALOGUE.model(region, name)
    assert (now.batch_discount == Decimal("0.5")) is halved


def test_the_table_above_has_all_models() -> None:
    assert [(m.region, m.name) for m in CATALOGUE.models] == [row[:2] for row in SERVICE_2026]


def _price(model: Model) -> str:
    return f"{model.usd_per_million_input}/{model.usd_per_million_output}"


@pytest.mark.parametrize("day", [date.min, GUIDE, LAST_DAY_BEFORE, SINCE, date.max])
def test_every_day_has_one_row_of_each_model(day: date) -> None:
    of_day = CATALOGUE.on(day)
    assert [(m.region, m.name) for m in of_day.models] == [(m.region, m.name) for m in CATALOGUE.models]
    assert of_day.on(SINCE) == of_day


def test_an_entry_of_pipeline_toml_begins_when_it_says() -> None:
    entry = {
        "region": "beijing",
        "name": "qwen3.5-ocr",
        "usd_per_million_input": 0.05,
        "valid_from": "2026-12-24",
    }
    configured = configured_catalogue(region="beijing", models=[entry])
    assert [
        str(configured.on(date(2026, 12, day)).model("beijing", "qwen3.5-ocr").usd_per_million_input)
        for day in (23, 24)
    ] == ["0.069", "0.05"]


@pytest.mark.parametrize(
    ("name", "dialects", "turns", "pdf", "megabytes"),
    [
        (
            "qwen3.5-ocr",
            {"native", "openai", "responses"},
            True,
            {"document_parsing": 50, "multi_lan": 10},
            20,
        ),
        ("qwen-vl-ocr-2025-11-20", {"native", "openai"}, False, {}, 10),
    ],
)
def test_what_a_model_can(
    name: str, dialects: set[str], turns: bool, pdf: dict[str, int], megabytes: int
) -> None:
    model = CATALOGUE.model("beijing", name)
    assert (model.dialects, model.turns, model.max_url_bytes) == (dialects, turns, megabytes * 2**20)
    assert {task: model.whole_pdf.most_pages(Task(task)) for task in pdf if model.whole_pdf} == pdf
    assert (model.whole_pdf is not None) == bool(pdf)


def test_only_beijing_has_a_free_quota() -> None:
    quotas = {m.free_quota for m in CATALOGUE.models_in("beijing")}
    assert quotas == {FreeQuota(1_000_000, 90), FreeQuota(1_000_000, 90, date(2026, 6, 1))}
    assert not [m.name for m in CATALOGUE.models if m.free_quota and m.region != "beijing"]


@pytest.mark.parametrize(
    ("name", "sureness"),
    [
        ("qwen-vl-ocr-latest", "low"),
        ("qwen-vl-ocr-2025-08-28", "low"),
        ("qwen-vl-ocr-2025-04-13", "medium"),
        ("qwen-vl-ocr-2024-10-28", "medium"),
    ],
)
def test_a_model_that_is_going_names_another(name: str, sureness: str) -> None:
    model = CATALOGUE.model("beijing", name)
    assert model.is_going
    assert (model.standing_sureness, model.instead) == (sureness, "qwen-vl-ocr-2025-11-20")
    assert model.standing_source
    assert not CATALOGUE.model("beijing", model.instead).is_going
    assert name not in {
        CATALOGUE.cheapest_equal(m).name for m in CATALOGUE.models_in("beijing") if m != model
    }


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
        ("singapore", "qwen-vl-ocr", 600, "medium"),
        ("singapore", "qwen-vl-ocr-1120", 1200, "medium"),
        ("virginia", "qwen-vl-ocr", 600, "medium"),
        ("virginia", "qwen-vl-ocr-1120", 1200, "medium"),
        ("beijing", "qwen-vl-ocr", 600, "medium"),
        ("beijing", "qwen-vl-ocr-latest", 1200, "medium"),
        ("beijing", "qwen-vl-ocr-1120", 1200, "medium"),
        ("beijing", "qwen-vl-ocr-0828", 600, "medium"),
        ("beijing", "qwen-vl-ocr-0413", 600, "medium"),
        ("beijing", "qwen-vl-ocr-1028", 600, "medium"),
        ("beijing", "qwen3.5-ocr", 6000, "medium"),
        ("frankfurt", "qwen-vl-ocr", 600, "medium"),
        ("frankfurt", "qwen-vl-ocr-1120", 1200, "medium"),
        ("local", "embedded-ocr", None, "high"),
    ],
)
def test_rates_and_how_sure_they_are(region: str, name: str, per_minute: int | None, sureness: str) -> None:
    model = CATALOGUE.model(region, name)
    assert model.requests_per_minute == per_minute
    tokens_per_minute = 30_000_000 if name == "qwen3.5-ocr" else 6_000_000
    assert model.tokens_per_minute == (tokens_per_minute if per_minute else None)
    assert model.rates_sureness == sureness


@pytest.mark.parametrize(
    "model", [*CATALOGUE.models, *CATALOGUE.earlier], ids=lambda m: f"{m.region}-{m.name}-{m.valid_from}"
)
def test_a_model_says_where_its_figures_come_from(model: Model) -> None:
    assert model.source
    assert model.rates_source
    assert model.valid_from is not None
    assert model.valid_from.isoformat() <= CATALOGUE.version


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


@pytest.mark.parametrize("region", ["singapore", "virginia", "beijing", "frankfurt", "local"])
def test_each_region_starts_with_a_pinned_model(region: str) -> None:
    assert CATALOGUE.model(region).pinned


def test_aliases_that_move_are_known_as_such() -> None:
    assert {m.name for m in CATALOGUE.models if not m.pinned} == {
        "qwen-vl-ocr",
        "qwen-vl-ocr-latest",
        "qwen3.5-ocr",
    }


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
        ("beijing", "qwen3.5-ocr", "qwen3.5-ocr"),
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
