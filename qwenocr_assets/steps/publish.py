"""The warehouse: changed batches loaded, SQL models built, the snapshot replaced; and kept in order."""

from contextlib import ExitStack
from dataclasses import dataclass, replace

import duckdb

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import writing_warehouse
from qwenocr_assets.environment.progress import Progress, QuietProgress
from qwenocr_assets.errors import Overtaken, WarehouseError
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.compaction import Compaction, compact
from qwenocr_assets.warehouse.build import Change, begin_build, build_model, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import LoadReport, load_changes
from qwenocr_assets.warehouse.models import load_models
from qwenocr_assets.warehouse.places.claims import claims
from qwenocr_assets.warehouse.places.lake import is_made
from qwenocr_assets.warehouse.places.lake_upkeep import LakeUpkeep, tidy_lake
from qwenocr_assets.warehouse.places.published import lake_of
from qwenocr_assets.warehouse.publish import publish as publish_file
from qwenocr_assets.warehouse.publish import working_file
from qwenocr_assets.warehouse.rebuild import Rebuilt, rebuild
from qwenocr_assets.warehouse.search import INDEXED, index_pages, is_indexed

MOST_LOADS = 3
"""A loader that is overtaken so often leaves it to those who are faster."""


@dataclass(frozen=True, slots=True)
class Published:
    """What bringing the warehouse up to date did."""

    load: LoadReport
    failed_tests: tuple[str, ...]
    replaced: bool
    """Whether there is a new snapshot; there is none where nothing has changed."""


def publish(environment: Environment, progress: Progress | None = None) -> Published:
    """Load new and changed batches, build the SQL models that they change, and replace the published file.

    Raises:
        InUse: another run had the warehouse for longer than `batch_wait_seconds`.
        WarehouseError: another process writes, or a table file or model cannot be used.
    """
    report = None
    if environment.data.lake is not None:
        # batches are claimed one by one in a lake: loaders need not wait for each other, or for who builds models
        report = load_changes(environment.data, working_file(environment.data))
    with writing_warehouse(environment, progress or QuietProgress()):
        published = load_and_publish(environment)
    return published if report is None else replace(published, load=report.and_then(published.load))


def load_and_publish(environment: Environment) -> Published:
    """The same, for who has the warehouse already (`writing_warehouse`).

    On another machine a loader may have published since the load here began: then what it has loaded is loaded here
    too, and this is published over it.

    Raises:
        Overtaken: others were faster each of `MOST_LOADS` times; what they published stays.
        WarehouseError: another process writes, or a table file or model cannot be used.
    """
    for load in range(1, MOST_LOADS + 1):
        try:
            return _load_and_publish(environment)
        except Overtaken:
            if load == MOST_LOADS:
                raise
    raise AssertionError("unreachable")


def rebuild_all(environment: Environment) -> Rebuilt:
    """The whole warehouse anew from the table files, published.

    Raises:
        InUse: another run had the warehouse for longer than `batch_wait_seconds`.
        WarehouseError: another process writes, or a table file or model cannot be used.
    """
    with writing_warehouse(environment, QuietProgress()):
        made = rebuild(environment.data, environment.models_folder, environment.result_schemas)
        try:
            publish_file(working_file(environment.data), environment.data)
        except Overtaken:
            load_and_publish(environment)
    return made


def _load_and_publish(environment: Environment) -> Published:
    data = environment.data
    working = working_file(data)
    models = load_models(environment.models_folder, environment.result_schemas)
    report = load_changes(data, working)
    with open_writer(working) as con:
        present = begin_build(con, models)
        for name, model in models.items():
            result = build_model(con, model, present)
            if name == INDEXED and (result.change is not Change.UNCHANGED or not is_indexed(con)):
                index_pages(con)
        failed = [test.name for model in models.values() for test in run_tests(con, model) if not test.passed]
    replaced = publish_file(working, data)
    return Published(report, tuple(failed), replaced)


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
