"""A DuckLake kept in order: many small files into few, old snapshots forgotten, unused files deleted."""

from dataclasses import dataclass
from datetime import timedelta

import duckdb

from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.places.claims import Claims
from qwenocr_assets.warehouse.places.lake import NAME, Lake

KEPT = timedelta(days=1)
"""A state of the lake that was replaced stays so long, for those who are reading it."""


_REWRITTEN = 0.2
"""Share of a file's rows that are deleted from which it is written anew."""


@dataclass(frozen=True, slots=True)
class LakeUpkeep:
    """What was done to a lake."""

    files_before: int
    files_after: int
    snapshots_forgotten: int
    files_deleted: int
    """Those of snapshots that were forgotten `KEPT` ago."""


def tidy_lake(lake: Lake, claimed: Claims, kept: timedelta = KEPT) -> LakeUpkeep:
    """Put files together and forget what nobody reads any more; others wait meanwhile with loading, readers do not.

    Raises:
        WarehouseError, ConfigurationError: the lake cannot be attached.
        duckdb.Error: it cannot be written.
    """
    with claimed.alone(), open_writer(lake) as con:
        con.execute(f"CALL ducklake_flush_inlined_data('{NAME}')")  # a few rows lie in the catalogue itself
        before = _files(con)
        # files of which much is deleted stand in the way of putting others together
        con.execute(f"CALL ducklake_rewrite_data_files('{NAME}', delete_threshold => {_REWRITTEN})")
        con.execute(f"CALL ducklake_merge_adjacent_files('{NAME}')")
        after = _files(con)
        old = f"older_than => now() - INTERVAL {int(kept.total_seconds())} SECOND"
        forgotten = con.execute(f"CALL ducklake_expire_snapshots('{NAME}', {old})").fetchall()
        deleted = con.execute(f"CALL ducklake_cleanup_old_files('{NAME}', {old})").fetchall()
        # what a loader wrote that was killed before it committed
        orphaned = con.execute(f"CALL ducklake_delete_orphaned_files('{NAME}', {old})").fetchall()
    return LakeUpkeep(before, after, len(forgotten), len(deleted) + len(orphaned))


def _files(con: duckdb.DuckDBPyConnection) -> int:
    """Data files and files of deletions that count now."""
    counts = f"SELECT coalesce(sum(file_count + delete_file_count), 0) FROM ducklake_table_info('{NAME}')"  # noqa: S608
    (files,) = con.execute(counts).fetchone() or (0,)
    return int(files)
