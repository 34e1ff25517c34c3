"""The service's own list held against the catalogue: what differs is named, and every entry written can be pasted."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from qwenocr_assets.asking.catalogue_overrides import configured_catalogue
from qwenocr_assets.emulator import create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.emulator.testing.serving import served
from qwenocr_assets.qwenocr.catalogue import Model, load_catalogue
from qwenocr_assets.qwenocr.errors import ServiceError
from qwenocr_assets.qwenocr.live.comparing import Comparison, compare
from qwenocr_assets.qwenocr.live.listing import ListedModel, ListedPrice, Listing, ask_for_models
from qwenocr_assets.qwenocr.regions import region_at

CATALOGUE = load_catalogue()
BEIJING = CATALOGUE.models_in("beijing")
NAMES = [model.name for model in BEIJING]
TODAY = datetime(2026, 11, 29, tzinfo=UTC)


def asked(models: list[Model]) -> Comparison:
    """The account of an emulator that offers these models, asked over HTTP."""
    with served(create_emulator(CannedAnswers(), region="beijing", models=models)) as address:
        region = region_at(CATALOGUE.region("beijing"), address)
        return compare(CATALOGUE, ask_for_models(region, SecretStr("sk-ws-a.b-c"), NAMES))


def test_an_account_with_another_price_another_limit_and_without_a_name() -> None:
    changed = {
        "qwen3.5-ocr": {"usd_per_million_input": Decimal("0.08")},
        "qwen-vl-ocr": {"max_output_tokens": 4096, "requests_per_minute": 300},
    }
    listed = [replace(m, **changed.get(m.name, {})) for m in BEIJING if m.name != "qwen-vl-ocr-2025-08-28"]
    compared = asked(listed)
    assert {(d.model, d.what, d.bears_on_money) for d in compared.differences} == {
        ("qwen3.5-ocr", "price", True),
        ("qwen-vl-ocr", "tokens", True),
        ("qwen-vl-ocr", "rate", False),
        ("qwen-vl-ocr-2025-08-28", "retired", True),
        ("qwen-vl-ocr-latest", "listed", False),  # which the catalogue takes for retired
    }
    assert [d.said for d in compared.differences if d.what in ("price", "tokens", "retired")] == [
        "qwen-vl-ocr: 8,192 output tokens here, 4,096 by the service",
        "qwen3.5-ocr: $0.069 in, $0.275 out per million tokens here, $0.08 in, $0.275 out by the service",
        "qwen-vl-ocr-2025-08-28 is not listed any more, so it is probably retired: take qwen-vl-ocr-2025-11-20",
    ]
    pasted = configured_catalogue(region="beijing", models=_entries(compared))
    model = pasted.model("beijing", "qwen3.5-ocr")
    assert (model.usd_per_million_input, model.valid_from) == (
        Decimal("0.08"),
        compared.listing.asked_at.date(),
    )
    assert pasted.model("beijing", "qwen-vl-ocr").max_output_tokens == 4096
    assert pasted.model("beijing", "qwen-vl-ocr-0828").retires_on == compared.listing.asked_at.date()
    assert not compare(pasted, compared.listing).differences


def test_an_account_as_the_catalogue_has_it() -> None:
    compared = asked([m for m in BEIJING if m.name != "qwen-vl-ocr-latest"])
    assert (compared.differences, compared.entries, compared.listing.quotas_problem) == ((), (), None)
    assert len(compared.listing.models) == len(BEIJING) - 1


def _entries(compared: Comparison) -> list[dict[str, Any]]:
    """The entries as pipeline.toml gives them, TOML's dates as texts."""
    entries = tomllib.loads("\n\n".join(compared.entries)).get("models", [])
    return [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in entry.items()}
        for entry in entries
    ]


_counts = st.none() | st.integers(1, 2_000_000)
_prices = st.none() | st.builds(
    ListedPrice,
    st.sampled_from(["USD", "CNY"]),
    *[st.decimals("0.001", 100, places=3, allow_nan=False, allow_infinity=False)] * 2,
)
_listed = st.builds(
    ListedModel,
    st.sampled_from([*NAMES, "qwen-vl-ocr-1120", "qwen4-ocr"]),
    *[_counts] * 3,
    _prices,
    st.none() | st.booleans(),
    st.none() | st.just("qwen-vl-ocr-2027-01-01"),
    *[_counts] * 2,
)


@given(st.lists(_listed, max_size=4, unique_by=lambda m: m.name))
def test_whatever_is_listed_every_entry_can_be_pasted_and_mends_what_it_can(
    models: list[ListedModel],
) -> None:
    listing = Listing("beijing", "https://host", TODAY, tuple(models))
    compared = compare(CATALOGUE, listing)
    pasted = configured_catalogue(region="beijing", models=_entries(compared))
    left = {d.what for d in compare(pasted, listing).differences}
    # no entry takes batches away or invents their price; limits that contradict each other, and prices in yuan that
    # no dollar meets, stay different
    assert left <= {"batches", "new", "tokens", "price"}
    assert not any(
        d.what in ("rate", "retired", "listed", "snapshot") for d in compare(pasted, listing).differences
    )


