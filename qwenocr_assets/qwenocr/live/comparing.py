"""What differs between the catalogue and the service's own list, and the `[[models]]` entries that would mend it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.live.listing import ListedModel, ListedPrice, Listing

_CNY_A_DOLLAR = (Decimal("6.5"), Decimal("7.6"))
"""The service prints both currencies, at 6.94 to 7.27 yuan a dollar: within these bounds they are one price."""
_DEAREST_RATE = Decimal("6.94")
"""Yuan a dollar where a price in yuan has to be one in dollars: too many dollars rather than too few."""
_DECIMALS = Decimal("0.000001")

_COUNTS = (
    ("context_tokens", "tokens of context"),
    ("max_input_tokens", "input tokens"),
    ("max_output_tokens", "output tokens"),
    ("requests_per_minute", "requests a minute"),
    ("tokens_per_minute", "tokens a minute"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a model's row and the service's list differ."""

    model: str
    what: str
    """price, tokens, rate, batches, snapshot, retired, listed or new."""
    said: str
    """The whole of it for people."""
    bears_on_money: bool = False
    """Whether requests would be quoted and reserved wrongly."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The catalogue's rows of one region against the service's list."""

    listing: Listing
    differences: tuple[Difference, ...]
    entries: tuple[str, ...]
    """TOML to paste into pipeline.toml, one text an entry."""


def compare(catalogue: Catalogue, listing: Listing) -> Comparison:
    """Hold a listing against the rows of its region."""
    listed = {model.name: model for model in listing.models}
    today = listing.asked_at.date()
    differences: list[Difference] = []
    entries: list[str] = []
    ours = catalogue.models_in(listing.region)
    for model in ours:
        found, fields = _held_against(catalogue, model, listed, today)
        differences += found
        if fields:
            entries.append(_entry(model, fields, today))
    known = {name for model in ours for name in (model.name, *model.aliases)}
    differences += [
        Difference(name, "new", f"{name} is listed and not in the catalogue: see docs/settings.md to add it")
        for name in listed
        if name not in known
    ]
    return Comparison(listing, tuple(differences), tuple(entries))


def _held_against(
    catalogue: Catalogue, model: Model, listed: Mapping[str, ListedModel], today: date
) -> tuple[list[Difference], dict[str, Any]]:
    """What differs, and the fields of an entry that says what the service says."""
    theirs = next((listed[name] for name in (model.name, *model.aliases) if name in listed), None)
    gone = model.retires_on is not None and model.retires_on <= today
    if theirs is None:
        if gone or not listed:
            return [], {}
        instead = model.instead or catalogue.cheapest_equal(model).name
        take = f": take {instead}" if instead != model.name else ""
        said = f"{model.name} is not listed any more, so it is probably retired{take}"
        fields = {"retires_on": today} | ({"instead": instead} if instead != model.name else {})
        return [Difference(model.name, "retired", said, bears_on_money=True)], fields
    fields = {}
    found = []
    if gone:
        said = f"{model.name} is listed, and the catalogue takes it for retired since {model.retires_on}"
        found.append(Difference(model.name, "listed", said))
        fields["retires_on"] = "never"
    if theirs.price is not None and not _is_price_of(theirs.price, model):
        found.append(Difference(model.name, "price", _price_said(theirs.price, model), bears_on_money=True))
        fields |= _price_fields(theirs.price)
    for name, called in _COUNTS:
        here, there = getattr(model, name), getattr(theirs, name)
        if there is not None and there != here:
            what = "rate" if name.endswith("per_minute") else "tokens"
            said = f"{model.name}: {_shown(here)} {called} here, {_shown(there)} by the service"
            found.append(Difference(model.name, what, said, bears_on_money=name == "max_output_tokens"))
            fields[name] = there
    if theirs.in_batches is not None and theirs.in_batches != (model.batch_discount is not None):
        offered = ("is", "is not") if theirs.in_batches else ("is not", "is")
        said = f"{model.name} {offered[0]} offered in batches by the service, and {offered[1]} here"
        found.append(Difference(model.name, "batches", said))
    if theirs.stands_for is not None and theirs.stands_for not in (model.stands_for, model.name):
        said = f"{model.name} means {theirs.stands_for} now, and {model.stands_for or 'no snapshot'} here"
        found.append(Difference(model.name, "snapshot", said))
        fields["stands_for"] = theirs.stands_for
    return found, _consistent(model, fields)


def _is_price_of(price: ListedPrice, model: Model) -> bool:
    pairs = (
        (price.input, model.usd_per_million_input),
        (price.output, model.usd_per_million_output),
    )
    if price.currency == "USD":
        return all(there == here for there, here in pairs)
    least, most = _CNY_A_DOLLAR
    return all(here * least <= there <= here * most for there, here in pairs)


def _price_said(price: ListedPrice, model: Model) -> str:
    sign = "$" if price.currency == "USD" else "CNY "
    return (
        f"{model.name}: ${model.usd_per_million_input} in, ${model.usd_per_million_output} out per million tokens "
        f"here, {sign}{price.input.normalize():f} in, {sign}{price.output.normalize():f} out by the service"
    )


def _price_fields(price: ListedPrice) -> dict[str, Any]:
    rate = Decimal(1) if price.currency == "USD" else _DEAREST_RATE
    usd = [(amount / rate).quantize(_DECIMALS).normalize() for amount in (price.input, price.output)]
    return dict(zip(("usd_per_million_input", "usd_per_million_output"), usd, strict=True))


def _consistent(model: Model, fields: dict[str, Any]) -> dict[str, Any]:
    """With the limits that follow: what one image and one input may be is never more than what contains it."""
    if not fields.keys() & {"context_tokens", "max_input_tokens", "max_output_tokens"}:
        return fields
    context = fields.get("context_tokens", model.context_tokens)
    most = {
        "max_output_tokens": context,
        "max_input_tokens": context,
        "max_image_tokens": min(context, fields.get("max_input_tokens", model.max_input_tokens)),
    }
    for name, bound in most.items():
        if fields.get(name, getattr(model, name)) > bound:
            fields = fields | {name: bound}
    return fields


def _entry(model: Model, fields: Mapping[str, Any], today: date) -> str:
    said = {
        "region": model.region,
        "name": model.name,
        **fields,
        "valid_from": today,
        "source": "the service's own list of models",
        "sureness": "medium",
    }
    return "\n".join(["[[models]]", *(f"{name} = {value}" for name, value in _toml(said))])


def _toml(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, str):
            yield name, json.dumps(value, ensure_ascii=False)
        else:
            yield name, f"{value:f}" if isinstance(value, Decimal) else str(value)


def _shown(count: int | None) -> str:
    return "no limit of" if count is None else f"{count:,}"
