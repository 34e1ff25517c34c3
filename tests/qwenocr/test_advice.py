"""Warnings before paying: a name that moves, a price that an equal model undercuts."""

import pytest

from qwenocr_assets.asking.catalogue_overrides import configured_catalogue
from qwenocr_assets.qwenocr.advice import model_warnings
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
                f"qwen-vl-ocr {MOVES}, and its price with it: prefer {PINNED}.",
                f"qwen-vl-ocr costs $0.72 in, $0.72 out per million tokens; {PINNED} does the same in singapore for "
                "$0.07 in, $0.16 out per million tokens.",
            ],
        ),
        (
            "virginia",
            "qwen-vl-ocr",
            [
                f"qwen-vl-ocr {MOVES} (on 2026-02-04 it meant {PINNED}), and its price with it: prefer {PINNED}."
            ],
        ),
        (
            "beijing",
            "qwen-vl-ocr-latest",
            [f"qwen-vl-ocr-latest {MOVES}, and its price with it: prefer {PINNED}."],
        ),
        (
            "beijing",
            "qwen-vl-ocr-0413",
            [
                "qwen-vl-ocr-2025-04-13 costs $0.717 in, $0.717 out per million tokens; "
                f"{PINNED} does the same in beijing for $0.043 in, $0.072 out per million tokens."
            ],
        ),
    ],
)
def test_the_shipped_prices(region: str, name: str | None, says: list[str]) -> None:
    catalogue = load_catalogue()
    assert model_warnings(catalogue, catalogue.model(region, name)) == says


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
