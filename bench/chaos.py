"""The story of `tests/cli/chaos.py` at full size: 500 pages × 3 tasks, 20 signals, flipped bits, a second folder.

`QWENOCR_CHAOS=60,8,7` tells it with 60 pages, 8 signals and seed 7.
"""

import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.measuring import HERE
from tests.cli.chaos import CONCURRENCY, EVENTS, TASKS, Outcome, Story

PAGES, SIGNALS, SEED = map(int, os.environ.get("QWENOCR_CHAOS", "500,20,1").split(","))
_FLIP_EVERY = 4
"""After so many signals a bit of a journal is flipped."""


def main() -> None:
    """Tell the story, and what came of it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="qwenocr-chaos-") as folder:
        project = Path(folder) / "project"
        project.mkdir()
        for name in ("dbt_like_sql", "deploy", "workspace.yaml"):
            (project / name).symlink_to(HERE / name)
        told = Story(project, PAGES, _events(), SEED).tell()
    _print(told, time.monotonic() - began)


def _events() -> list[str]:
    """Each kind of signal as often as the others, in an order of chance; flips in between."""
    chance = random.Random(SEED)
    signals = [EVENTS[n % len(EVENTS)] for n in range(SIGNALS)]
    chance.shuffle(signals)
    events: list[str] = []
    for number, event in enumerate(signals, 1):
        events.append(event)
        if number % _FLIP_EVERY == 0:
            events.append("flip")
    return events


def _print(told: Outcome, seconds: float) -> None:
    happened = dict(Counter(loss.what for loss in told.losses))
    print(f"{PAGES} pages × {TASKS} tasks, seed {SEED}, {seconds:.0f} s: {happened}")
    print(f"{told.ended_before} runs ended before their signal")
    print(
        f"{told.calls:,} calls, {told.paid:,} paid, {told.paid_again} of them again; answers {dict(told.statuses)}"
    )
    for call in told.without_need[:5]:
        print(f"paid again without need: {call}")
    for what, code in told.bad_codes:
        print(f"exit code {code} of {what}")
    lost = PAGES * TASKS - told.asked + len(told.unanswered)
    _goal("lost", lost, 0)
    _goal("rows_twice", told.doubled_rows.total(), 0)
    _goal("paid_again_without_need", len(told.without_need), 0)
    _goal("paid_again_per_loss", told.paid_again / max(1, len(told.losses)), 2 * CONCURRENCY)
    _goal("uncounted_pico", told.uncounted_pico, 0)
    _goal("bad_exit_codes", len(told.bad_codes) + (told.last_code not in (0, 5)), 0)


def _goal(name: str, figure: float, limit: float) -> None:
    print(f"chaos.{name} {figure:g} <={limit:g} {'ok' if figure <= limit else 'short'}")


if __name__ == "__main__":
    main()
