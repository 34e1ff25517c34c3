"""Checks before anything is sent: what the service would refuse, refused for nothing and with the alternative named.

Bounds: product guide, sections Supported models, Image limits and Built-in tasks; generation parameters: the
service's API reference. All functions are pure.
"""

from collections.abc import Callable, Iterator
from math import inf
from typing import Any
from unicodedata import category

from qwenocr_assets.errors import ConfigurationError, RejectedInput
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model, load_catalogue
from qwenocr_assets.qwenocr.regions import LOCAL, Protocol
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.tokens import image_tokens

MAX_SCHEMA_LEVELS = 3
LEAST_SIDE_PX = 11
LARGEST_ASPECT = 200
_PROMPT_ROOM_TOKENS = 500
"""Left for the prompt where a smaller `max_pixels` is suggested."""

_RANGES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "max_tokens": ("at least 1", lambda v: v >= 1),
    "temperature": ("at least 0 and below 2", lambda v: 0 <= v < 2),
    "top_p": ("above 0 and at most 1", lambda v: 0 < v <= 1),
    "repetition_penalty": ("above 0", lambda v: 0 < v < inf),
    "presence_penalty": ("between -2 and 2", lambda v: -2 <= v <= 2),
    "seed": ("between 0 and 2147483647", lambda v: 0 <= v < 2**31),
    "top_logprobs": ("between 0 and 5", lambda v: 0 <= v <= 5),
}


def check_request(
    model: Model,
    task: Task,
    options: RequestOptions,
    *,
    protocol: str = Protocol.NATIVE,
    catalogue: Catalogue | None = None,
) -> None:
    """Raise `ConfigurationError` for a task or options that `model` cannot take, over `protocol`.

    `catalogue` is where alternatives are looked for; by default the one that ships.
    """
    models = [m for m in (catalogue or load_catalogue()).models_in(model.region) if not m.is_going]
    offered = sorted(models, key=lambda m: (not m.pinned, m.usual_page_usd))  # the best alternative first
    _check_task(model, task, offered)
    _check_max_tokens(model, options.max_tokens, offered)
    _check_pixels(model, options)
    for name, (bounds, holds) in _RANGES.items():
        value = getattr(options, name)
        if value is not None and not holds(value):
            raise ConfigurationError(f"{name} is {value}.", f"It has to be {bounds}.")
    if options.result_schema is not None and (problem := schema_problem(options.result_schema)):
        raise ConfigurationError(
            f"The schema {problem}.", "Correct it, or leave it out to extract every pair."
        )
    if options.own_text is not None and (model.region != LOCAL or protocol != Protocol.NATIVE):
        raise ConfigurationError(
            f"A page's own text goes along with its image, and that region {model.region} does not take.",
            "Leave it out, or ask region local in the native dialect.",
        )
    if options.enable_rotate and protocol != Protocol.NATIVE:
        raise ConfigurationError(
            "enable_rotate exists in the native dialect alone.",
            'Set protocol = "native", or leave enable_rotate out.',
        )


def check_image(width: int, height: int, model: Model, options: RequestOptions) -> None:
    """Check an image of `width` × `height` pixels.

    Raises:
        RejectedInput: the image itself cannot be read, whatever the options: too narrow or too long.
        ConfigurationError: with these options it makes more tokens than the model takes; says which `max_pixels` fits.
    """
    if min(width, height) < LEAST_SIDE_PX:
        raise RejectedInput(
            f"The image is {width} × {height} pixels; the service needs more than {LEAST_SIDE_PX - 1} on each side.",
            "Scan or export it larger.",
        )
    if max(width, height) > LARGEST_ASPECT * min(width, height):
        raise RejectedInput(
            f"The image is {width} × {height} pixels; the service takes at most {LARGEST_ASPECT}:1.",
            "Cut it into parts.",
        )
    tokens = image_tokens(
        width,
        height,
        token_pixels=model.token_pixels,
        min_pixels=options.min_pixels or model.min_pixels,
        max_pixels=options.max_pixels or model.max_pixels,
    )
    if tokens > model.max_image_tokens:
        fits = max(model.max_image_tokens - _PROMPT_ROOM_TOKENS, 1) * model.token_pixels
        raise ConfigurationError(
            f"The image of {width} × {height} pixels makes {tokens:,} tokens; {model.name} takes "
            f"{model.max_image_tokens:,} of an image.",
            f"Set max_pixels to at most {fits}.",
        )


