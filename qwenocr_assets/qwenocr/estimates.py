"""How many tokens a request will probably take, for the limits of the account."""

from qwenocr_assets.qwenocr.catalogue import Model, TaskTokens
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tokens import image_tokens


def expected_tokens(request: Request, model: Model, usual: TaskTokens) -> int:
    """Input and output tokens together, by the service's formula and what its task usually takes.

    An image of unknown size counts as the largest that the request's `max_pixels` leaves.
    """
    options = request.options
    max_pixels = options.max_pixels or model.max_pixels
    size = request.image.size
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
    output = min(usual.expected_output, options.max_tokens or model.max_output_tokens)
    return image + usual.prompt + output
