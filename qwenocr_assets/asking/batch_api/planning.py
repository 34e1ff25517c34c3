"""Which requests go into which file, and which go another way. Nothing is read but sizes, nothing is sent."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from qwenocr_assets.asking.batch_answers import Question
from qwenocr_assets.qwenocr.batch_api.limits import SHORTEST_WINDOW, FileLimits
from qwenocr_assets.qwenocr.batch_api.lines import input_line

Rest = Literal["resubmit", "real_time", "leave"]
TooLarge = Literal["real_time", "shrink", "url"]

MOST_TIMES = 3
"""So often a request is handed over by itself; then a person has to run its batch again."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a route says of its requests in batches."""

    rest: Rest = "resubmit"
    """What happens to requests that come back without an answer."""
    too_large: TooLarge = "real_time"
    """What happens to images that make a line too long."""
    window: str = SHORTEST_WINDOW
    """How long the service may take."""
    line_bytes: int = FileLimits().line_bytes
    """Longest line, at most what a file allows."""
    pages_url: str | None = None
    """Where the service can fetch the page images: the address of the data folder. For too_large = "url"."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Questions by the way they go."""

    batch: list[Question] = field(default_factory=list)
    at_once: list[Question] = field(default_factory=list)


def sort_questions(
    questions: Iterable[Question],
    rules: Callable[[Question], Rules],
    waiting: set[str],
    times_left: Mapping[str, int],
    line_bytes: Callable[[Question], int],
    limits: FileLimits = FileLimits(),  # noqa: B008  frozen
) -> Sorted:
    """Questions without a final answer: those that wait in a job are in neither list."""
    found = Sorted()
    for question in questions:
        key, says = question.request_key, rules(question)
        if key in waiting:
            continue
        came_back = times_left.get(key, 0) and says.rest == "real_time"
        is_too_large = says.too_large == "real_time" and line_bytes(question) > min(
            says.line_bytes, limits.line_bytes
        )
        (found.at_once if came_back or is_too_large else found.batch).append(question)
    return found


def data_url_line_bytes(question: Question, model: str, image_bytes: int) -> int:
    """Length of a question's line with its image inside it, by the size of the image's file."""
    empty = input_line(question.request_key, model, "", question.task, question.options)
    return len(empty) + len(f"data:{question.page.media_type};base64,") + 4 * ((image_bytes + 2) // 3)


Item = TypeVar("Item")


def split(items: Iterable[tuple[Item, int]], limits: FileLimits) -> Iterator[list[Item]]:
    """Items, each with the bytes of its line, in files as large as may be, in order."""
    file: list[Item] = []
    size = 0
    for item, line_bytes in items:
        if file and (len(file) >= limits.lines or size + line_bytes > limits.file_bytes):
            yield file
            file, size = [], 0
        file.append(item)
        size += line_bytes
    if file:
        yield file
