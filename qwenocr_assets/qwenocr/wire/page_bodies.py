"""The answer to a whole PDF as bodies of single pages, each as if its page alone had been asked about.

Each part of `ocr_result.layouts` names its page in `pageNum`, from 0 (two programs' reports of July 2026; nobody has
written down more). A part belongs to the page that it names, and to no page where it names none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qwenocr_assets.qwenocr.wire.ocr_results import POS_UNIT, UNKNOWN_UNIT
from qwenocr_assets.qwenocr.wire.rectangles import THOUSAND, rectangle

JsonObject = dict[str, Any]

_COUNTS = ("input_tokens", "output_tokens", "total_tokens", "image_tokens")
_ENDED_WHOLE = (None, "stop", "completed")


@dataclass(frozen=True, slots=True)
class PageBodies:
    """What came of each page."""

    bodies: Mapping[int, JsonObject]
    """By page, from 1: those that came whole, and blank ones of which there is nothing to say."""
    astray: str | None
    """What the answer has and no page does."""
    is_cut: bool
    """Whether it ended before its last page: the last page that it came to may lack something, and is not here."""

    @property
    def shares(self) -> int:
        """By how many pages the call's price and tokens are shared."""
        return len(self.bodies)


def page_bodies(body: Any, pages: int, blank: Collection[int] = ()) -> PageBodies:
    """Split the body of an answer to a PDF of so many pages; `blank` are those on which nothing stands.

    Tokens are shared evenly by the pages, those left over by the first of them. Corners above 1000 are pixels of a
    drawing that nobody has, and are marked so.
    """
    top = body if isinstance(body, dict) else {}
    parts = _layouts(top)
    numbers = {number for part in parts if (number := _number(part)) is not None}
    is_cut = _is_cut(top)
    first = _first_number(numbers, pages, blank)
    if parts and first is None:
        told = f"{min(numbers)} to {max(numbers)}" if numbers else "none"
        return PageBodies({}, f"which pages its parts are of cannot be told (page numbers: {told})", is_cut)
    by_page: dict[int, list[JsonObject]] = {}
    astray = 0
    for part in parts:
        number = _number(part)
        page = None if number is None else number - (first or 0) + 1
        if page is None or not 1 <= page <= pages:
            astray += 1
        else:
            by_page.setdefault(page, []).append(part)
    if is_cut and by_page:
        came_to = max(by_page)
        by_page = {page: found for page, found in by_page.items() if page < came_to}
        blank = {page for page in blank if page < came_to}
    elif is_cut:
        blank = ()
    kept = sorted({*by_page, *blank})
    is_drawn = any(_is_in_pixels(part) for part in parts)
    bodies = {
        page: _body(top, by_page.get(page, []), _usage(top.get("usage"), at, len(kept)), is_drawn)
        for at, page in enumerate(kept)
    }
    return PageBodies(bodies, f"{astray} of its parts name no page of the PDF" if astray else None, is_cut)


def share(amount: int, at: int, among: int) -> int:
    """The share of the one at a place, from 0, of an amount in whole numbers; all shares are the amount."""
    return amount // among + (at < amount % among)


def _layouts(top: JsonObject) -> list[JsonObject]:
    output = top.get("output")
    messages = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    contents = [message.get("content") for message in messages]
    items = [item for content in contents if isinstance(content, list) for item in content]
    results = [holder.get("ocr_result") for holder in (*items, *messages) if isinstance(holder, dict)]
    lists = [result.get("layouts") for result in results if isinstance(result, dict)]
    return [part for found in lists if isinstance(found, list) for part in found if isinstance(part, dict)]


def _number(part: JsonObject) -> int | None:
    number = part.get("pageNum")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _first_number(numbers: Collection[int], pages: int, blank: Collection[int]) -> int | None:
    """From which number pages are counted: 0, as reported, or else 1; None where neither can be told."""
    if not numbers or min(numbers) <= 0:
        return 0 if numbers else None
    if max(numbers) >= pages:
        return 1
    explained = [
        first
        for first in (0, 1)
        if all(page - 1 + first in numbers or page in blank for page in range(1, pages + 1))
    ]
    return explained[0] if len(explained) == 1 else None


def _is_cut(top: JsonObject) -> bool:
    return top.get("status") not in _ENDED_WHOLE


def _is_in_pixels(part: JsonObject) -> bool:
    place = rectangle(part.get("pos"), is_centred=False)
    return place is not None and any(number > THOUSAND for number in place.numbers)


def _body(top: JsonObject, parts: Sequence[JsonObject], usage: JsonObject, is_drawn: bool) -> JsonObject:
    own = [{**part, "pageNum": 0, **({POS_UNIT: UNKNOWN_UNIT} if is_drawn else {})} for part in parts]
    text = "\n\n".join(str(part.get("markdownContent") or part.get("text") or "") for part in parts)
    item = {"type": "output_text", "text": text, "ocr_result": {"layouts": own}}
    kept: JsonObject = {name: top[name] for name in ("id", "object", "model", "request_id") if name in top}
    message = {"type": "message", "role": "assistant", "content": [item]}
    return {**kept, "status": "completed", "output": [message], "usage": usage}


def _usage(usage: Any, at: int, among: int) -> JsonObject:
    """A page's share of the tokens; what is no number is left out."""
    if not isinstance(usage, dict):
        return {}
    details = usage.get("input_tokens_details")
    counts = {**(details if isinstance(details, dict) else {}), **usage}
    return {
        name: share(count, at, among)
        for name in _COUNTS
        if isinstance(count := counts.get(name), int) and not isinstance(count, bool)
    }
