"""Views as HTML: one template for the index, one for a document, and one style sheet and script inside both.

Everything stands in the file, and a content security policy lets nothing else in: no network, no style or script but
these, pictures only from beside it.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from qwenocr_assets.errors import without_code
from qwenocr_assets.report.views import DocumentView

_TEMPLATES = Path(__file__).with_name("templates")
_GROUNDS = {
    "line": "a line of the page",
    "within_line": "part of a line",
    "across_lines": "across lines",
    "fuzzy": "nearly, in a line",
    "other_page": "on another page",
    "not_found": "nowhere on the page",
    "given": "as the answer places it",
}
_LEVELS = {"bad": "doubtful", "unsure": "look again", "good": "found", "plain": ""}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def document_html(
    document: DocumentView,
    pictures: Mapping[str, str],
    *,
    index: str,
    before: DocumentView | None,
    after: DocumentView | None,
) -> str:
    """The page of a document; `pictures` are page images by page_id, as seen from it."""
    return _template("document.html.j2").render(
        document=document,
        pictures=pictures,
        index=index,
        before=before,
        after=after,
        editable=False,
    )


def index_html(
    documents: Sequence[DocumentView],
    totals: Mapping[str, Any],
    *,
    title: str,
    folder: str,
    part: int,
    parts: Sequence[str],
) -> str:
    """One part of the list of documents; `parts` are the file names of all, this one has number `part`."""
    groups = [(state, [d for d in documents if d.state == state]) for state in ("failed", "doubtful", "fine")]
    return _template("index.html.j2").render(
        groups=[group for group in groups if group[1]],
        totals=totals,
        title=title,
        folder=folder,
        part=part,
        parts=parts,
    )


def style() -> str:
    """The style sheet of both."""
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


def behaviour() -> str:
    """The script of both."""
    return (_TEMPLATES / "report.js").read_text(encoding="utf-8")


def usd(amount: Decimal) -> str:
    """An amount as people read it: cents, or as many digits as a smaller one needs."""
    if amount == 0:
        return "$0"
    return f"${amount:.2f}" if amount >= 1 else f"${amount.quantize(Decimal('0.000001')).normalize():f}"


@cache
def _template(name: str) -> Template:
    return templates().get_template(name)


def templates(*folders: Path) -> Environment:
    """The report's templates, after those of other folders, which may build on them."""
    environment = Environment(
        loader=FileSystemLoader([*folders, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["usd"] = usd
    environment.filters["without_code"] = without_code
    environment.filters["words"] = lambda name: name.replace("_", " ")
    css, script = style(), behaviour()
    environment.globals.update(
        css=Markup(css),  # noqa: S704  our own files
        script=Markup(script),  # noqa: S704
        policy="; ".join(
            (
                "default-src 'none'",
                "img-src 'self' file:",
                f"style-src {_hash(css)}",
                f"script-src {_hash(script)}",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
        grounds=_GROUNDS,
        levels=_LEVELS,
    )
    return environment


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def _printable(value: Any) -> Any:
    """A value to be written out: control characters, which HTML has no way to write, as U+FFFD."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNPRINTABLE.sub("\ufffd", value)
    return value
