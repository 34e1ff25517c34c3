"""Warnings before paying: a name that moves, a price that an equal model undercuts."""

from dataclasses import replace
from datetime import date

import pytest

from qwenocr_assets.asking.catalogue_overrides import configured_catalogue
from qwenocr_assets.qwenocr.advice import model_warnings, standing
from qwenocr_assets.qwenocr.catalogue import load_catalogue

PINNED = "qwen-vl-ocr-2025-11-20"
MOVES = "moves to newer models"


@pytest.mark.parametrize(
    ("region", "name", "says"),
    [
        ("singapore", None, []),
        ("virginia", None, []),
        ("beijing", None, []),
        ("local", None, []),
        (
            "singapore",
            "qwen-vl-ocr",
            [
                f"qwen-vl-ocr {MOVES} (on 2026-09-28 it meant {PINNED}), and its price with it: prefer {PINNED}."
            ],
        ),
        (
            "virginia",
            "qwen-vl-ocr",
            [
                f"qwen-vl-ocr {MOVES} (on 2026-09-28 it meant {PINNED}), and its price with it: prefer {PINNED}."
            ],
        ),
        (
            "beijing",
            "qwen-vl-ocr-latest",
            [
                "qwen-vl-ocr-latest was taken down on 2026-10-10 (A reseller that passes the service through: its list "
                f"of 2026-10-11 of names that are gone; low sureness): take {PINNED}.",
                f"qwen-vl-ocr-latest {MOVES}, and its price with it: prefer {PINNED}.",
            ],
        ),
        ("beijing", "qwen3.5-ocr", [f"qwen3.5-ocr {MOVES}, and its price with it."]),
        (
            "beijing",
            "qwen-vl-ocr-0413",
            [
                "qwen-vl-ocr-2025-04-13 is not recommended (Product guide, newest Chinese edition, which names "
                f"qwen3.5-ocr instead; medium sureness): take {PINNED}.",
                "qwen-vl-ocr-2025-04-13 costs $0.717 in, $0.717 out per million tokens; "
                f"{PINNED} does the same in beijing for $0.043 in, $0.072 out per million tokens.",
            ],
        ),
    ],
)
def test_the_shipped_prices(region: str, name: str | None, says: list[str]) -> None:
    catalogue = load_catalogue()
    assert model_warnings(catalogue, catalogue.model(region, name)) == says


@pytest.mark.parametrize(
    ("today", "says"),
    [
        (date(2027, 1, 9), "qwen-vl-ocr-1120-x ends on 2027-01-10: take qwen9-ocr."),
        (date(2027, 1, 10), "qwen-vl-ocr-1120-x was taken down on 2027-01-10: take qwen9-ocr."),
    ],
)
def test_an_end_that_pipeline_toml_names(today: date, says: str) -> None:
    entry = {"region": "singapore", "name": PINNED, "retires_on": "2027-01-10", "instead": "qwen9-ocr"}
    model = configured_catalogue(region="singapore", models=[entry]).model("singapore")
    assert standing(replace(model, name="qwen-vl-ocr-1120-x"), today) == says


def test_who_knows_better_says_that_a_model_lives() -> None:
    entry = {"region": "beijing", "name": "qwen-vl-ocr-latest", "retires_on": "never"}
    assert (
        standing(configured_catalogue(region="beijing", models=[entry]).model("beijing", entry["name"]))
        is None
    )


@pytest.mark.parametrize(
    ("usd_input", "usd_output", "warns"),
    [("0.14", "0.32", False), ("0.14", "0.33", True), ("0.07", "0.16", False), ("0", "0", False)],
    ids=["twice", "a little more than twice", "the same", "no price"],
)
def test_more_than_twice_is_worth_a_warning(usd_input: str, usd_output: str, warns: bool) -> None:
    entry = {
        "region": "singapore",
        "name": "qwen-vl-ocr",
        "pinned": True,
        "usd_per_million_input": usd_input,
        "usd_per_million_output": usd_output,
    }
    catalogue = configured_catalogue(region="singapore", models=[entry])
    assert bool(model_warnings(catalogue, catalogue.model("singapore", "qwen-vl-ocr"))) is warns
