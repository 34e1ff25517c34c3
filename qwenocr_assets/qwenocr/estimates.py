"""How many tokens a request will probably take, for the limits of the account."""

from collections import defaultdict

from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.images import ImageAt, ImageBytes
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.tokens import image_tokens
from qwenocr_assets.qwenocr.wire.prompts import prompt_tokens

_LEARNING_SHARE = 0.1
"""How much one answer moves the correction: some thirty answers settle it."""


class Estimates:
    """Tokens by the service's formula and what a task usually takes, corrected by what its answers report.

    Documents differ in how much stands on them, and models in how they count: after some answers of a task the mean
    is right, which is what the limit on tokens per minute needs.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._corrections: defaultdict[Task, float] = defaultdict(lambda: 1.0)

    def expected(self, request: Request) -> int:
        """Input and output tokens together."""
        return round(self._by_formula(request) * self._corrections[request.task])

    def learn(self, request: Request, reported: int) -> None:
        """An answer to the request used so many tokens."""
        ratio = reported / self._by_formula(request)
        self._corrections[request.task] += _LEARNING_SHARE * (ratio - self._corrections[request.task])

    def _by_formula(self, request: Request) -> int:
        """A picture of unknown size, as each page of a PDF is, counts as the largest that `max_pixels` leaves."""
        model, options = self._model, request.options
        max_pixels = options.max_pixels or model.max_pixels
        size = request.image.size if isinstance(request.image, ImageBytes | ImageAt) else None
        image = (
            max_pixels // model.token_pixels
            if size is None
            else image_tokens(
                *size,
                token_pixels=model.token_pixels,
                min_pixels=min(options.min_pixels or model.min_pixels, max_pixels),
                max_pixels=max_pixels,
            )
        )
        prompt = prompt_tokens(request.task, options.result_schema, options.prompt)
        longest = options.max_tokens or model.max_output_tokens
        return request.pages * (image + prompt + min(request.task.spec.expected_output_tokens, longest))