def pdf_problem(model: Model, task: Task, pages: int, size_bytes: int | None = None) -> str | None:
    """Why a PDF cannot go whole to this model for this task; None when it can."""
    most = model.whole_pdf
    if most is None or Protocol.RESPONSES not in model.dialects:
        return f"{model.name} takes no whole PDFs"
    if pages > most.most_pages(task):
        return f"it has {pages:,} pages, and {model.name} takes {most.most_pages(task)} for {task.value}"
    if size_bytes is not None and size_bytes > most.max_bytes:
        return f"it has {size_bytes:,} bytes, and {model.name} takes {most.max_bytes:,}"
    return None


def check_pdf(model: Model, task: Task, pages: int) -> int:
    """The most bytes of a PDF of so many pages; raises `RejectedInput` where it cannot go whole."""
    if problem := pdf_problem(model, task, pages):
        raise RejectedInput(f"The PDF cannot go whole: {problem}.", "Send it page by page.")
    assert model.whole_pdf is not None
    return model.whole_pdf.max_bytes


def schema_problem(schema: Any) -> str | None:
    """What is wrong with a result schema; None when it can be sent.

    A schema is an object of at most three levels whose values are texts (empty, or a hint like YYYY-MM-DD), objects,
    or lists with one template of their elements.
    """
    if not isinstance(schema, dict):
        return f"is {_kind(schema)}, and has to be an object of keys to extract"
    if not schema:
        return "is empty; leave it out to extract every pair"
    if (levels := _levels(schema)) > MAX_SCHEMA_LEVELS:
        return f"nests {levels} levels deep; the service takes {MAX_SCHEMA_LEVELS}"
    return next(_wrong_values(schema, ""), None)


def _check_task(model: Model, task: Task, offered: list[Model]) -> None:
    if task in model.tasks:
        return
    able = [m.name for m in offered if task in m.tasks]
    raise ConfigurationError(
        f"Model {model.name} of region {model.region} has no task {task.value}.",
        f"Models there that have it: {', '.join(able)}."
        if able
        else f"No model of region {model.region} has it.",
    )


def _check_max_tokens(model: Model, max_tokens: int | None, offered: list[Model]) -> None:
    if max_tokens is None or max_tokens <= model.max_output_tokens:
        return
    able = [m.name for m in offered if m.max_output_tokens >= max_tokens and m.tasks >= model.tasks]
    raise ConfigurationError(
        f"max_tokens is {max_tokens}; {model.name} of region {model.region} gives at most {model.max_output_tokens}.",
        f"Lower it, or set model to {' or '.join(able)}." if able else "Lower it.",
    )


def _check_pixels(model: Model, options: RequestOptions) -> None:
    for name, given in (("min_pixels", options.min_pixels), ("max_pixels", options.max_pixels)):
        if given is not None and not model.min_pixels <= given <= model.max_pixels_limit:
            raise ConfigurationError(
                f"{name} is {given}; {model.name} takes {model.min_pixels} to {model.max_pixels_limit}.",
                "Set it within these, or leave it out.",
            )
    most = options.max_pixels or model.max_pixels
    if (options.min_pixels or model.min_pixels) > most:
        default = "" if options.max_pixels else ", the model's default"
        raise ConfigurationError(
            f"min_pixels ({options.min_pixels}) is above max_pixels ({most}{default}).",
            "Raise max_pixels or lower min_pixels.",
        )


def _levels(value: Any) -> int:
    """How deep objects nest; a list counts as what is in it."""
    if isinstance(value, dict):
        return 1 + max(map(_levels, value.values()), default=0)
    if isinstance(value, list):
        return max(map(_levels, value), default=0)
    return 0


def _wrong_values(value: Any, where: str) -> Iterator[str]:
    """What no template of an answer can be, each with its place."""
    if isinstance(value, dict):
        if where and not value:
            yield f"has no keys at {where}"
        for key, inner in value.items():
            if unprintable := [c for c in key if category(c) == "Cc" and c not in "\t\n"]:
                yield f"has the control character U+{ord(unprintable[0]):04X} in the key {key!r}"
            yield from _wrong_values(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        if len(value) == 1:
            yield from _wrong_values(value[0], f"{where}[]")
        else:
            yield f"has {len(value)} elements in the list {where}; a list holds one, the template of all"
    elif not isinstance(value, str):
        yield f"has {_kind(value)} at {where}; a value is a text: empty, or a hint like YYYY-MM-DD"


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", str: "a text"}
    return "null" if value is None else kinds.get(type(value), type(value).__name__)
