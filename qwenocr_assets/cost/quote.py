"""The quote: what asking one page for one task is expected to cost, and at most."""

import math
from dataclasses import dataclass
from decimal import Decimal

from qwenocr_assets.cost.expectations import PUBLISHED, Expectation
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.requests import Mode, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.tokens import image_tokens
from qwenocr_assets.qwenocr.wire.prompts import prompt_tokens

INPUT_MARGIN = Decimal("1.5")
"""How many times the estimated input the worst case is. The product guide's own samples report up to 1.31 times what
its formula gives: the image tokens of a model with smaller patches than the one asked for."""


def worst_input_of_pdf_page(model: Model, prompt: int) -> int:
    """Tokens: how large the service draws the pages of a PDF is not known, so the largest picture that it takes."""
    return min(model.max_image_tokens + prompt, model.max_input_tokens)


@dataclass(frozen=True, slots=True)
class Quote:
    """Tokens and US dollars of one request, before it is sent."""

    image_tokens: int
    prompt_tokens: int
    expected_output_tokens: int
    expected_output_from: str
    """Where the expectation comes from; see `expectations`."""
    worst_input_tokens: int
    worst_output_tokens: int
    expected_cost_usd: Decimal
    worst_cost_usd: Decimal


def quote_request(
    width_px: int,
    height_px: int,
    task: Task,
    options: RequestOptions,
    model: Model,
    mode: Mode = Mode.REAL_TIME,
    expectation: Expectation | None = None,
    *,
    of_pdf: bool = False,
) -> Quote:
    """The quote of one request, or with `of_pdf` of a page's share of one about its whole PDF.

    Image tokens follow the service's formula, prompt tokens the task's figure, and expected output tokens
    `expectation`, or the task's figure without one. The worst case is the output limit, and the input with a margin
    up to its limit. How large the service draws the pages of a PDF is not known: there the worst input is the largest
    picture that the model takes.

    Raises:
        ConfigurationError: the model has no price, or is not offered in this mode.
    """
    price = model.price(mode)
    image = image_tokens(
        width_px,
        height_px,
        token_pixels=model.token_pixels,
        min_pixels=options.min_pixels or model.min_pixels,
        max_pixels=options.max_pixels or model.max_pixels,
    )
    prompt = prompt_tokens(task, options.result_schema, options.prompt)
    worst_input = min(math.ceil(INPUT_MARGIN * (image + prompt)), model.max_input_tokens)
    worst_output = min(options.max_tokens or model.max_output_tokens, model.max_output_tokens)
    expectation = expectation or Expectation(task.spec.expected_output_tokens, PUBLISHED)
    expected = min(expectation.output_tokens, worst_output)
    if of_pdf:
        worst_input = worst_input_of_pdf_page(model, prompt)
    return Quote(
        image_tokens=image,
        prompt_tokens=prompt,
        expected_output_tokens=expected,
        expected_output_from=expectation.source,
        worst_input_tokens=worst_input,
        worst_output_tokens=worst_output,
        expected_cost_usd=price.cost_usd(Tokens(image + prompt, expected)),
        worst_cost_usd=price.cost_usd(Tokens(worst_input, worst_output)),
    )
