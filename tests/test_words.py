"""Words that people read: a wording that was replaced does not come back, and four habits stay away.

Looked into are the README, the pages of docs/ (decisions are a diary), what the commands, reports and the page say,
and the descriptions of tables.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = (
    "README.md", "pipeline.toml", "docs/*.md", "dbt_like_sql/models/**/*.yml", "qwenocr_assets/cli/**/*.py",
    "qwenocr_assets/app/templates/*.j2", "qwenocr_assets/report/templates/*.j2", "qwenocr_assets/schemas.py",
    "qwenocr_assets/settings/*.py", "qwenocr_assets/review/intake.py", "qwenocr_assets/intake/inbox/status.py",
    "qwenocr_assets/quality/validation.py", "dbt_like_sql/models/marts/review_queue.sql",
)  # fmt: skip
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for place in PLACES
    for path in sorted(ROOT.glob(place))
    if path.name != "decisions.md"
}

REPLACED = {
    "ntake batch": "intake",
    "un the batch": "run the intake",
    "The way of the data": "How data flows",
    "where it lies": "stored in",
    "What is in it stands in": "describes what is in it",
    "only ever replaced whole": "always replaced atomically",
    "has lain still": "has not changed",
    "are no burden": "it copes with",
    "brings what they lead to": "downloads the documents they point to",
    "a budget holds": "spending is capped at",
    "did not end well": "failed or is incomplete",
    "and how far they are": "and their progress",
    "Take back what has ended": "Collect finished jobs",
    "Take corrections back": "Import corrections",
    "stays quick": "to keep the UI fast",
    "above all on poor": "especially on poor scans",
    "returning look-alikes": "guessing similar letters",
    "What was answered before": "Pages already answered",
    "on which words stand": "that contain these words",
    "Words that all stand": "Words that must all appear",
    "The warehouse's own affairs": "Maintain the warehouse",
    "What people should look at goes out": "Export values for review",
    "what truly stands": "the ground truth",
    "Who said what the file names": "Reviewer name for rows without one",
    "path of a page image is put behind": "URL prefix for page images",
    "here and elsewhere": "with this model and with others",
    "what needs a look first": "items needing review first",
    "and for no others": "(left out)",
    "stand nowhere": "are not found",
    "Names that hold": "Filter by name",
    "Something of these has no answer": "Pages or answers are missing",
    "Nothing speaks against": "Random audit: no problem known",
    "There is something for a person to look at": "Needs review",
    "Without a whole answer": "Incomplete answers",
    "known before,": "already imported",
    "not filled in": "left blank",
    "The verdict ok is none": '"ok" is not a valid verdict',
    "They are in the warehouse": "The warehouse is up to date",
    "which no value answers": "without a single value to correct",
    "It does not hold that": "Rule failed",
    "not still long enough": "waiting until unchanged",
    "Nothing is known of": "The inbox sensor has not run yet",
    '"what", "found", "what to do"': "check, result, fix",
    "says something wins": "in order of precedence",
    "somebody is told": "an alert is sent",
    "Take it back": "Import corrections",
    "Getting about": "Keyboard",
    "most against each of them": "the main problem of each",
    "a typed column a key": "one typed column per key",
    "speaks against a table being all there": "signs that a table is incomplete",
    "How many-th": "Version number of the content",
    "times its breadth": "aspect ratio over",
    "against a bad day": "against failures",
    "name moves": "changes model over time",
    "the alias `qwen-vl-ocr` moves": "changes model over time",
}
"""What was said, and what is said now."""

HABITS = {
    "one row a X": r"\b[Oo]ne (row|line|finding|column|view|file) an? \w",
    "what came of": r"\b[Ww]hat (came|comes) of\b",
    "what becomes of": r"\b[Ww]hat becomes of\b",
    "stands nowhere": r"\bstands? nowhere\b",
}
"""Turns of speech that are right word by word and no English: per X, result, what happens to, is not found."""


@pytest.mark.parametrize("old", REPLACED)
def test_a_wording_that_was_replaced_does_not_come_back(old: str) -> None:
    assert [name for name, text in TEXTS.items() if old in text] == [], f"say: {REPLACED[old]}"


@pytest.mark.parametrize(
    "habit",
    [
        pytest.param(r"\b[Bb]atch(es)?\b", id="what-is-read-together-is-an-intake"),
        pytest.param(r"\b(stands?|lies) (in|on|there|beside|behind|above|below)\b", id="is-not-stands"),
    ],
)
@pytest.mark.parametrize(
    "page", ["README.md", *(f"docs/{n}.md" for n in ("operating", "report", "review", "commands"))]
)
def test_prose_that_people_read_first_has_none_of_it(page: str, habit: str) -> None:
    """A batch is one of the Batch API there; names of settings, commands and columns stay as they are."""
    prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", TEXTS[page], flags=re.DOTALL)
    lines = [line for line in prose.split("\n") if "Batch API" not in line and " half " not in line]
    assert [m.group() for m in re.finditer(rf".{{0,30}}{habit}.{{0,20}}", "\n".join(lines))] == []


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_stays_away(habit: str) -> None:
    found = [f"{name}: {m.group()}" for name, text in TEXTS.items() for m in re.finditer(HABITS[habit], text)]
    assert found == []
