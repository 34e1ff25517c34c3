"""The quote: what asking one page for one task is expected to cost, and at most."""

from dataclasses import dataclass
from decimal import Decimal

from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.tokens import image_tokens


@dataclass(frozen=True, slots=True)
class Quote:
    """Tokens and US dollars of one request, before it is sent."""

    image_tokens: int
    prompt_tokens: int
    expected_output_tokens: int
    worst_output_tokens: int
    expected_cost_usd: Decimal
    worst_cost_usd: Decimal


def quote_request(
    width_px: int, height_px: int, task: Task, options: RequestOptions, model: Model, catalogue: Catalogue
) -> Quote:
    """The quote of one request.

    Image tokens follow the service's formula; prompt and expected output tokens are the catalogue's figures per
    task; the worst case is the output limit.
    """
    usual = catalogue.task_tokens[task]
    image = image_tokens(
        width_px,
        height_px,
        token_pixels=model.token_pixels,
        min_pixels=options.min_pixels or model.min_pixels,
        max_pixels=options.max_pixels or model.max_pixels,
    )
    worst = min(options.max_tokens or model.max_output_tokens, model.max_output_tokens)
    expected = min(usual.expected_output, worst)
    return Quote(
        image_tokens=image,
        prompt_tokens=usual.prompt,
        expected_output_tokens=expected,
        worst_output_tokens=worst,
        expected_cost_usd=model.cost_usd(image + usual.prompt, expected),
        worst_cost_usd=model.cost_usd(image + usual.prompt, worst),
    )
