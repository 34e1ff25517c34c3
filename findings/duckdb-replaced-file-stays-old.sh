#!/usr/bin/env bash
# DuckDB: a database file that is replaced (renamed over) while somebody in the same process reads it.
#
# One would expect: a connection that is opened after the replacement reads the new file, as another process does, and
# a second name of the file, like a symbolic link, is a database of its own.
# Seen: as long as one connection is open, every later duckdb.connect() of that path in the process joins it and reads
# the old file, which has no name any more; through a symbolic link to it too, since links are followed first. A hard
# link is another path and gives the new content. A server that keeps connections open serves old data without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'duckdb==2.0.1'
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import os
import subprocess
import sys

import duckdb

print("DuckDB", duckdb.__version__)
for name, state in (("published.duckdb", "old"), ("next.duckdb", "new")):
    with duckdb.connect(name) as connection:
        connection.execute("CREATE TABLE state AS SELECT ? AS is", [state])


def state(path: str) -> str:
    with duckdb.connect(path, read_only=True) as connection:
        (found,) = connection.execute('SELECT "is" FROM state').fetchone()
    return found


READ = """import duckdb; print(duckdb.connect('published.duckdb', read_only=True).execute('SELECT "is" FROM state').fetchone()[0])"""
reader = duckdb.connect("published.duckdb", read_only=True)
os.replace("next.duckdb", "published.duckdb")
os.symlink("published.duckdb", "symbolic.duckdb")
os.link("published.duckdb", "hard.duckdb")
other = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=True).stdout.strip()
seen = {"the same path": state("published.duckdb"), "a symbolic link": state("symbolic.duckdb")}
seen |= {"a hard link": state("hard.duckdb"), "another process": other}
reader.close()
seen["the same path, once nobody reads"] = state("published.duckdb")
for where, what in seen.items():
    print(f"{where:33} {what}")
assert list(seen.values()) == ["old", "old", "new", "new", "new"], "this version says something else"
PYTHON
