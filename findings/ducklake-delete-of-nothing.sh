#!/usr/bin/env bash
# DuckLake: two transactions that each put a batch in place of what is there.
#
# One would expect: DELETE WHERE batch = 'k' and INSERT in one transaction is safe to run twice at once, because the
# second commit is a conflict; so a batch is never there twice.
# Seen: that holds only where the DELETE finds rows. When the batch is loaded for the first time both commits go
# through and every row is there twice: inserts do not conflict, and a delete of nothing leaves no trace. DuckLake has
# no unique constraints either. Whoever loads from several processes needs a lock of his own per batch.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'duckdb==1.5.5' 'duckdb-extension-ducklake==1.5.5'
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import files

import duckdb

(extension,) = (f.locate() for f in files("duckdb-extension-ducklake") or [] if f.name == "ducklake.duckdb_extension")
connection = duckdb.connect()
connection.execute(f"LOAD '{extension}'")
connection.execute("ATTACH 'ducklake:lake.ducklake' AS lake (DATA_PATH 'rows')")
connection.execute("CREATE TABLE lake.lines (batch VARCHAR, number INTEGER)")
(version,) = connection.execute(
    "SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'ducklake'"
).fetchone()
print("DuckDB", duckdb.__version__, "DuckLake", version)


def load_at_once() -> tuple[bool, int]:
    """Two loads of one batch of ten rows, side by side: whether both were committed, and the rows there are then."""
    first, second = connection.cursor(), connection.cursor()
    for load in (first, second):
        load.execute("BEGIN")
        load.execute("DELETE FROM lake.lines WHERE batch = 'k'")
        load.execute("INSERT INTO lake.lines SELECT 'k', i FROM range(10) AS t(i)")
    first.execute("COMMIT")
    try:
        second.execute("COMMIT")
        both = True
    except duckdb.Error as error:
        print("  the second:", " ".join(str(error).split())[:120])
        both = False
    (rows,) = connection.execute("SELECT count(*) FROM lake.lines WHERE batch = 'k'").fetchone()
    return both, rows


both, rows = load_at_once()
print("a batch that is new: both committed", both, "rows", rows)
assert both and rows == 20, "the second load of a new batch is a conflict now"
both, rows = load_at_once()
print("a batch that is there: both committed", both, "rows", rows)
assert not both and rows == 10, "the second load of a batch that is there is no conflict any more"
PYTHON
