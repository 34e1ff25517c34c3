"""Loading into a DuckLake by one and by four processes, beside one loader of a file.

24 batches with rows in 8 tables, 5,000 rows a batch, on a local disk; the lake's catalogue is in Postgres. It needs the
extra `[ducklake]` and a Postgres server. With groups a lake's commit holds many batches, without them one.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import create_engine, make_url
from upath import UPath

from bench.servers import postgres
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.loading import load_lake
from qwenocr_assets.warehouse.places.lake import attached, lake_at
from qwenocr_assets.warehouse.publish import working_file
from tests.warehouse.conftest import filled

_BATCHES, _ROWS, _ROUNDS, _WRITERS = 24, 5_000, 3, 4
_IN = (
    "text_lines",
    "key_values",
    "table_cells",
    "document_blocks",
    "formulas",
    "pages",
    "documents",
    "ocr_requests",
)


def main() -> None:
    try:
        attached(lake_at("ducklake:nothing", "nothing"), read_only=True).close()
    except ConfigurationError as error:
        print(error)
        return
    except Exception:  # noqa: BLE001  its extensions are there
        pass
    with postgres() as server, tempfile.TemporaryDirectory() as folder:
        found: dict[str, list[float]] = {}
        for number in range(_ROUNDS):
            for name, writers, group in (
                ("file", 1, 0),
                ("one by one", 1, 1),
                ("one", 1, 6),
                ("four", _WRITERS, 6),
            ):
                place = Path(folder) / f"{name}-{number}"
                data = DataFolder(
                    UPath(place),
                    None if name == "file" else _catalogue(server, f"l{number}_{writers}_{group}"),
                )
                _warm(data)
                _write(data)
                found.setdefault(name, []).append(_BATCHES * _ROWS / _seconds(data, writers, group))
    rates = {name: statistics.median(rate) for name, rate in found.items()}
    print(", ".join(f"{name} {rate:,.0f} rows/s" for name, rate in rates.items()))
    ratio = rates["four"] / rates["file"]
    print(f"lake.four_writers_against_one_loader {ratio:.2f} >=1.5 {'ok' if ratio >= 1.5 else 'short'}")


def _catalogue(server: str, name: str) -> str:
    url = make_url(server)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"ducklake:postgres:dbname={name} user={url.username} host={url.query['host']}"


def _put(data: DataFolder, batch: str, rows: int) -> None:
    for table in _IN:
        schema = TABLES[table]
        one: dict[str, Any] = filled(schema, batch, {})
        keys = [c.name for c in schema.columns if c.name in schema.primary_key and c.name != "batch_id"]
        key = next((k for k in reversed(keys) if isinstance(one[k], int)), keys[-1])
        as_key = (lambda n: n) if isinstance(one[key], int) else (lambda n: f"{batch}-{n}")
        write_table(data, schema, batch, [{**one, key: as_key(n)} for n in range(rows)])


def _warm(data: DataFolder) -> None:
    """Make all tables, which is done once."""
    _put(data, "warm", 1)
    load_changes(data, working_file(data))


def _write(data: DataFolder) -> None:
    for number in range(_BATCHES):
        _put(data, f"b{number:02}", _ROWS // len(_IN))


def _seconds(data: DataFolder, writers: int, group: int) -> float:
    """From when all are ready until all have loaded."""
    command = [sys.executable, "-m", "bench.lake", str(data.root), data.lake or "", str(group)]
    loaders = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(writers)
    ]
    for loader in loaders:
        assert loader.stdout is not None
        loader.stdout.readline()
    begin = time.perf_counter()
    for loader in loaders:
        assert loader.stdin is not None
        loader.stdin.write("go\n")
        loader.stdin.flush()
    if any(loader.wait() for loader in loaders):
        raise RuntimeError("a loader failed")
    took = time.perf_counter() - begin
    with (
        duckdb.connect(str(working_file(data)))
        if data.lake is None
        else attached(lake_at(data.lake, f"{data.root}/lake/"), read_only=True) as con
    ):
        (rows,) = con.execute("SELECT count(*) FROM core.text_lines").fetchone() or (0,)
    if rows != _BATCHES * (_ROWS // len(_IN)) + 1:
        raise RuntimeError(f"{rows} rows were loaded")
    return took


def _load(root: str, lake: str, group: str) -> None:
    load_lake.GROUP = int(group) or load_lake.GROUP
    data = DataFolder(UPath(root), lake or None)
    print("ready", flush=True)
    sys.stdin.readline()
    load_changes(data, working_file(data))


if __name__ == "__main__":
    _load(*sys.argv[1:])
