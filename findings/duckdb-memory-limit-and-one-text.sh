#!/usr/bin/env bash
# DuckDB's memory_limit and a text that one function makes.
#
# One would expect: with memory_limit at 100 MB no query holds 300 MB; it ends with an OutOfMemoryException.
# Seen: what operators hold (a sort, a join, a group by) is counted and refused. A value that a function makes is not:
# repeat() gives a text of 300 MB, and the process grows by more than that, without an error. Who runs SQL of others
# needs a bound on the process as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'duckdb==2.0.1'
"$folder/venv/bin/python" - <<'PYTHON'
import resource

import duckdb


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # Linux counts in KiB


connection = duckdb.connect(config={"memory_limit": "100MB", "threads": 1})
(limit,) = connection.execute("select current_setting('memory_limit')").fetchone()
before = peak_mb()
print("DuckDB", duckdb.__version__, "memory_limit", limit, "peak at the start", before, "MB")
(length,) = connection.execute("select length(repeat('a', 300000000))").fetchone()
after = peak_mb()
print("a text of", length, "letters; peak", after, "MB")
assert length == 300_000_000
assert after - before > 300, "the text is counted now, or is no longer made"
try:
    connection.execute(
        "select count(*) from (select i, repeat('a', 1000) as s from range(300000) as t(i) order by s, i desc)"
    ).fetchone()
except duckdb.OutOfMemoryException as error:
    print("a sort of as much:", str(error).splitlines()[0])
else:
    raise SystemExit("the sort is not refused any more")
PYTHON
