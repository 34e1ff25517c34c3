"""Money in whole pico-dollars: exact, and never $0 for want of a price."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.prices import Price, Tokens, to_pico, to_usd
from qwenocr_assets.qwenocr.requests import Mode

MODELS = [m for m in load_catalogue().models if m.region != "local"]


@pytest.mark.parametrize("model", MODELS, ids=[f"{m.region}-{m.name}" for m in MODELS])
def test_every_price_of_the_catalogue_is_exact(model) -> None:  # type: ignore[no-untyped-def]
    price = model.price()
    assert price.usd_per_million == (model.usd_per_million_input, model.usd_per_million_output)
    assert price.cost_usd(Tokens(1_000_000, 0)) == model.usd_per_million_input
    assert price.cost_usd(Tokens(0, 1_000_000)) == model.usd_per_million_output


def test_a_batch_costs_half() -> None:
    model = load_catalogue().model("beijing", "qwen-vl-ocr")
    assert model.price(Mode.BATCH) == Price(21_500, 36_000)


@pytest.mark.parametrize(
    ("change", "mode"),
    [
        pytest.param({"usd_per_million_input": Decimal(0)}, Mode.REAL_TIME, id="no input price"),
        pytest.param({"usd_per_million_output": Decimal(0)}, Mode.REAL_TIME, id="no output price"),
        pytest.param({}, Mode.BATCH, id="no batches"),
    ],
)
def test_what_has_no_price_is_refused(change: dict[str, Decimal], mode: Mode) -> None:
    model = replace(load_catalogue().model("singapore"), **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"no price|not offered in batches"):
        model.price(mode)


@pytest.mark.parametrize(
    ("region", "model"),
    [
        pytest.param("singapore", "qwen-vl-plus", id="unknown model"),
        pytest.param("singapore", "qwen-vl-ocr-latest", id="known elsewhere"),
        pytest.param("tokyo", None, id="unknown region"),
    ],
)
def test_an_unknown_model_has_no_price(region: str, model: str | None) -> None:
    with pytest.raises(ConfigurationError):
        load_catalogue().model(region, model)


def test_only_the_embedded_engine_is_free() -> None:
    assert load_catalogue().model("local").price().is_free


@given(st.integers(0, 2**62))
def test_dollars_and_back(pico: int) -> None:
    assert to_pico(to_usd(pico)) == pico


def test_nothing_is_rounded_in_silence() -> None:
    with pytest.raises(ValueError, match="finer than a pico-dollar"):
        to_pico(Decimal("0.0000000000001"))
