"""Rows with a place on a page, as marks: what they say, where they stand, and how much they need a look."""

from collections.abc import Collection, Iterator, Sequence

from qwenocr_assets.geometry import Quad
from qwenocr_assets.report.findings import Evidence, Place
from qwenocr_assets.report.languages import language_of
from qwenocr_assets.report.views import AUDIT, Correction, Finding, Kind, Level, Mark
from qwenocr_assets.rows import GroundColumns, KeyValueRow, TableCellRow, TableRow, TextLineRow
from qwenocr_assets.tables.places.line_boxes import box_of

_BAD_BELOW, _GOOD_FROM = 0.5, 0.8
_LEVEL_OF_GROUND: dict[str | None, Level] = {
    "line": "good",
    "within_line": "good",
    "across_lines": "good",
    "other_page": "unsure",
    "fuzzy": "unsure",
    "not_found": "bad",
}


Marked = TextLineRow | KeyValueRow | TableRow | TableCellRow
"""Rows with a place on a page."""


class Marker:
    """Makes the marks of one document; `against` are its findings by place."""

    def __init__(self, evidence: Evidence, findings: Sequence[Finding], language: str | None) -> None:
        self._trust = evidence.trust
        self._corrections = evidence.corrections
        self._language = language
        self._against: dict[Place, list[Finding]] = {}
        for finding in findings:
            if (place := place_of(finding)) is not None:
                self._against.setdefault(place, []).append(finding)

    def mark(self, row: Marked, kind: Kind, anchor: str, place: str, text: str) -> Mark:
        """The mark of a row of `text_lines`, `key_values`, `tables` or `table_cells`."""
        key = (row["page_id"], row["task"], place)
        findings = self._against.get(key, [])
        correction = self._corrections.get(key)
        if correction is not None and (correction.model_value or "") != text:
            correction = None  # it was about what the model said before
        said, trust = self._trust.get(key, (None, None))
        known = trust if said == text else None  # the warehouse may hold another reading of the page
        ground: GroundColumns = row if "ground" in row else {}
        score = known if known is not None else ground.get("ground_score")
        if correction is not None:
            score = None  # it was the model's; a person knows
        return Mark(
            anchor=anchor,
            kind=kind,
            page_id=row["page_id"],
            task=row["task"],
            place=place,
            text=text,
            level="good" if correction else _level(known, ground.get("ground"), findings),
            score=score,
            ground=ground.get("ground"),
            to_look_at=bool(findings),
            reasons=tuple(dict.fromkeys(f.reason for f in findings if f.reason)),
            correction=correction,
            box=corners_of(row),
            box_page_id=ground.get("ground_page_id") or row["page_id"],
            language=language_of(text, self._language),
        )

    def added(self, page_id: str, task: str, known: Collection[str]) -> Iterator[tuple[str, Correction]]:
        """What people added to a page, by place: values that the answer has no row for."""
        for (said_of, of_task, place), correction in self._corrections.items():
            if (said_of, of_task) == (page_id, task) and place not in known and correction.human_value:
                yield place, correction


def place_of(finding: Finding) -> Place | None:
    """The place a finding is about; None when it is about a page or document as a whole."""
    if finding.page_id is None or finding.task is None or finding.place is None:
        return None
    if finding.kind == "rule_broken":  # its place is the rule
        return None
    return finding.page_id, finding.task, finding.place


def corners_of(row: Marked) -> Quad | None:
    """Where a row stands, by its quad or else its upright box; None without either."""
    numbers = ("quad_px" in row and row["quad_px"]) or box_of(row)
    return Quad.of(numbers) if numbers else None


def _level(trust: float | None, ground: str | None, findings: Sequence[Finding]) -> Level:
    """By what is in the review queue; where there is no trust, also by where the text was found."""
    against = [finding for finding in findings if finding.kind != AUDIT]
    by_ground = _LEVEL_OF_GROUND.get(ground, "plain")
    if any(finding.priority == 1 for finding in against):
        return "bad"
    if trust is None:
        return "unsure" if against and by_ground != "bad" else by_ground
    if against:
        return "bad" if trust < _BAD_BELOW else "unsure"
    return "good" if trust >= _GOOD_FROM else "plain"