def listed(*bodies: Any) -> Listing:
    """What is understood of these pages of a list, and of whatever comes for the quotas."""
    pages = list(bodies)

    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer sk-1"
        if request.url.path.endswith("/models"):
            number = int(request.url.params["page_no"])
            body = pages[number - 1] if number <= len(pages) and "model" not in request.url.params else {}
            return httpx.Response(200, json=body)
        return httpx.Response(404, json={"code": "NotFound", "message": "no such path"})

    region = CATALOGUE.region("beijing")
    return ask_for_models(region, SecretStr("sk-1"), NAMES, transport=httpx.MockTransport(respond))


def page(*models: dict[str, Any]) -> dict[str, Any]:
    return {"output": {"models": list(models)}}


def priced(price: Any, unit: str, **more: Any) -> dict[str, Any]:
    prices = [{"type": kind, "price": price, "price_unit": unit} for kind in ("input_token", "output_token")]
    return {"model": "qwen-vl-ocr", "prices": [{"prices": prices}], **more}


@pytest.mark.parametrize(
    ("model", "price"),
    [
        (priced("0.3", "CNY/1M tokens"), ListedPrice("CNY", Decimal("0.3"), Decimal("0.3"))),
        (priced(0.0003, "元/千tokens"), ListedPrice("CNY", Decimal("0.3"), Decimal("0.3"))),
        (priced(0.3, "元/百万tokens"), ListedPrice("CNY", Decimal("0.3"), Decimal("0.3"))),
        (priced("0.07", "USD per million tokens"), ListedPrice("USD", Decimal("0.07"), Decimal("0.07"))),
        (priced("0.07", "$/1,000,000"), ListedPrice("USD", Decimal("0.07"), Decimal("0.07"))),
        (priced("0.07", "USD"), None),
        (priced("0.07", "credits/1M tokens"), None),
        (priced("free", "USD/1M tokens"), None),
        (priced("NaN", "USD/1M tokens"), None),
        ({"model": "qwen-vl-ocr", "prices": "cheap"}, None),
        ({"model": "qwen-vl-ocr"}, None),
    ],
)
def test_prices_that_are_understood_and_others(model: dict[str, Any], price: ListedPrice | None) -> None:
    [found] = listed(page(model)).models
    assert found.price == price


def test_of_several_prices_the_highest_counts_and_batches_are_none() -> None:
    tiers = [
        {"prices": [{"type": kind, "price": price, "price_unit": "USD/1M tokens"}]}
        for kind, price in [
            ("input_token", "0.1"),
            ("input_token", "0.2"),
            ("output_token", "0.3"),
            ("output_token_batch", "9"),
            ("input_token_cache", "9"),
        ]
    ]
    [found] = listed(page({"model": "qwen-vl-ocr", "prices": tiers})).models
    assert found.price == ListedPrice("USD", Decimal("0.2"), Decimal("0.3"))


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (8192, 8192),
        ("8,192", 8192),
        ("8K", None),
        (0, None),
        (-1, None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_limits_that_are_understood_and_others(value: Any, count: int | None) -> None:
    [found] = listed(page({"model": "qwen-vl-ocr", "model_info": {"max_output_tokens": value}})).models
    assert found.max_output_tokens == count


def test_pages_are_read_until_one_brings_nothing_new() -> None:
    one, two = page({"model": "qwen-max"}, {"model": "qwen-vl-ocr"}), page({"model": "qwen9-ocr"})
    found = listed(one, two, two)
    assert [m.name for m in found.models] == ["qwen-vl-ocr", "qwen9-ocr"]
    assert "no such path" in (found.quotas_problem or "")
    assert [d.said for d in compare(CATALOGUE, found).differences if d.what == "new"] == [
        "qwen9-ocr is listed and not in the catalogue: see docs/settings.md to add it"
    ]


def test_a_list_without_any_ocr_model_retires_none() -> None:
    assert compare(CATALOGUE, listed(page({"model": "qwen-max"}))).differences == ()


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("https://dashscope.aliyuncs.com", "at a workspace's own host only"),
        ("https://llm-abc.cn-beijing.maas.aliyuncs.com", "Check base_url"),
    ],
)
def test_a_host_without_the_list_names_one_that_may_have_it(host: str, hint: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(404, json={"code": "NotFound", "message": "?"}))
    with pytest.raises(ServiceError) as refused:
        ask_for_models(
            region_at(CATALOGUE.region("beijing"), host), SecretStr("sk-1"), NAMES, transport=transport
        )
    assert hint in refused.value.next_step


@pytest.mark.parametrize(
    "respond",
    [
        lambda _: httpx.Response(401, json={"code": "InvalidApiKey", "message": "Invalid API-key provided."}),
        lambda _: httpx.Response(200, text="<html>"),
        lambda _: httpx.Response(404, text=""),
    ],
    ids=["no key", "no JSON", "no such path"],
)
def test_a_question_that_is_not_answered_is_an_error(respond: Callable[[Any], httpx.Response]) -> None:
    with pytest.raises(ServiceError):
        ask_for_models(
            CATALOGUE.region("beijing"), SecretStr("sk-1"), NAMES, transport=httpx.MockTransport(respond)
        )
