"""The image of a line: inside it while it fits, else as its route says."""

import io

from PIL import Image as PillowImage

from qwenocr_assets.asking.batch_answers import Question
from qwenocr_assets.asking.batch_api.planning import Rules, data_url_line_bytes
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.qwenocr.batch_api.limits import FileLimits
from qwenocr_assets.qwenocr.batch_api.lines import input_line
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.storage.data_folder import DataFolder

_QUALITIES = (90, 80)
_SHRINK = 0.8
_LEAST_SIDE_PX = 200


def line_bytes(data: DataFolder, question: Question, model: str, rules: Rules, limits: FileLimits) -> int:
    """How long a question's line will be at most; an image that is not there counts as none."""
    try:
        size = (data.root / question.page.uri).stat().st_size
    except OSError:
        size = 0
    most = min(rules.line_bytes, limits.line_bytes)
    inside = data_url_line_bytes(question, model, size)
    if inside <= most or rules.too_large == "real_time":
        return inside
    if rules.too_large == "shrink":
        return most
    return len(_by_address(question, model, rules))


def line_of(data: DataFolder, question: Question, model: str, rules: Rules, limits: FileLimits) -> bytes:
    """A question's line.

    Raises:
        RejectedInput: its image cannot be read, or fits in no way that the route allows.
    """
    most = min(rules.line_bytes, limits.line_bytes)
    if rules.too_large == "url" and line_bytes(data, question, model, Rules(), limits) > most:
        return _by_address(question, model, rules)
    uri = question.page.uri
    try:
        image = ImageBytes((data.root / uri).read_bytes(), question.page.media_type)
    except OSError as error:
        raise RejectedInput(
            f"The page image {uri} cannot be read ({error.strerror or error}).",
            "Materialize the intake's pages again, then its answers.",
        ) from error
    if data_url_line_bytes(question, model, len(image.data)) > most:
        if rules.too_large != "shrink":
            raise RejectedInput(
                f"The page image {uri} makes a line of more than {most:,} bytes.",
                'Set batch_too_large = "shrink" for its route, or send it in real time.',
            )
        image = shrunk(image, most - data_url_line_bytes(question, model, 0))
    return input_line(question.request_key, model, image, question.task, question.options)


def shrunk(image: ImageBytes, most_characters: int) -> ImageBytes:
    """The image as a JPEG whose base64 has at most so many characters: coarser first, then smaller.

    Positions in answers are thousandths of the picture's sides in this dialect, so they stay true.

    Raises:
        RejectedInput: it cannot be read, or not be made small enough.
    """
    most_bytes = most_characters // 4 * 3
    try:
        with PillowImage.open(io.BytesIO(image.data)) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, PillowImage.DecompressionBombError) as error:
        raise RejectedInput(f"The page image cannot be read ({error}).", "Render the page again.") from error
    while min(picture.size) >= _LEAST_SIDE_PX:
        for quality in _QUALITIES:
            written = io.BytesIO()
            picture.save(written, "JPEG", quality=quality)
            if written.tell() <= most_bytes:
                return ImageBytes(written.getvalue(), "image/jpeg")
        width, height = (round(side * _SHRINK) for side in picture.size)
        picture = picture.resize((width, height), PillowImage.Resampling.LANCZOS)
    raise RejectedInput("The page image cannot be made small enough for a line.", "Send it in real time.")


def _by_address(question: Question, model: str, rules: Rules) -> bytes:
    address = f"{(rules.pages_url or '').rstrip('/')}/{question.page.uri}"
    return input_line(question.request_key, model, address, question.task, question.options)
