"""What the service takes in batches.

Limits: product guide, page Batch API (OpenAI compatible); which model is offered: the catalogue, after the
same page's list of models.
"""

from dataclasses import dataclass

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import USUAL_PAGE, Catalogue, Model
from qwenocr_assets.qwenocr.requests import Mode

ENDPOINT = "/v1/chat/completions"
"""What every line's `url` and the job's `endpoint` have to be: one and the same."""

SHORTEST_WINDOW = "24h"
"""How long the service may take, at least. What is not answered by then expires."""
WINDOW_PATTERN = r"^(2[4-9]|[3-9]\d|[12]\d\d|3[0-2]\d|33[0-6])h$|^([1-9]|1[0-4])d$"
"""Whole hours or days, from `24h` to `14d`."""
LARGEST_LINE_MB = 6.0
"""As the page says; others report refusals above 1."""

MOST_NAME_CHARACTERS = 100
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The most that one input file may hold; sizes in bytes of UTF-8."""

    lines: int = 50_000
    file_bytes: int = 500 * 10**6
    line_bytes: int = int(LARGEST_LINE_MB * 10**6)


def require_batches(catalogue: Catalogue, model: Model) -> None:
    """Make sure that a model can be asked in batches.

    Raises:
        ConfigurationError: it is not offered in batches; names what is, and what is cheap at once.
    """
    if model.batch_discount is not None:
        return
    offered = [m for m in catalogue.models if m.batch_discount is not None and not m.is_going]
    here = [m.name for m in offered if m.region == model.region]
    elsewhere = sorted({f"{m.name} in region {m.region}" for m in offered if m.region != model.region})
    alternative = (
        f'Set model = "{here[0]}"'
        if here
        else f"Batches are offered for {', '.join(elsewhere)}"
        if elsewhere
        else "No region has batches"
    )
    at_once = catalogue.cheapest_equal(model)
    raise ConfigurationError(
        f"{model.name} in region {model.region} is not offered in batches.",
        f'{alternative}, or send it in real time (mode = "real_time"): {at_once.name} costs '
        f"${at_once.usual_page_usd:.6f} for a usual page.",
    )


def cheaper_at_once(catalogue: Catalogue, model: Model) -> str | None:
    """A warning when the region has a model that costs less in real time than this one in batches."""
    in_batches, at_once = model.price(Mode.BATCH).cost_usd(USUAL_PAGE), catalogue.cheapest_equal(model)
    if at_once.usual_page_usd >= in_batches:
        return None
    return (
        f"{at_once.name} in real time costs less than {model.name} in batches: ${at_once.usual_page_usd:.6f} and "
        f"${in_batches:.6f} for a usual page in {model.region}."
    )
