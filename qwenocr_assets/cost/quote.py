"""The quote: what asking one page for one task is expected to cost, and at most."""

import json
import math
from dataclasses import dataclass
from decimal import Decimal

from qwenocr_assets.cost.expectations import PUBLISHED, Expectation
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.tokens import image_tokens, text_tokens

INPUT_MARGIN = Decimal("1.5")
"""How many times the estimated input the worst case is. The product guide's own samples report up to 1.31 times what
its formula gives: the image tokens of a model with smaller patches than the one asked for."""

_EXTRACTION_PROMPT_TOKENS = 150
"""Prompt of key_information_extraction without a schema: the guide's sample reports 211, 61 of them its schema's."""

_CHAT_TOKENS = 18
"""What the conversation's frame adds to an own prompt: 35 tokens for text_recognition, whose prompt has 17."""


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
    catalogue: Catalogue,
    expectation: Expectation | None = None,
) -> Quote:
    """The quote of one request.

    Image tokens follow the service's formula, prompt tokens the catalogue's figures per task, and expected output
    tokens `expectation`, or the catalogue's figure without one. The worst case is the output limit, and the input
    with a margin up to its limit.
    """
    usual = catalogue.task_tokens[task]
    image = image_tokens(
        width_px,
        height_px,
        token_pixels=model.token_pixels,
        min_pixels=options.min_pixels or model.min_pixels,
        max_pixels=options.max_pixels or model.max_pixels,
    )
    prompt = prompt_tokens(task, options, usual.prompt)
    worst_input = min(math.ceil(INPUT_MARGIN * (image + prompt)), model.max_input_tokens)
    worst_output = min(options.max_tokens or model.max_output_tokens, model.max_output_tokens)
    expectation = expectation or Expectation(usual.expected_output, PUBLISHED)
    expected = min(expectation.output_tokens, worst_output)
    return Quote(
        image_tokens=image,
        prompt_tokens=prompt,
        expected_output_tokens=expected,
        expected_output_from=expectation.source,
        worst_input_tokens=worst_input,
        worst_output_tokens=worst_output,
        expected_cost_usd=model.cost_usd(image + prompt, expected),
        worst_cost_usd=model.cost_usd(worst_input, worst_output),
    )


def prompt_tokens(task: Task, options: RequestOptions, usual: int) -> int:
    """Estimated prompt tokens: `usual` for tasks with a prompt of the service's own, else by the text that is sent."""
    if task is Task.CUSTOM_PROMPT and options.prompt:
        return _CHAT_TOKENS + text_tokens(options.prompt)
    if task is Task.KEY_INFORMATION_EXTRACTION:
        schema = options.result_schema
        written = "" if schema is None else json.dumps(schema, ensure_ascii=False)
        return _EXTRACTION_PROMPT_TOKENS + text_tokens(written)
    return usual
