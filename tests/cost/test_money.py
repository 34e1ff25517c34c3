"""Money in whole pico-dollars: exact, and never $0 for want of a price."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.cost.money import Price, price_of, to_pico, to_usd
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import load_catalogue

MODELS = [m for m in load_catalogue().models if m.region != "local"]


@pytest.mark.parametrize("model", MODELS, ids=[f"{m.region}-{m.name}" for m in MODELS])
def test_every_price_of_the_catalogue_is_exact(model) -> None:  # type: ignore[no-untyped-def]
    price = price_of(model)
    assert to_usd(price.cost_pico(1_000_000, 0)) == model.usd_per_million_input
    assert to_usd(price.cost_pico(123_457, 8_191)) == model.cost_usd(123_457, 8_191)


def test_a_batch_costs_half() -> None:
    model = load_catalogue().model("beijing", "qwen-vl-ocr")
    assert price_of(model, batch=True) == Price(358_500, 358_500)


@pytest.mark.parametrize(
    ("change", "batch"),
    [
        pytest.param({"usd_per_million_input": Decimal(0)}, False, id="no input price"),
        pytest.param({"usd_per_million_output": Decimal(0)}, False, id="no output price"),
        pytest.param({}, True, id="no batches"),
    ],
)
def test_what_has_no_price_is_refused(change: dict[str, Decimal], batch: bool) -> None:
    model = replace(load_catalogue().model("singapore"), **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"no price|not offered in batches"):
        price_of(model, batch=batch)


@pytest.mark.parametrize(
    ("region", "model"),
    [
        pytest.param("singapore", "qwen-vl-plus", id="unknown model"),
        pytest.param("singapore", "qwen-vl-ocr-latest", id="known elsewhere"),
        pytest.param("frankfurt", None, id="unknown region"),
    ],
)
def test_an_unknown_model_has_no_price(region: str, model: str | None) -> None:
    with pytest.raises(ConfigurationError):
        price_of(load_catalogue().model(region, model))


def test_only_the_embedded_engine_is_free() -> None:
    assert price_of(load_catalogue().model("local")).is_free


@given(st.integers(0, 2**62))
def test_dollars_and_back(pico: int) -> None:
    assert to_pico(to_usd(pico)) == pico


def test_nothing_is_rounded_in_silence() -> None:
    with pytest.raises(ValueError, match="finer than a pico-dollar"):
        to_pico(Decimal("0.0000000000001"))
