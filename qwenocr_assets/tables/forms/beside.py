"""Rows that stand beside the tables of an answer, so that no table has them."""

import re
from typing import Any, Final

from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.forms.answered import is_html
from qwenocr_assets.tables.forms.piped import rows_left_over
from qwenocr_assets.tables.json.text import Pairs, read_json
from qwenocr_assets.tables.no_answer.refusals import quoted

_TABLES: Final = re.compile(r"<table(?![a-z0-9-]).*</table\s*>", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]{0,200}>")
_ROW: Final = re.compile(r"[^\W\d_].{0,100}\s[-+(]?[$€£¥]?\s?[0-9][0-9.,']{0,20}\)?\s?[%€]?\Z")
_FEWEST: Final = 2
"""Lines with a number at their end that are rows; one is a note or a total below."""
_BESIDE: Final = "rows stand beside the table: {}"


def rows_beside(text: str) -> str | None:
    """Why the tables of an answer may lack rows: what stands beside them looks like some."""
    body = unfenced(text)
    if body.lstrip().startswith(("{", "[")):
        said = _single_values(read_json(body).value)
        return _BESIDE.format(quoted(", ".join(said))) if said else None
    outside = _TAG.sub(" ", _TABLES.sub("\n\n", body)) if is_html(body) else body
    left = rows_left_over(outside) if "|" in outside else []
    lines = [line.strip() for line in outside.splitlines()] if is_html(body) else []
    alike = [line for line in lines if "|" not in line and _ROW.fullmatch(line)]
    found = left or (alike if len(alike) >= _FEWEST else [])
    return _BESIDE.format(quoted(" / ".join(line.strip() for line in found))) if found else None


def _single_values(value: Any) -> list[str]:
    """Numbers that stand beside a list of objects in one object: `{"total": "5.00", "items": [{…}]}`."""
    pairs = (
        list(value.items()) if isinstance(value, dict) else list(value) if isinstance(value, Pairs) else []
    )
    if not any(isinstance(one, list) and one and isinstance(one[0], dict | Pairs) for _, one in pairs):
        return []
    return [
        f"{key} {one}"
        for key, one in pairs
        if not isinstance(one, dict | list | Pairs | bool) and any(map(str.isdigit, str(one)))
    ]
