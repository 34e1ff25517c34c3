#!/usr/bin/env bash
# DuckLake: putting small files together where a few rows of each were deleted.
#
# One would expect: ducklake_merge_adjacent_files puts all small files of a table together, and leaves out rows that
# were deleted; ducklake_rewrite_data_files writes every file that has deleted rows anew.
# Seen: files with deleted rows are merged with nothing, and without a threshold rewriting passes over them too, since
# it takes only files of which almost all rows are gone. So a table from whose batches a row was deleted each stays in
# as many files as it had loads, whatever upkeep runs. With delete_threshold => 0 and merging after that it is one file.
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
(version,) = connection.execute(
    "SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'ducklake'"
).fetchone()
print("DuckDB", duckdb.__version__, "DuckLake", version)


def lake(name: str, deleted: bool) -> str:
    """A table of ten loads of 1,000 rows, each a file of its own; a row of each may be deleted."""
    connection.execute(f"ATTACH 'ducklake:{name}.ducklake' AS {name} (DATA_PATH '{name}_rows', DATA_INLINING_ROW_LIMIT 0)")
    connection.execute(f"CREATE TABLE {name}.lines (load INTEGER, number INTEGER)")
    for load in range(10):
        connection.execute(f"INSERT INTO {name}.lines SELECT {load}, i FROM range(1000) AS t(i)")
    if deleted:
        connection.execute(f"DELETE FROM {name}.lines WHERE number = 7")
    return name


def files_of(name: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM ducklake_list_files('{name}', 'lines')").fetchone()
    return count


def after(name: str, *calls: str) -> int:
    for call in calls:
        connection.execute(f"CALL {call.format(name)}")
    return files_of(name)


MERGE = "ducklake_merge_adjacent_files('{}')"
whole = after(lake("whole", False), MERGE)
merged = after(lake("merged", True), MERGE)
rewritten = after(lake("rewritten", True), "ducklake_rewrite_data_files('{}')", MERGE)
forced = after(lake("forced", True), "ducklake_rewrite_data_files('{}', delete_threshold => 0)", MERGE)
print("ten files, none deleted, merged:", whole)
print("ten files, a row of each deleted, merged:", merged)
print("the same, rewritten without a threshold, merged:", rewritten)
print("the same, rewritten with delete_threshold => 0, merged:", forced)
assert (whole, merged, rewritten, forced) == (1, 10, 10, 1), "upkeep of files with deleted rows has changed"
PYTHON
