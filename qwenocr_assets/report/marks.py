"""Rows with a place on a page, as marks: what they say, where they stand, and how much they need a look."""

from collections.abc import Sequence

from qwenocr_assets.report.findings import Evidence, Place
from qwenocr_assets.report.languages import language_of
from qwenocr_assets.report.views import Finding, Kind, Level, Mark, Points
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.line_boxes import box_of

DOUBTFUL_BELOW = 0.5
"""Trust under which a person should look (docs/trust.md)."""
_UNSURE_BELOW = 0.8
_LEVEL_OF_GROUND: dict[str | None, Level] = {
    "line": "good",
    "within_line": "good",
    "across_lines": "good",
    "other_page": "unsure",
    "fuzzy": "unsure",
    "not_found": "bad",
}


class Marker:
    """Makes the marks of one document; `against` are its findings by place."""

    def __init__(self, evidence: Evidence, findings: Sequence[Finding], language: str | None) -> None:
        self._trust = evidence.trust
        self._language = language
        self._against: dict[Place, list[Finding]] = {}
        for finding in findings:
            if (place := place_of(finding)) is not None:
                self._against.setdefault(place, []).append(finding)

    def mark(self, row: Row, kind: Kind, anchor: str, place: str, text: str) -> Mark:
        """The mark of a row of `text_lines`, `key_values`, `tables` or `table_cells`."""
        key = (row["page_id"], row["task"], place)
        findings = self._against.get(key, [])
        said, trust = self._trust.get(key, (None, None))
        known = trust if said == text else None  # the warehouse may hold another reading of the page
        score = known if known is not None else row.get("ground_score")
        return Mark(
            anchor=anchor,
            kind=kind,
            place=place,
            text=text,
            level=_level(known, row.get("ground"), findings),
            score=score,
            ground=row.get("ground"),
            reasons=tuple(dict.fromkeys(f.reason for f in findings if f.reason)),
            box=corners_of(row),
            box_page_id=row.get("ground_page_id") or row["page_id"],
            language=language_of(text, self._language),
        )


def place_of(finding: Finding) -> Place | None:
    """The place a finding is about; None when it is about a page or document as a whole."""
    if finding.page_id is None or finding.task is None or finding.place is None:
        return None
    place = finding.place.partition(": ")[2] if finding.kind == "rule_broken" else finding.place
    return finding.page_id, finding.task, place


def corners_of(row: Row) -> Points | None:
    """The corners of a row's box, from its quad or else its upright box; None without either."""
    if quad := row.get("quad_px"):
        return tuple(quad)
    if (box := box_of(row)) is None:
        return None
    left, top, right, bottom = box
    return (left, top, right, top, right, bottom, left, bottom)


def _level(trust: float | None, ground: str | None, findings: Sequence[Finding]) -> Level:
    worst = min((finding.priority for finding in findings), default=9)
    if trust is not None:
        level: Level = "bad" if trust < DOUBTFUL_BELOW else "unsure" if trust < _UNSURE_BELOW else "good"
    else:
        level = _LEVEL_OF_GROUND.get(ground, "plain")
    if worst == 1:
        return "bad"
    return "unsure" if worst < 9 and level != "bad" else level
