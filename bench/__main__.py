"""`make bench ONLY=<part>`: run one part's measurements, or all of them.

`ONLY="rows --against /path/to/checkout"` measures another checkout's code beside ours, in the parts that can: pages,
rows.

Each part prints what it measured and ends with one line per goal: `<part>.<goal> <figure> <goal> ok|short`.
"""

import contextlib
import importlib
import os
import pkgutil
import signal
import sys

import psutil

import bench

PARTS = (
    "engine",
    "client",
    "money",
    "journal",
    "chaos",
    "pages",
    "rows",
    "warehouse",
    "lake",
    "buckets",
    "intake",
    "trust",
    "batch",
    "report",
    "app",
    "scoring",
    "load",
    "cluster",
)


def _end(*_: object) -> None:
    """Asked to end: what was started for a measurement ends with it."""
    raise SystemExit(128 + signal.SIGTERM)


def main() -> None:
    signal.signal(signal.SIGTERM, _end)
    try:
        _measure()
    finally:
        for left in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()


def _measure() -> None:
    written = [
        part for part in PARTS if part in {module.name for module in pkgutil.iter_modules(bench.__path__)}
    ]
    wanted = sys.argv[1:]
    if "--against" in wanted:
        at = wanted.index("--against")
        os.environ["BENCH_AGAINST"] = wanted[at + 1]
        wanted[at : at + 2] = []
    wanted = wanted or written
    for part in wanted:
        if part not in written:
            sys.exit(f"No measurement is written for {part!r}. Parts: {', '.join(written)}.")
        print(f"\n== {part}")
        importlib.import_module(f"bench.{part}").main()


main()
