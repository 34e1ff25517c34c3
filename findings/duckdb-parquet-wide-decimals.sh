#!/usr/bin/env bash
# DuckDB and PyArrow: decimals of more than 38 digits in a Parquet file.
#
# One would expect: DuckDB, whose DECIMAL ends at 38 digits, refuses a Parquet column that is declared wider, as it
# refuses the same PyArrow table in memory.
# Seen: the file is read without a word, as DOUBLE: whole columns lose what does not fit into 53 bits and amounts
# add up as binary fractions, and this also where every value would fit, since the declared width decides. PyArrow
# writes such columns by itself: a product of two decimal columns is as wide as both, and Python decimals of
# very different sizes in one column are. Narrow before writing (cast to decimal128(38, s)).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'duckdb==2.0.1' 'pyarrow==26.0.1'
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

import duckdb
import pyarrow
from pyarrow import parquet

print("DuckDB", duckdb.__version__, "PyArrow", pyarrow.__version__)
inferred = pyarrow.array([Decimal("0.0000000000000000001"), Decimal("12345678901234567890123.45")]).type
print("two Python decimals, as PyArrow takes them:", inferred)
assert pyarrow.types.is_decimal256(inferred)

amounts = pyarrow.table({"amount": pyarrow.array([Decimal("12345678901234567.89")] * 3, pyarrow.decimal256(39, 2))})
parquet.write_table(amounts, "amounts.parquet")
try:
    duckdb.sql("SELECT * FROM amounts").fetchall()
except duckdb.NotImplementedException as error:
    print("the table in memory:", str(error).splitlines()[0])
else:
    raise SystemExit("the table in memory is read now")
rows = duckdb.sql("SELECT typeof(amount), amount, amount::DECIMAL(38, 2) FROM 'amounts.parquet'").fetchall()
print("the file:", rows[0])
assert rows[0][0] == "DOUBLE" and rows[0][2] != Decimal("12345678901234567.89")

parquet.write_table(amounts.cast(pyarrow.schema([("amount", pyarrow.decimal128(38, 2))])), "narrow.parquet")
((narrow,),) = duckdb.sql("SELECT sum(amount) FROM 'narrow.parquet'").fetchall()
print("narrowed, the sum:", repr(narrow))
assert narrow == 3 * Decimal("12345678901234567.89")
PYTHON
