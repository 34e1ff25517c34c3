#!/usr/bin/env bash
# DuckDB: the text of a number in a JSON answer.
#
# One would expect: `->>` gives a JSON number as the text that stands there, so that '1.10' keeps its nought and a long
# amount its cents, and a cast of that text to DECIMAL is exact.
# Seen: a number with a point goes through DOUBLE first, on every way to text (`->>`, `->`, dot, json_each, from_json to
# VARCHAR, read_json with a VARCHAR column): 1.10 is '1.1', 12345678901234567.89 is '12345678901234568.0' with `->>`
# and '1.2345678901234568e+16' with from_json, and casting that to DECIMAL gives another amount without a word. Only
# a conversion that names DECIMAL as the type (from_json, read_json) reads the digits themselves and is exact. Whole
# numbers of any length are kept. Amounts belong into JSON as strings, or are taken out with their DECIMAL type.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'duckdb==2.0.1'
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

import duckdb

print("DuckDB", duckdb.__version__)
AMOUNT = Decimal("12345678901234567.89")
ANSWER = f'{{"total": {AMOUNT}, "tax": 1.10, "number": 123456789012345678901234567890}}'
connection = duckdb.connect()


def value(expression: str) -> object:
    (found,) = connection.execute(f"SELECT {expression} FROM (SELECT $1::JSON AS answer)", [ANSWER]).fetchone()
    print(f"{expression:62} {found!r}")
    return found


assert value("answer ->> 'tax'") == "1.1"
assert value("answer ->> 'number'") == "123456789012345678901234567890"
assert value("answer ->> 'total'") == "12345678901234568.0"
assert value("from_json(answer, '{\"total\": \"VARCHAR\"}').total") == "1.2345678901234568e+16"
assert value("(answer ->> 'total')::DECIMAL(38, 2)") == Decimal("12345678901234568.00") != AMOUNT
assert value("from_json(answer, '{\"total\": \"DECIMAL(38,2)\"}').total") == AMOUNT

with open("answers.json", "w") as answers:
    answers.write(ANSWER)
for written, exact in (("VARCHAR", False), ("DECIMAL(38, 2)", True)):
    (read,) = connection.execute(
        f"SELECT total::DECIMAL(38, 2) FROM read_json('answers.json', columns = {{total: '{written}'}})"
    ).fetchone()
    print(f"read_json as {written:49} {read!r}")
    assert (read == AMOUNT) is exact
PYTHON
