"""What a person should know about the chosen model before paying for it."""

from qwenocr_assets.qwenocr.catalogue import Catalogue, Model

_WORTH_SAYING = 2
"""How many times the cheapest equal model's price is worth a warning."""


def model_warnings(catalogue: Catalogue, model: Model) -> list[str]:
    """One sentence for a name that moves, one for a model that an equal and much cheaper one could replace."""
    return [text for text in (_moving(catalogue, model), _dear(catalogue, model)) if text]


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
