#!/usr/bin/env bash
# DuckDB and pandas: a column of Decimals in which one is NaN.
#
# One would expect: Decimal('NaN'), which decimal arithmetic and databases' drivers give for a missing amount, becomes
# NULL as None and pandas' own missing values do, or is refused; the other amounts stay DECIMAL.
# Seen: that one value makes the whole column FLOAT, of 32 bits: 1.10 becomes 1.100000023841858 and 12345678.90 becomes
# 12345679.0. So it is for lists that are given as parameters. Nothing is said, and a comparison with the amount that
# was put in is false. Put None in place of NaN before DuckDB sees the frame.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'duckdb==2.0.1' 'pandas==3.1.1'
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

import duckdb
import pandas

print("DuckDB", duckdb.__version__, "pandas", pandas.__version__)
AMOUNTS = [Decimal("1.10"), Decimal("12345678.90")]
connection = duckdb.connect()


def read(missing: object) -> tuple[str, list[object]]:
    frame = pandas.DataFrame({"amount": pandas.Series([*AMOUNTS, missing], dtype=object)})  # noqa: F841
    rows = connection.execute("SELECT typeof(amount), amount FROM frame").fetchall()
    print(f"with {missing!r:16} {rows[0][0]:14} {[value for _, value in rows]}")
    return rows[0][0], [value for _, value in rows[:2]]


for missing in (None, pandas.NA, float("nan")):
    kind, values = read(missing)
    assert values == AMOUNTS and kind == "DECIMAL(10,2)", "this version says something else"
kind, values = read(Decimal("NaN"))
assert kind == "FLOAT" and values == [1.100000023841858, 12345679.0], "this version says something else"

(listed,) = connection.execute("SELECT typeof($1)", [[*AMOUNTS, Decimal("NaN")]]).fetchone()
print("a list with NaN:", listed)
assert listed == "FLOAT[]", "this version says something else"
PYTHON
