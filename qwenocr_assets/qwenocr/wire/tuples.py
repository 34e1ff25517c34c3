"""Places that a model wrote into plain text: tuples of numbers before, behind or instead of the lines they belong to.

`合计 (498, 123, 20, 300, 90)`, `<ref>合计</ref><box>(10,20),(300,40)</box>`, `498,123,20,300,90`: as programs report
of `qwen-vl-ocr`, several on a line and between odd separators. Pages have numbers in brackets too, so an answer is
taken for one of these only where most of its lines have such a tuple, and the numbers can be places.
"""

import re
from collections.abc import Sequence

from qwenocr_assets.qwenocr.wire.box_lists import Item
from qwenocr_assets.qwenocr.wire.rectangles import Rectangle, rectangle

_NUMBER = r"-?\d{1,5}(?:\.\d{1,6})?"
_GAP = r" ?[,，;；、 ] ?"
_POINT = rf"[(\[（]\s*{_NUMBER}{_GAP}{_NUMBER}\s*[)\]）]"
_TUPLE = re.compile(
    rf"[(\[（【<]?{_POINT}(?:\s*[,，;；、]?\s*{_POINT}){{3}}[)\]）】>]?"
    rf"|[(\[（【<]?{_POINT}\s*[,，;；、]?\s*{_POINT}[)\]）】>]?"
    rf"|[(\[（【<]\s*{_NUMBER}(?:{_GAP}{_NUMBER}){{7}}\s*[)\]）】>]"
    rf"|[(\[（【<]\s*{_NUMBER}(?:{_GAP}{_NUMBER}){{3,4}}\s*[)\]）】>]"
    rf"|(?:<\s*{_NUMBER}\s*>){{8}}|(?:<\s*{_NUMBER}\s*>){{4,5}}"
)
_COMMA = r" ?[,，;；] ?"
_BARE = re.compile(
    rf"(?:{_NUMBER}{_COMMA}){{7}}{_NUMBER}(?=\s*(?:[,，;；]|\Z))"
    rf"|(?:{_NUMBER}{_COMMA}){{3,4}}{_NUMBER}(?=\s*(?:[,，;；]|\Z))"
)
"""Without brackets: only where a line begins with it."""
_BARE_BEHIND = re.compile(
    rf"[,，;；:：\s]\s*((?:{_NUMBER}{_COMMA}){{7}}{_NUMBER}|(?:{_NUMBER}{_COMMA}){{3,4}}{_NUMBER})\s*\Z"
)
_MARKS = re.compile(
    r"</?\|?/?(?:box|quad|ref|object_ref|bbox|rect|poly|point)(?:_start|_end)?\|?>", re.IGNORECASE
)
_TORN = re.compile(rf"[(\[（【<]\s*{_NUMBER}(?:{_GAP}{_NUMBER}){{0,7}}[,，;；、\s]*\Z")
_JSON = re.compile(r"\s*(?:```[a-z]{0,12}\s*)?(?:\[\s*)?\{", re.IGNORECASE)
_FOUR = re.compile(r"\d[\d.]{0,9}[^\d.]{1,9}\d[\d.]{0,9}[^\d.]{1,9}\d[\d.]{0,9}[^\d.]{1,9}\d")
_EDGES = " \t\r,，;；、:：|-—"
_MATHS = ("=", "∈", "+", "<", ">", "∪", "∩", "×")

_MOST_LINES = 0.7
"""Share of the lines that have a tuple."""
_ALTERNATING = 0.4
"""The same where each tuple has a line of its own, below or above its text."""
_LEAST = 20.0
"""The largest number of a place is at least this: smaller ones are figures."""
_UNKNOWN_SIDE = 10_000
_STRAIGHT_DEGREES = 5
"""Lines of a page are straight, or all tilted alike; a fifth number that is neither is no angle."""


