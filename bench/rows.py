"""Answers into rows: lines, tables beside pandas, grounding; and how often a value is grounded rightly."""

import json
import time
from collections.abc import Callable
from io import StringIO
from random import Random
from typing import Any

import pandas as pd

from bench.known_pages import KnownPage, likeness, planted, recognised_pages, sample_pages, set_page
from bench.measuring import other_checkout
from bench.rows_against import goals_against
from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.flatten import AnsweredPage, flatten, ground, lines_of

SIZE = (2000, 3000)


def cpu_seconds(work: Callable[[], object], *, at_least: float = 0.6) -> float:
    """CPU time of one call, the best of five rounds."""
    calls, best = 1, float("inf")
    while True:
        begin = time.process_time()
        for _ in range(calls):
            work()
        spent = time.process_time() - begin
        if spent > at_least / 5:
            break
        calls *= 2
    for _ in range(5):
        begin = time.process_time()
        for _ in range(calls):
            work()
        best = min(best, (time.process_time() - begin) / calls)
    return best


def page_of(answers: dict[Task, Answer]) -> AnsweredPage:
    return AnsweredPage("batch", "document", "page", SIZE, {task: ("key", a) for task, a in answers.items()})


def lines(count: int) -> Answer:
    random = Random(count)
    words = []
    for index in range(count):
        text = " ".join(random.choice(WORDS) for _ in range(6)) + f" {random.randint(1, 99999)}"
        top, left = 20.0 + 30 * (index % 90), 40.0 + 400 * (index // 90)
        quad = Quad(left, top, left + 380, top + 1, left + 380, top + 21, left, top + 20)
        words.append(Word(text, quad, (left + 190, top + 10, 20, 380, 90)))
    return Answer("", words=tuple(words))


def vocabulary(size: int) -> list[str]:
    """Words of two to four syllables, so that a dense page repeats them about as often as prose does."""
    random = Random(size)
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    return ["".join(random.choices(syllables, k=random.randint(2, 4))) for _ in range(size)]


WORDS = vocabulary(600)


def table_html() -> str:
    """30 × 6: two header rows with spans, a spanning cell every fifth row, three columns of numbers."""
    random = Random(6)
    rows = [
        "<tr><td rowspan=2>Channel</td><td rowspan=2>Point</td><td rowspan=2>Method</td>"
        "<td colspan=2>Load</td><td rowspan=2>Limit</td></tr>",
        "<tr><td>(%)</td><td>(kN)</td></tr>",
    ]
    for row in range(28):
        method = (
            "<td rowspan=2>Live load</td>" if row % 5 == 0 else "" if row % 5 == 1 else "<td>Dead load</td>"
        )
        numbers = "".join(f"<td>{random.uniform(0, 2000):,.2f}</td>" for _ in range(3))
        rows.append(f"<tr><td>V{row:02}</td><td>P{row}</td>{method}{numbers}</tr>")
    return "<table>" + "\n".join(rows) + "</table>"


def dense_page(line_count: int) -> AnsweredPage:
    """A page as `dense_answers` describes it."""
    return page_of(dense_answers(line_count))


def dense_answers(line_count: int) -> dict[Task, Answer]:
    """A page of lines with 30 key values and 180 cells, four in five of them on the page."""
    random = Random(line_count)
    answer = lines(line_count)
    texts = [word.text for word in answer.words]

    def value() -> str:
        words = random.choice(texts).split()
        kind = random.randrange(5)
        if kind == 0:
            return f"{random.choice(WORDS)} {random.randint(1, 99999)}"  # most likely nowhere
        if kind == 1:
            return " ".join(words)
        begin = random.randrange(len(words))
        return " ".join(words[begin : begin + random.randint(1, 3)])

    cells = ["".join(f"<td>{value()}</td>" for _ in range(6)) for _ in range(30)]
    return {
        Task.ADVANCED_RECOGNITION: answer,
        Task.KEY_INFORMATION_EXTRACTION: Answer(json.dumps({f"key {n}": value() for n in range(30)})),
        Task.TABLE_PARSING: Answer("<table><tr>" + "</tr><tr>".join(cells) + "</tr></table>"),
    }


def right_boxes(pages: list[KnownPage]) -> tuple[float, float, int]:
    """Share of true values grounded to the right box, of planted ones not found, and how many true ones."""
    random = Random(7)
    right: list[bool] = []
    nowhere: list[bool] = []
    for page in pages:
        words = tuple(Word(line["text"], Quad(*line["quad_px"]), None) for line in page.lines)
        false = [planted(text, random) for _, text, _ in page.values if len(text) >= 4]
        false = [text for text in false if text.lower() not in page.text]
        values = [text for _, text, _ in page.values]
        named = {f"true {n}": text for n, text in enumerate(values)}
        named |= {f"false {n}": text for n, text in enumerate(false)}
        answers = {
            Task.ADVANCED_RECOGNITION: Answer("", words=words),
            Task.KEY_INFORMATION_EXTRACTION: Answer("", key_values=named),
        }
        (tables,) = flatten_document([page_of(answers)], on_page=lambda: None)
        rows = [row for row in tables["key_values"] if row["key"].startswith("true")]
        for row, (_, _, box) in zip(rows, page.values, strict=True):
            found = tuple(row.get(name) or 0.0 for name in ("left_px", "top_px", "right_px", "bottom_px"))
            right.append(likeness(found, box) >= 0.5)  # type: ignore[arg-type]
        rows = [row for row in tables["key_values"] if row["key"].startswith("false")]
        nowhere += [row["ground"] == "not_found" for row in rows]
    return sum(right) / len(right), sum(nowhere) / len(nowhere), len(right)


def say(goal: str, figure: str, wanted: str, is_met: bool) -> None:
    print(f"rows.{goal} {figure} {wanted} {'ok' if is_met else 'short'}")


def main() -> None:
    page = page_of({Task.ADVANCED_RECOGNITION: lines(43)})
    per_second = 1 / cpu_seconds(lambda: flatten(page))
    print(f"lines: {per_second:,.0f} pages of 43 lines a second and core")

    html = table_html()
    table = page_of({Task.TABLE_PARSING: Answer(html)})
    ours = cpu_seconds(lambda: flatten(table))
    theirs = cpu_seconds(lambda: pd.read_html(StringIO(html)))
    print(f"table 30 × 6 with spans: ours {ours * 1e3:.2f} ms, pandas.read_html {theirs * 1e3:.2f} ms")

    grounding: dict[int, float] = {}
    for count in (43, 150, 500):
        dense = dense_page(count)
        flat = flatten(dense)
        grounding[count] = 1 / cpu_seconds(lambda flat=flat: ground(flat, lines_of(flat)))  # type: ignore[misc]
        print(f"grounding 210 values among {count} lines: {grounding[count]:,.0f} pages a second and core")

    shares: dict[str, Any] = {}
    known = {
        "samples": list(sample_pages()),
        "recognised": list(recognised_pages()),
        "set": [set_page(seed) for seed in range(200)],
    }
    for name, pages in known.items():
        shares[name] = right_boxes(pages)
        right, nowhere, count = shares[name]
        print(
            f"grounding on {name}: {right:.2%} of {count} to the right box, {nowhere:.2%} of false ones nowhere"
        )

    against = goals_against(
        other_checkout(),
        {
            "lines": {Task.ADVANCED_RECOGNITION: lines(43)},
            "table": {Task.TABLE_PARSING: Answer(html)},
            **{f"grounding {n}": dense_answers(n) for n in (43, 150, 500)},
        },
    )

    say("lines_per_second", f"{per_second:,.0f}", ">=2,000", per_second >= 2000)
    say("table_share_of_pandas", f"{ours / theirs:.2f}", "<=0.25", ours <= 0.25 * theirs)
    slowest = min(grounding.values())
    say("grounded_pages_per_second", f"{slowest:,.0f}", ">=200", slowest >= 200)
    for name, (right, nowhere, _) in shares.items():
        say(f"right_box_{name}", f"{right:.2%}", ">=99%", right >= 0.99)
        say(f"false_not_found_{name}", f"{nowhere:.2%}", ">=99%", nowhere >= 0.99)
    for line in against:
        print(line)


if __name__ == "__main__":
    main()
