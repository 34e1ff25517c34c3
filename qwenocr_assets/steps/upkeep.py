"""Upkeep: many small files into few, of the tables and of a lake."""

from contextlib import ExitStack
from dataclasses import dataclass

import duckdb

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import writing_warehouse
from qwenocr_assets.environment.progress import Progress, QuietProgress
from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.compaction import Compaction, compact
from qwenocr_assets.warehouse.lake_upkeep import LakeUpkeep, tidy_lake
from qwenocr_assets.warehouse.places.claims import claims
from qwenocr_assets.warehouse.places.lake import is_made
from qwenocr_assets.warehouse.places.published import lake_of


@dataclass(frozen=True, slots=True)
class Tidied:
    """What upkeep did."""

    tables: list[Compaction]
    lake: LakeUpkeep | None
    """None where the warehouse is a file, or nothing was loaded into the lake yet."""


def tidy(environment: Environment, progress: Progress | None = None) -> Tidied:
    """Put the table files of settled batches together, and a lake's files. It takes turns with loading, which
    reads both.

    Raises:
        InUse: another run had the warehouse for longer than `batch_wait_seconds`.
        Overtaken: somebody else, without a lease, did the same at the same time.
        WarehouseError: the lake cannot be reached or written.
    """
    lake = lake_of(environment.data)
    with writing_warehouse(environment, progress or QuietProgress()), ExitStack() as stack:
        if lake is None or not is_made(lake):
            return Tidied(compact(environment.data, TABLES.values()), None)
        claimed = stack.enter_context(claims(lake))
        with claimed.alone():
            done = compact(environment.data, TABLES.values())
        try:
            return Tidied(done, tidy_lake(lake, claimed))
        except duckdb.Error as error:
            raise WarehouseError(
                f"Upkeep of {lake} failed: {error}.", "Its content is as it was; the next upkeep tries again."
            ) from error