def tuples(text: str, size: tuple[int, int] | None) -> list[Item] | None:
    """The lines of an answer that is text with places; None for any other. `size` is that of the image, in pixels.

    A tuple that breaks off at the end is dropped, with the text of its line.
    """
    if "\\begin" in text or "<t" in text[:2000].casefold() or _JSON.match(text):
        return None
    written = (" ".join(_MARKS.sub(" ", raw).split()) for raw in text.splitlines())
    lines = [line for line in written if line and not line.startswith("```")]
    if lines and _TORN.search(lines[-1]) and not _TUPLE.fullmatch(lines[-1].strip(_EDGES)):
        cut = _TORN.search(lines[-1])
        assert cut is not None
        lines[-1] = lines[-1][: cut.start()].strip(_EDGES)
        lines = [*lines[:-1], lines[-1]] if _TUPLE.search(lines[-1]) else lines[:-1]
    if sum(_FOUR.search(line) is not None for line in lines) < _ALTERNATING * len(lines):
        return None  # nearly every text of a page: no need to look closer
    read = [_line(line) for line in lines]
    placed = [items for items in read if any(item.place for item in items)]
    places = [item.place for items in placed for item in items if item.place]
    if not placed or not _can_be_places(places, size):
        return None
    texts = [item.text for items in placed for item in items]
    if any(said.rstrip().endswith(_MATHS) for said in texts):
        return None
    is_remark = len(places) == 1 and _is_upright(places[0]) and (any(texts) or not _TUPLE.search(text))
    if is_remark and not _MARKS.search(text):
        return None  # four numbers once: a remark on the page as well as a place
    if len(placed) >= _MOST_LINES * len(lines):
        return [item for items in read for item in items]
    alone = not any(texts)
    if alone and len(placed) > 1 and len(placed) >= _ALTERNATING * len(lines):
        return _alternating(read)
    return None


def _line(line: str) -> list[Item]:
    """The lines on one line: text and place alternate, in either order."""
    found = list(_TUPLE.finditer(line))
    if not found:
        return [_bare(line)]
    texts = [
        line[start:stop].strip(_EDGES)
        for start, stop in zip(
            [0, *(m.end() for m in found)], [*(m.start() for m in found), len(line)], strict=True
        )
    ]
    places = [_place(match[0]) for match in found]
    before, behind = texts[:-1], texts[1:]
    said = before if before[0] or not behind[-1] else behind
    rest = [] if said is behind or not behind[-1] else [Item(behind[-1], None)]
    return [*(Item(one, place, True) for one, place in zip(said, places, strict=True)), *rest]


def _place(written: str) -> Rectangle | None:
    """Four numbers are corners, if they can be."""
    return rectangle(written, is_centred=False) or rectangle(written)


def _is_upright(place: Rectangle) -> bool:
    """Whether it came as four numbers."""
    numbers = place.numbers
    return len(numbers) == 4 or (len(numbers) == 8 and numbers[0] == numbers[6] and numbers[1] == numbers[3])


def _bare(line: str) -> Item:
    if match := _BARE.match(line):
        return Item(line[match.end() :].strip(_EDGES), _place(match[0]), True)
    if match := _BARE_BEHIND.search(line):
        return Item(line[: match.start()].strip(_EDGES), _place(match[1]), True)
    return Item(line, None)


def _alternating(read: Sequence[Sequence[Item]]) -> list[Item]:
    """Texts and places on lines of their own, put together: the place belongs to what stands above, else below."""
    items = [item for line in read for item in line]
    above = bool(items) and items[0].place is None
    joined: list[Item] = []
    for item in items if above else reversed(items):
        if item.place is not None and joined and joined[-1].place is None:
            joined[-1] = Item(joined[-1].text, item.place, True)
        else:
            joined.append(item)
    return joined if above else joined[::-1]


def _can_be_places(places: Sequence[Rectangle], size: tuple[int, int] | None) -> bool:
    limit = 1.05 * max(1000, *size) if size else _UNKNOWN_SIDE
    if max((n for place in places for n in place.numbers), default=0) < _LEAST:
        return False
    angles = [place.numbers[4] % 90 for place in places if len(place.numbers) == 5]
    straight = sum(min(angle, 90 - angle) <= _STRAIGHT_DEGREES for angle in angles)
    if angles and straight < len(angles) / 2 and max(angles) - min(angles) > 2 * _STRAIGHT_DEGREES:
        return False
    return all(_can_be_place(place, limit) for place in places)


def _can_be_place(place: Rectangle, limit: float) -> bool:
    numbers = place.numbers
    if len(numbers) == 5:
        *sides, angle = numbers
        return all(0 <= n <= limit for n in sides) and min(sides[2:]) > 0 and abs(angle) <= 180
    if not all(-limit / 10 <= n <= limit for n in numbers):
        return False
    if len(numbers) == 8:
        xs, ys = numbers[0::2], numbers[1::2]
        area = abs(sum(xs[i] * ys[(i + 1) % 4] - xs[(i + 1) % 4] * ys[i] for i in range(4))) / 2
        return area > 0.1 * (max(xs) - min(xs)) * (max(ys) - min(ys)) > 0
    return numbers[2] > 0 and numbers[3] > 0
