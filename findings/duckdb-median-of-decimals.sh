#!/usr/bin/env bash
# DuckDB: the median of amounts.
#
# One would expect: of an even number of DECIMAL values the median is the mean of the two in the middle, either exact
# (as avg() and the median of integers are, which are DOUBLE) or rounded half up, as a cast to DECIMAL is.
# Seen: median() and quantile_cont() of DECIMAL(p, s) stay DECIMAL(p, s) and what is behind the last digit is cut off
# towards zero: the median of 2.25 and 2.26 is 2.25, that of -2.25 and -2.26 is -2.25, that of 1 and 2 as
# DECIMAL(4, 0) is 1 while that of the integers is 1.5; mad() of 2.25 and 2.26 is 0.00. Cast to DOUBLE, or to a
# DECIMAL with more places, before the median is taken.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'duckdb==2.0.1'
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

import duckdb

print("DuckDB", duckdb.__version__)
for function, type_, values, seen in (
    ("median", "DECIMAL(10, 2)", "(2.25), (2.26)", Decimal("2.25")),
    ("median", "DECIMAL(10, 2)", "(-2.25), (-2.26)", Decimal("-2.25")),
    ("median", "DECIMAL(4, 0)", "(1), (2)", Decimal("1")),
    ("median", "INTEGER", "(1), (2)", 1.5),
    ("avg", "DECIMAL(10, 2)", "(2.25), (2.26)", 2.255),
    ("mad", "DECIMAL(10, 2)", "(2.25), (2.26)", Decimal("0.00")),
    ("median", "DECIMAL(10, 3)", "(2.25), (2.26)", Decimal("2.255")),
):
    found, kind = duckdb.execute(
        f"SELECT {function}(x::{type_}) AS m, typeof(m) FROM (VALUES {values}) AS t(x)"
    ).fetchone()
    print(f"{function:6} of {values:18} as {type_:14} {found!r} ({kind})")
    assert found == seen, "this version says something else"
PYTHON
