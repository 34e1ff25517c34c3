"""What a person should know about the chosen model before paying for it."""

from datetime import UTC, date, datetime

from qwenocr_assets.qwenocr.catalogue import Catalogue, Model

_WORTH_SAYING = 2
"""How many times the cheapest equal model's price is worth a warning."""


def model_warnings(catalogue: Catalogue, model: Model) -> list[str]:
    """A sentence for a model that is going, a name that moves, and a price that an equal model undercuts by far."""
    said = (standing(model), _moving(catalogue, model), _dear(catalogue, model))
    return [text for text in said if text]


def standing(model: Model, today: date | None = None) -> str | None:
    """Whether the model is better not chosen, says who and how sure that is; None for one that is as good as ever.

    `today` is a day in UTC, by default this one.
    """
    if not model.is_going:
        return None
    ends = model.retires_on
    gone = ends is not None and ends <= (today or datetime.now(UTC).date())
    said = "is not recommended" if ends is None else f"{'was taken down' if gone else 'ends'} on {ends}"
    doubt = (
        ""
        if model.standing_sureness == "high"
        else f" ({model.standing_source}; {model.standing_sureness} sureness)"
    )
    return f"{model.name} {said}{doubt}" + (f": take {model.instead}." if model.instead else ".")


def lacks(other: Model, model: Model) -> str | None:
    """What `other` has less of than `model`, for whoever thinks of taking it instead; None for nothing."""
    found = []
    if model.whole_pdf and not other.whole_pdf:
        found.append("takes no whole PDFs")
    if model.turns and not other.turns:
        found.append("sees one message only")
    if other.max_output_tokens < model.max_output_tokens:
        found.append(
            f"gives {other.max_output_tokens:,} output tokens at most and not {model.max_output_tokens:,}"
        )
    fewer, more = other.requests_per_minute, model.requests_per_minute
    if fewer is not None and more is not None and fewer < more:
        found.append(f"takes {fewer:,} requests a minute and not {more:,}")
    if not found:
        return None
    *before, last = found
    return "That one " + (f"{', '.join(before)}, and {last}." if before else f"{last}.")


def price(model: Model) -> str:
    """The price as `$0.07 in, $0.16 out per million tokens`."""
    return f"${model.usd_per_million_input} in, ${model.usd_per_million_output} out per million tokens"


def _moving(catalogue: Catalogue, model: Model) -> str | None:
    if model.pinned:
        return None
    when = f"on {model.valid_from} it meant" if model.valid_from else "now it means"
    now = f" ({when} {model.stands_for})" if model.stands_for else ""
    pinned = catalogue.cheapest_equal(model)
    better = f": prefer {pinned.name}" if pinned.pinned else ""
    return f"{model.name} moves to newer models{now}, and its price with it{better}."


def _dear(catalogue: Catalogue, model: Model) -> str | None:
    equal, page = catalogue.cheapest_equal(model), model.usual_page_usd
    if page.is_infinite() or page <= _WORTH_SAYING * equal.usual_page_usd:
        return None
    return (
        f"{model.name} costs {price(model)}; {equal.name} does the same in {model.region} for {price(equal)}."
    )
