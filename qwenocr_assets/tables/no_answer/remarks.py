"""What a model says beside what it read: that it left something out, could not read it, or describes the picture.

The rows are what they are; that the page says more than they do stands in such a remark alone, which is otherwise a
line, a cell or nothing at all. Pages say such things themselves (`[Intentionally omitted]`, `(continued)`), so remarks
count only where models put them: an omission in brackets, in a comment or behind an ellipsis that begins a line, a
caveat before or behind the answer, a description as its first words.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from qwenocr_assets.tables.no_answer.phrases import folded, pattern_of
from qwenocr_assets.tables.no_answer.refusals import quoted

_FILE = "remarks.toml"
LEFT_OUT: Final = "the model says that it left something out: {}"
CAVEAT: Final = "the model says that it could not read all of it: {}"
DESCRIBES: Final = "the model describes the page instead of reading it: {}"

_LONGEST = 200
"""Characters of the longest remark that something was left out."""
_LONGEST_CAVEAT = 400
_MARKED = re.compile(
    r"[(\[（【](?P<bracket>[^()\[\]（）【】\n<>]{3,200})[)\]）】]"
    r"|(?:^|(?<=[>|\[,]))[ \t]*(?P<ellipsis>(?:\.{3}|…)[ \t]*(?=[(\[（【]?[^\W\d_])[^\n<>|\"]{2,200})"
    r"|<!--(?P<comment>.{3,200}?)-->|(?<![:/])//(?P<slashes>[^\n]{3,200})",
    re.DOTALL | re.MULTILINE,
)
_WORDS = re.compile(r"[^\W\d_]{2}")
_ELLIPSIS = r"(?:\.{3}|…|⋮|⋯|&hellip;|&#8230;)"
_ROW_OF_ELLIPSES = re.compile(
    rf"<tr[^<>]*>(?:\s*<t[dh][^<>]*>\s*(?:<br\s*/?>\s*)?{_ELLIPSIS}?\s*</t[dh]>)+\s*</tr>"
    rf"|^[ \t]*\|(?:[ \t]*{_ELLIPSIS}?[ \t]*\|)+[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_ELLIPSIS_IN_JSON = re.compile(rf"[\[,]\s*\"?{_ELLIPSIS}\"?\s*(?=[\],}}])")
_LAST_LINE = re.compile(rf"\n[ \t]*[(\[（【]?{_ELLIPSIS}[)\]）】]?\s*\Z")
_STRUCTURED = ("{", "[", "<", "\\", "|")


class _Remarks(NamedTuple):
    omits: re.Pattern[str]
    goes_on: re.Pattern[str]
    caveats: re.Pattern[str]
    pictures: re.Pattern[str]
    describes: re.Pattern[str]


@cache
def _remarks() -> _Remarks:
    lists = tomllib.loads(files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))
    return _Remarks(*(pattern_of(lists[name]) for name in _Remarks._fields))


def left_out(body: str) -> str | None:
    """Why an answer, its fence removed, is not all: it says so itself, or has an ellipsis for rows and lines."""
    for found in _MARKED.finditer(body):
        said = next(filter(None, found.groups()))
        if said.isascii() and not _WORDS.search(said):
            continue
        head = folded(said)
        is_loose = found.lastgroup != "bracket" and _remarks().goes_on.search(head)
        if is_loose or (_remarks().omits.search(head) and "intentionally" not in head):
            return LEFT_OUT.format(quoted(said))
    if "..." in body or "…" in body or "⋮" in body or "⋯" in body or "&h" in body:
        is_json = body.lstrip().startswith(("{", "["))
        rows = (row[0] for row in _ROW_OF_ELLIPSES.finditer(body))
        if any(re.search(_ELLIPSIS, row) for row in rows) or (is_json and _ELLIPSIS_IN_JSON.search(body)):
            return LEFT_OUT.format("“…”")
        if not is_json and _LAST_LINE.search(body):
            return LEFT_OUT.format(quoted(body[-_LONGEST:].splitlines()[-1]))
    return None


def caveat(text: str) -> str | None:
    """Why an answer is doubtful by the model's own words before or behind it; None where it says nothing."""
    for said in _around(text.strip()):
        if said and len(said) <= _LONGEST_CAVEAT and not said.startswith(_STRUCTURED):
            head = folded(said)
            if _remarks().caveats.search(head) and _remarks().pictures.search(head):
                return CAVEAT.format(quoted(said))
    return None


def _around(text: str) -> Iterator[str]:
    """The first and the last paragraph, and what stands behind the last fence, bracket or table."""
    paragraphs = text.split("\n\n")
    if len(paragraphs) > 1:
        yield from (paragraphs[-1].strip(), paragraphs[0].strip())
    if text.startswith((*_STRUCTURED, "```")):
        yield text[max(text.rfind(end) + len(end) for end in ("```", "}", "</table>", "|\n")) :].strip()


def description(body: str) -> str | None:
    """Why an answer is words about the picture: its first words describe it."""
    head = folded(body[:_LONGEST]).lstrip("*#> ")
    return DESCRIBES.format(quoted(body)) if _remarks().describes.match(head) else None
