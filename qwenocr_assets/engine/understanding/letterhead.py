"""Who a document is from: the company among the top lines of its page, and the address under it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.understanding.dates import days_in
from qwenocr_assets.engine.understanding.labels import concepts, concepts_of, is_known, normalised
from qwenocr_assets.engine.understanding.segments import Segment, segments_of
from qwenocr_assets.engine.understanding.words import alternatives, holds, words

_MOST_LINES = 10
"""A company is among so many first lines of a page."""
_MOST_ADDRESS_LINES = 6
_LEGAL_FORM, _REGISTERED, _LARGE, _PER_LINE = 4.0, 3.0, 1.0, 0.5
"""Points of a line that may be the company: for its legal form, for a registration number in or under it, for large
print, and those that each line above takes away."""
_LARGE_PRINT = 1.25
_TO_ADDRESS = 6
"""An address begins within so many lines under the company."""
_NEAR = 1.6
"""Lines of an address are at most this many line heights apart."""

_IN_BRACKETS = re.compile(
    r"\s*[(\[]\s*(?=[^()\[\]]*\d{3})[A-Z]{0,4}[\d .-]{4,}\s?-?\s?[A-Z\d]{0,3}\s*[)\]]?\s*$"
)
_REGISTRATION = re.compile(r"[(\[]?\s*(?=[^a-z]*\d{4})[A-Z]{0,4}[\d .|-]{4,}\s?-?\s?[A-Z\d]{0,3}\s*[)\]]?")
_ADDRESS_LIKE = re.compile(r"^\d{4,7}\b|\d.*,|,.*\d")
_NET_ADDRESS = re.compile(r"@\w|www\.|https?:", re.IGNORECASE)
_ELSEWHERE = frozenset(
    {
        *(
            "phone",
            "fax",
            "email",
            "website",
            "tax number",
            "registration number",
            "customer number",
            "reference",
        ),
        *(
            "invoice number",
            "order number",
            "receipt number",
            "account number",
            "cashier",
            "bill to",
            "ship to",
        ),
        *("customer", "iban", "bic", "time"),
    }
)
"""What lines say that are no part of an address, beside dates."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Company, lines of its address and who it is addressed to, as printed; None and () where the page has none."""

    company: str | None = None
    address: tuple[str, ...] = ()
    addressee: str | None = None


def letterhead(page: ReadPage) -> Letterhead:
    """The company among the top lines of a page and its address, which goes on to what says something else."""
    segments = [segment for row in segments_of(page.upright_lines) for segment in row]
    addressee = next((name for segment in segments if (name := _addressed(segment.text))), None)
    usual = median(segment.box.height for segment in segments) if segments else 1.0
    at = _company(segments, usual)
    if at is None:
        return Letterhead(addressee=addressee)
    address = _address(segments[at], segments[at + 1 :])
    return Letterhead(_name(segments[at].text), tuple(address), addressee)


def company_is_open(page: ReadPage) -> bool:
    """Whether nothing but its place speaks for the company: no legal form, no registration number, no large print."""
    segments = [segment for row in segments_of(page.upright_lines) for segment in row]
    usual = median(segment.box.height for segment in segments) if segments else 1.0
    at = _company(segments, usual)
    return at is not None and _points(at, segments, usual) + _PER_LINE * at <= 0


def _company(segments: Sequence[Segment], usual: float) -> int | None:
    """Index of the company: among the lines above the first title, number or date, else by its legal form."""
    may_be = [index for index, segment in enumerate(segments) if _may_be_company(segment.text)]
    first = may_be[0] if may_be else 0
    end = next((i for i in range(first, len(segments)) if _ends_top(segments[i].text)), len(segments))
    top = [index for index in may_be if index < min(end, _MOST_LINES)]
    if not top:
        half = max((segment.box.bottom for segment in segments), default=0.0) / 2
        top = [i for i in may_be if segments[i].box.bottom < half and _has_legal_form(segments[i].text)]
    return max(top, key=lambda index: (_points(index, segments, usual), -index), default=None)


