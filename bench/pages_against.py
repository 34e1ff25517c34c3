"""Documents into pages with this checkout and with another, turn by turn in one run.

`BENCH_AGAINST=/path/to/checkout make bench ONLY=pages` names the other: a `git worktree` of an older commit.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measuring import HERE, costs_with, goal
from bench.mixed_pages import mixed_files

_ROUNDS = 4
_MOST = 1.05
"""How much more CPU than the other checkout's a page may cost."""
_SCRIPT = "decode_files.py"


def goals_against(other: Path | None, files: Mapping[str, Sequence[bytes]], pages: int) -> list[str]:
    """CPU of decoding each kind of files, and `pages` pages of mixed kinds, as a share of what `other` takes.

    The least of some rounds each; without `other` only what the mixed pages cost here is said.
    """
    mixed = mixed_files()
    with tempfile.TemporaryDirectory() as folder:
        for kind, contents in {**files, **mixed}.items():
            (Path(folder) / kind).mkdir()
            for number, content in enumerate(contents):
                (Path(folder) / kind / f"{number:03d}").write_bytes(content)
        here = [costs_with(HERE, _SCRIPT, folder)]
        there = []
        for _ in range(_ROUNDS if other else 0):
            there.append(costs_with(other, _SCRIPT, folder))
            here.append(costs_with(HERE, _SCRIPT, folder))
    ours = {kind: min(costs[kind] for costs in here) for kind in here[0]}
    rate = pages / sum(ours[kind] for kind in mixed)
    print(f"{pages} pages of mixed kinds: {rate:.1f} pages per CPU-second")
    if other is None:
        print("  no other checkout to measure against: BENCH_AGAINST=/path/to/checkout names one")
        return []
    theirs = {kind: min(costs[kind] for costs in there) for kind in ours}
    for kind in ours:
        print(
            f"  {kind}: {ours[kind]:.3f} s CPU here, {theirs[kind]:.3f} s there: {ours[kind] / theirs[kind]:.2f} ×"
        )
    their_rate = pages / sum(theirs[kind] for kind in mixed)
    print(f"  the same with {other}: {their_rate:.1f} pages per CPU-second")
    lines = [goal(f"pages.{kind}_against", ours[kind] / theirs[kind], _MOST, "× the other") for kind in files]
    return [*lines, goal("pages.mixed_against", their_rate / rate, _MOST, "× the other")]
