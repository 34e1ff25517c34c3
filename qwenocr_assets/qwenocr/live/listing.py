"""The account's own list of models and its quotas, as the service gives them.

Calls: the product's page on listing models as of 2026-09-04 (`GET /api/v1/models`, which the official SDK calls too)
and on quotas (`/api/v1/quotas`, in Chinese editions `/api/v1/models/limits`). Nothing of it was seen on the live
service, and the form of quotas is written down nowhere: what cannot be read is left open, never guessed.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import httpx
from pydantic import SecretStr

from qwenocr_assets.qwenocr.errors import RunRefused, ServiceError
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.wire.hosts import HostKind
from qwenocr_assets.qwenocr.wire.json_calls import JsonCalls

_CALL_SECONDS = 10.0
_MOST_CALLS = 2
_PAGE_SIZE = 100
_NO_SUCH_PATH = 404
_MOST_PAGES = 50
_OCR = "ocr"
"""Stands in the name of every model of this kind."""

_QUOTA_PATHS = ("/quotas", "/models/limits")
_REQUESTS = ("rpm", "requests_per_minute", "request_limit")
_TOKENS = ("tpm", "tokens_per_minute", "token_limit")
_MODEL_KEYS = ("model", "model_name", "model_id")

Currency = Literal["USD", "CNY"]
_CURRENCIES: tuple[tuple[str, Currency], ...] = (
    (r"usd|\$|dollar|美元", "USD"),
    (r"cny|rmb|¥|yuan|元", "CNY"),
)
_TOKENS_OF_A_UNIT = (
    (r"1?\s*m(illion)?\b|百万|1,?000,?000", 1_000_000),
    (r"1?\s*k\b|thousand|千|\b1,?000\b", 1_000),
)


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """Prices of a million tokens."""

    currency: Currency
    input: Decimal
    output: Decimal


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as the service lists it; None for what it does not say, or not so that it can be read."""

    name: str
    context_tokens: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    price: ListedPrice | None = None
    """The highest, where there are several by the length of the input."""
    in_batches: bool | None = None
    stands_for: str | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What the service listed: its OCR models, and others that were asked for by name."""

    region: str
    host: str
    asked_at: datetime
    models: tuple[ListedModel, ...]
    quotas_problem: str | None = None
    """Why the quotas are not known."""


def ask_for_models(
    region: Region,
    key: SecretStr | None,
    names: Collection[str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Listing:
    """The account's OCR models, and those with these names, which are asked for one by one where the list lacks them.

    Raises:
        ServiceError: the service refused the question, or no answer came.
    """
    region.require_host()
    with JsonCalls(
        region,
        region.native_url,
        key,
        seconds=_CALL_SECONDS,
        most_calls=_MOST_CALLS,
        transport=transport,
    ) as calls:
        found = _found(calls, region, names)
        wanted = [raw for name, raw in found.items() if name in names or _OCR in name.lower()]
        quotas, problem = _quotas(calls)
    models = tuple(_model(raw, quotas.get(str(raw["model"]), (None, None))) for raw in wanted)
    return Listing(region.name, region.host, datetime.now(UTC), models, problem)


def _found(calls: JsonCalls, region: Region, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """By name, everything that is listed, and what is listed under these names only when it is asked for."""
    try:
        found = {str(raw["model"]): raw for raw in _pages(calls)}
    except RunRefused as error:
        if error.fault.status != _NO_SUCH_PATH or region.at.kind is HostKind.WORKSPACE:
            raise
        raise RunRefused(
            error.fault,
            "Some regions list models at a workspace's own host only: set base_url, like "
            f"{region.workspace_host}.",
        ) from error
    for name in names:
        if name not in found:
            found |= {str(raw["model"]): raw for raw in _page(calls, 1, name) if raw["model"] == name}
    return found


def _pages(calls: JsonCalls) -> Iterator[dict[str, Any]]:
    """All models: pages until one brings nothing new, for how long a page may be is not written down."""
    seen: set[str] = set()
    for number in range(1, _MOST_PAGES + 1):
        new = [raw for raw in _page(calls, number) if raw["model"] not in seen]
        if not new:
            return
        seen |= {str(raw["model"]) for raw in new}
        yield from new


def _page(calls: JsonCalls, number: int, name: str | None = None) -> list[dict[str, Any]]:
    query: dict[str, str | int] = {"page_no": number, "page_size": _PAGE_SIZE}
    answer = calls.asked("/models", query | ({"model": name} if name else {}))
    models = _child(answer, "output").get("models")
    listed = models if isinstance(models, list) else []
    return [raw for raw in listed if isinstance(raw, dict) and raw.get("model")]


def _model(raw: dict[str, Any], quota: tuple[int | None, int | None]) -> ListedModel:
    info = _child(raw, "model_info")
    features = raw.get("features")
    return ListedModel(
        name=str(raw["model"]),
        context_tokens=_count(info.get("context_window")),
        max_input_tokens=_count(info.get("max_input_tokens")),
        max_output_tokens=_count(info.get("max_output_tokens")),
        price=_price(raw.get("prices")),
        in_batches="batch" in features if isinstance(features, list) else None,
        stands_for=str(raw["equivalent_snapshot"]) if raw.get("equivalent_snapshot") else None,
        requests_per_minute=quota[0],
        tokens_per_minute=quota[1],
    )


def _price(raw: Any) -> ListedPrice | None:
    """None where prices are not there, or in a currency or for a number of tokens that is not understood."""
    found: dict[str, list[tuple[Currency, Decimal]]] = {"input": [], "output": []}
    for entry in _objects(raw):
        kind = str(entry.get("type") or "").lower()
        of = [name for name in found if name in kind]
        if "price" not in entry or len(of) != 1 or "batch" in kind or "cache" in kind:
            continue
        one = _per_million(entry.get("price"), str(entry.get("price_unit") or ""))
        if one is None:
            return None
        found[of[0]].append(one)
    currencies = {currency for prices in found.values() for currency, _ in prices}
    if not all(found.values()) or len(currencies) != 1:
        return None
    most_input, most_output = (max(usd for _, usd in prices) for prices in found.values())
    return ListedPrice(currencies.pop(), most_input, most_output)


def _per_million(price: Any, unit: str) -> tuple[Currency, Decimal] | None:
    unit = unit.lower()
    currency = next((name for pattern, name in _CURRENCIES if re.search(pattern, unit)), None)
    tokens = next((count for pattern, count in _TOKENS_OF_A_UNIT if re.search(pattern, unit)), None)
    try:
        amount = Decimal(str(price))
    except InvalidOperation:
        return None
    if currency is None or tokens is None or not amount.is_finite() or amount < 0:
        return None
    return currency, amount * (1_000_000 // tokens)


def _quotas(calls: JsonCalls) -> tuple[dict[str, tuple[int | None, int | None]], str | None]:
    """Requests and tokens a minute by model, and why they are not known."""
    problem = "the service's quotas are in a form that is not understood"
    for path in _QUOTA_PATHS:
        try:
            answer = calls.asked(path)
        except RunRefused as error:
            problem = str(error)
            continue
        except ServiceError as error:
            return {}, str(error)
        found = {
            str(name): (_first(entry, _REQUESTS), _first(entry, _TOKENS))
            for entry in _objects(answer)
            if (name := next((entry[key] for key in _MODEL_KEYS if isinstance(entry.get(key), str)), None))
        }
        known = {name: limits for name, limits in found.items() if limits != (None, None)}
        if known:
            return known, None
    return {}, problem


def _first(entry: dict[str, Any], names: Collection[str]) -> int | None:
    return next((count for name in names if (count := _count(entry.get(name))) is not None), None)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, itself and all below it."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _objects(one)


def _count(value: Any) -> int | None:
    """A whole number from 1 on, also as text like 65,536."""
    text = str(value).replace(",", "") if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and int(text) > 0 else None


def _child(value: dict[str, Any], name: str) -> dict[str, Any]:
    child = value.get(name)
    return child if isinstance(child, dict) else {}
