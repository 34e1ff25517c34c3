#!/usr/bin/env bash
# json-repair: a value that a model wrote without quotes.
#
# One would expect: what cannot be a JSON number becomes a string with all its characters, as "1.234.567,89",
# "12-05-2024" and "1/2" do, so that nothing is lost by repairing.
# Seen: where the value begins like a number it ends at the first character that cannot go on, and the rest is gone
# without a trace: 1 234 becomes 1, 12:30 becomes 12, -5 kg becomes -5, 5% becomes 5, $12.50 becomes 12.5; digits
# outside ASCII and fractions become an empty string; 00123 becomes 123. Whoever repairs answers that hold amounts has
# to look at such values first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'json-repair==0.64.6'
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import json_repair

print("json-repair", version("json-repair"))
for written, seen in (
    ("1.234.567,89", "1.234.567,89"),
    ("12-05-2024", "12-05-2024"),
    ("1/2", "1/2"),
    ("1 234", 1),
    ("12:30", 12),
    ("-5 kg", -5),
    ("5%", 5),
    ("$12.50", 12.5),
    ("00123", 123),
    ("１２", ""),
    ("½", ""),
):
    value = json_repair.loads(f'{{"value": {written}}}')
    print(f"{written:14} {value}")
    assert value == {"value": seen}, "this version says something else"
PYTHON
