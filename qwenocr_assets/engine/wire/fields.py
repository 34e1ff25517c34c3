"""Fields of a JSON request body, checked, with the service's words where they are wrong."""

from typing import Any

import orjson

from qwenocr_assets.engine.wire.errors import invalid_parameter
from qwenocr_assets.engine.wire.images import page_image
from qwenocr_assets.engine.wire.values import JsonObject, PageImage, max_output_tokens, most_image_bytes
from qwenocr_assets.own_text import OwnLine, own_lines
from qwenocr_assets.qwenocr.tokens import MAX_PIXELS, MIN_PIXELS


def json_object(body: bytes) -> JsonObject:
    """The body. Raises WireError unless it is a JSON object."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid_parameter(
            f"Required body invalid, please check the request body format. {error}"
        ) from error
    if not isinstance(value, dict):
        raise invalid_parameter("Required body invalid, please check the request body format.")
    return value


def child(parent: JsonObject, key: str) -> JsonObject:
    """The object under `key`, empty where there is none. Raises WireError if it is something else."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_parameter(f"Input should be a valid dictionary: {key}")
    return value


def model(body: JsonObject) -> str:
    """The model's name; every name is served by the one embedded engine."""
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise invalid_parameter("Field required: model")
    return name


def last_user_content(messages: Any) -> list[JsonObject]:
    """The content parts of the last user message: the service answers one turn and ignores the rest."""
    if not isinstance(messages, list) or not messages:
        raise invalid_parameter("[] is too short - 'messages'")
    if not all(isinstance(message, dict) for message in messages):
        raise invalid_parameter("Input should be a valid dictionary: messages")
    contents = [message.get("content") for message in messages if message.get("role") == "user"]
    if not contents:
        raise invalid_parameter("The input messages do not contain elements with the role of user.")
    content = contents[-1]
    if isinstance(content, str):
        return [{"text": content}]
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise invalid_parameter("The item of content should be a message of a certain modal.")
    return content


def text(part: JsonObject) -> str:
    """The text of a content part."""
    value = part.get("text")
    if not isinstance(value, str):
        raise invalid_parameter("The item of content should be a message of a certain modal.")
    return value


def only_image(images: list[tuple[Any, JsonObject]], model: str) -> PageImage:
    """The request's one image, from (URL, the content part with its pixel limits) pairs; by address as large as a model
    takes it."""
    if not images:
        raise invalid_parameter("The input messages do not contain an image.")
    if len(images) > 1:
        raise invalid_parameter("The embedded engine reads one image a request: send one page at a time.")
    url, part = images[0]
    if not isinstance(url, str):
        raise invalid_parameter("The provided URL does not appear to be valid. It should be a string.")
    min_pixels = whole_number(part, "min_pixels") or MIN_PIXELS
    max_pixels = whole_number(part, "max_pixels") or MAX_PIXELS
    if min_pixels > max_pixels:
        raise invalid_parameter(f"min_pixels {min_pixels} should not be above max_pixels {max_pixels}.")
    return page_image(url, min_pixels=min_pixels, max_pixels=max_pixels, most_fetched=most_image_bytes(model))


def own_text(part: JsonObject) -> tuple[OwnLine, ...]:
    """The lines that came with an image, which the service does not take; none where there are none."""
    value = part.get("own_text")
    if value is None:
        return ()
    try:
        return own_lines(value)
    except ValueError as error:
        raise invalid_parameter(f"own_text is not to be read: {error}.") from error


def max_tokens(parameters: JsonObject, model: str, key: str = "max_tokens") -> int:
    """The output limit, by default the model's."""
    most = max_output_tokens(model)
    value = whole_number(parameters, key) or most
    if value > most:
        raise invalid_parameter(f"Range of {key} should be [1, {most}]")
    return value


def flag(parent: JsonObject, key: str) -> bool:
    """A boolean, False where there is none."""
    value = parent.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid_parameter(f"Input should be a valid boolean: {key}")
    return value


def whole_number(parent: JsonObject, key: str) -> int | None:
    """A whole number from 1 on, None where there is none."""
    value = parent.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise invalid_parameter(f"Input should be a positive integer: {key}")
    return value