def _ends_top(text: str) -> bool:
    return _is_title(text) or _is_elsewhere(text)


def _addressed(text: str) -> str | None:
    """The name in "東雲建設株式会社 御中"; None for other text."""
    match = re.fullmatch(rf"(.{{2,}}?)\s*(?:{alternatives('addressed to')})", text.strip())
    return match[1] if match else None


def _has_legal_form(text: str) -> bool:
    return holds(normalised(text), "legal forms")


def _may_be_company(text: str) -> bool:
    name = _name(text)
    letters, signs = sum(c.isalpha() for c in name), len(name.replace(" ", ""))
    is_other = is_known(text) or bool(days_in(text)) or _ends_top(name) or _addressed(text) is not None
    return letters >= 2 and 2 * letters > signs and ":" not in text and not is_other


def _name(text: str) -> str:
    """A company's line without the registration number that some print behind the name."""
    return _IN_BRACKETS.sub("", text).strip(" -*") or text


def _points(index: int, segments: Sequence[Segment], usual: float) -> float:
    segment = segments[index]
    text = segment.text
    points = -_PER_LINE * index
    if _has_legal_form(text):
        points += _LEGAL_FORM
    below = next((s for s in segments[index + 1 :] if s.box.overlap_x(segment.box) > 0), None)
    if _IN_BRACKETS.search(text) or (below is not None and _is_registration(below.text)):
        points += _REGISTERED
    if segment.box.height >= _LARGE_PRINT * usual:
        points += _LARGE
    if _ADDRESS_LIKE.search(text):
        points -= _LEGAL_FORM
    return points


def _is_registration(text: str) -> bool:
    return _REGISTRATION.fullmatch(text.strip()) is not None


def _address(company: Segment, below: Sequence[Segment]) -> Iterator[str]:
    last = company.box
    started = 0
    column = [s for s in below if s.box.overlap_x(company.box) > 0 and s.box.top >= company.box.middle_y]
    for number, segment in enumerate(column):
        text, box = segment.text, segment.box
        near = box.top - last.bottom <= _NEAR * min(box.height, last.height)
        if started and (started == _MOST_ADDRESS_LINES or not near or not _may_go_on(text)):
            return
        if not started and (number == _TO_ADDRESS or _is_title(text)):
            return
        if started or (_may_go_on(text) and _begins_address(text)):
            yield text.strip()
            started += 1
            last = box


def _is_title(text: str) -> bool:
    return _bare(text) in _titles()


@cache
def _titles() -> frozenset[str]:
    return frozenset(_bare(title) for title in words("titles"))


def _bare(text: str) -> str:
    """The letters of a text: print without spaces between its words is a title too."""
    return "".join(c for c in normalised(text) if c.isalpha())


def _may_go_on(text: str) -> bool:
    return (
        any(c.isalpha() for c in text)
        and not _is_registration(text)
        and not (text.startswith("(") and text.endswith(")"))
        and not _is_title(text)
        and not days_in(text)
        and not _is_elsewhere(text)
    )


def _begins_address(text: str) -> bool:
    return any(c.isdigit() or c in ",、，،" for c in text) or holds(normalised(text), "streets")


def _is_elsewhere(text: str) -> bool:
    """Whether a line is a telephone number, a tax number, a web address …: no part of an address."""
    if _NET_ADDRESS.search(text):
        return True
    label, colon, value = text.strip(" (").partition(":")
    digits = sum(c.isdigit() for c in value)
    if colon and ((digits >= 6 and 2 * digits > len(value.strip())) or is_known(label)):
        return True
    listed = normalised(text.strip(" (")).split()
    for count in range(1, min(5, len(listed)) + 1):
        names = concepts_of(" ".join(listed[:count]))
        rest = listed[count : count + 1]
        if names & _ELSEWHERE or any(concepts()[name].kind == "date" for name in names):
            return not rest or rest[0][:1].isdigit() or rest[0] == "number" or bool(colon)
    return False
