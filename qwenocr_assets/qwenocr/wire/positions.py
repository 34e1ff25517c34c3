"""Lines with positions that a model wrote into its text, as JSON or as tuples of numbers.

The OpenAI-compatible dialect gives positions in this way; models give them unasked too, for a page's text or its
values. Newer models write thousandths of the image's sides. Older ones wrote pixels of the image as they had scaled it,
which cannot be told back: where a number is over 1000, lines keep their rectangle as given and get no corners.
"""

from collections.abc import Sequence
from functools import lru_cache

from qwenocr_assets.qwenocr.answers import Word
from qwenocr_assets.qwenocr.wire.box_lists import Item, box_list
from qwenocr_assets.qwenocr.wire.rectangles import placed
from qwenocr_assets.qwenocr.wire.tuples import tuples


def words_of_text(text: str, image_size: tuple[int, int] | None) -> tuple[Word, ...]:
    """The lines in an answer's text that have positions, also fenced, also cut off.

    `image_size` is width and height in pixels of the image that was sent; without it, and where the unit is unknown,
    `quad` is None. Text that holds no such lines gives none.
    """
    items = _items(text, image_size) or ()
    places = placed([item.place for item in items], image_size, is_written=True)
    return tuple(
        Word(item.text, quad, given_rectangle(item), box_doubt=doubt if image_size else None)
        for item, (quad, doubt) in zip(items, places, strict=True)
        if item.text
    )


def holds_positions(text: str) -> bool:
    """Whether a text is positions, with the lines that stand there or without."""
    return _items(text, None) is not None


def holds_lines_alone(text: str) -> bool:
    """Whether a text is lines with places and nothing else."""
    return all(item.has_place for item in _items(text, None) or (Item("", None),))


def given_rectangle(item: Item) -> tuple[float, ...] | None:
    """The rotated rectangle as it came; None for other forms of a place."""
    place = item.place
    return place.numbers if place is not None and len(place.numbers) == 5 else None


@lru_cache(maxsize=4)  # an answer is looked at when it comes, when it is judged and when it becomes rows
def _items(text: str, image_size: tuple[int, int] | None) -> Sequence[Item] | None:
    return box_list(text) or tuples(text, image_size)
