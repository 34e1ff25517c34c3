"""Scoring: how fast pages of text, forms and tables are compared with their truths.

Sizes are those of the samples: pages of 24 lines and 1,500 characters, forms of 6 rows, tables of 10 × 5 cells of
which every tenth was misread and every fifth table lost a row. One list of 200 rows is scored as it was before as well,
and the scores are compared.
"""

import os
import random
import time
from collections.abc import Callable
from string import ascii_lowercase
from typing import Any

from bench import scoring_before
from qwenocr_assets.geometry import Quad
from qwenocr_assets.scoring.fields import field_scores
from qwenocr_assets.scoring.lines import Line, line_scores
from qwenocr_assets.scoring.teds import table_scores
from qwenocr_assets.scoring.text import character_errors, word_errors
from qwenocr_assets.tables.grid import Cell

COUNT = int(os.environ.get("QWENOCR_BENCH_SCORED", "200"))
"""Pages, forms and tables; figures are for a thousand of each."""


def main() -> None:
    chance = random.Random(7)
    pages = [_page(chance) for _ in range(COUNT)]
    forms = [_form(chance) for _ in range(COUNT)]
    tables = [_table(chance, index) for index in range(COUNT)]
    for goal, measure, limit in (
        ("thousand_pages", lambda: [_score_page(*page) for page in pages], 30),
        ("thousand_forms", lambda: [field_scores(*form) for form in forms], 30),
        ("thousand_tables", lambda: [table_scores([a], [t]) for a, t in tables], 300),
    ):
        seconds = _seconds(measure) * 1000 / COUNT
        print(f"scoring.{goal} {seconds:.1f}s <={limit}s {'ok' if seconds <= limit else 'short'}")
    _long_list(chance)


def _long_list(chance: random.Random) -> None:
    """A list of 200 rows of four values, in another order, every tenth value misread."""
    truth = {"items": [_row(chance) for _ in range(200)]}
    rows = [{key: _misread(value, chance) for key, value in row.items()} for row in truth["items"]]
    answer = {"items": chance.sample(rows, len(rows))}
    assert field_scores(answer, truth) == scoring_before.field_scores(answer, truth)
    ours = min(_seconds(lambda: field_scores(answer, truth)) for _ in range(3))
    before = _seconds(lambda: scoring_before.field_scores(answer, truth))
    times = before / ours
    print(f"a list of 200 rows: {ours:.2f} s, before {before:.2f} s")
    print(f"scoring.long_list_faster {times:.1f}x >=10x {'ok' if times >= 10 else 'short'}")


def _row(chance: random.Random) -> dict[str, str]:
    return {
        "name": _word(chance),
        "quantity": str(chance.randint(1, 20)),
        "price": f"{chance.randint(1, 9999) / 100:.2f}",
        "day": f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
    }


def _seconds(measure: Callable[[], Any]) -> float:
    started = time.perf_counter()
    measure()
    return time.perf_counter() - started


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(ascii_lowercase, k=chance.randint(2, 9)))


def _misread(text: str, chance: random.Random) -> str:
    return text if chance.random() >= 0.1 else "x" + text[1:]


def _page(chance: random.Random) -> tuple[list[Line], list[Line]]:
    truth = [
        Line(" ".join(_word(chance) for _ in range(10)), Quad.of([50, 50 + 40 * i, 950, 80 + 40 * i]))
        for i in range(24)
    ]
    return [line._replace(text=_misread(line.text, chance)) for line in truth], truth


def _score_page(answer: list[Line], truth: list[Line]) -> None:
    texts = ("\n".join(line.text for line in lines) for lines in (answer, truth))
    said, wanted = texts
    character_errors(said, wanted)
    word_errors(said, wanted)
    line_scores(answer, truth)


def _form(chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    def rows() -> list[dict[str, str]]:
        return [{key: f"{chance.randint(1, 9999) / 100:.2f}" for key in "abcd"} for _ in range(6)]

    truth: dict[str, Any] = {**{f"field{i}": _word(chance) for i in range(8)}, "items": rows()}
    answer = {
        **{key: _misread(value, chance) for key, value in truth.items() if key != "items"},
        "items": [{k: _misread(v, chance) for k, v in row.items()} for row in truth["items"][:5]],
    }
    return answer, truth


def _table(chance: random.Random, index: int) -> tuple[list[Cell], list[Cell]]:
    truth = [Cell(r, c, 1, 1, r == 0, _word(chance)) for r in range(10) for c in range(5)]
    answer = [cell._replace(text=_misread(cell.text, chance)) for cell in truth]
    if index % 5 == 0:
        answer = [c._replace(row=c.row - (c.row > 4)) for c in answer if c.row != 4]
    return answer, truth


if __name__ == "__main__":
    main()
