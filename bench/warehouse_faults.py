"""The warehouse under kill -9 and under readers: the whole way from table files to the published file, in a loop.

What is written is a sequence of *states*. Step n of it writes one batch (new, or once more) or removes one, and then
loads, builds the models and publishes; so which rows belong to state n is known beforehand, and a reader can tell a
whole state from a mixed one.
"""

import multiprocessing as mp
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import duckdb
from upath import UPath

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import DOCUMENTS, KEY_VALUES, PAGES, TEXT_LINES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import Row, write_table
from qwenocr_assets.warehouse.build import build_models
from qwenocr_assets.warehouse.connect import open_reader, open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import Model, load_models
from qwenocr_assets.warehouse.publish import publish, working_file

_TABLES = (DOCUMENTS, PAGES, TEXT_LINES, KEY_VALUES)
_REMOVED_EVERY = 5
"""Every fifth step removes the batch written three steps before."""

State = dict[str, tuple[int, int]]
"""By batch: the step that wrote it, and how many lines (and values) it has."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The sequence of states; `batches` is how many different batches there are."""

    batches: int = 12

    def batch(self, step: int) -> str:
        return f"b{step % self.batches:04}"

    def lines(self, step: int) -> int:
        return 1 + (step * 7) % 23

    def removes(self, step: int) -> bool:
        return step % _REMOVED_EVERY == _REMOVED_EVERY - 1 and step >= _REMOVED_EVERY

    def state(self, step: int) -> State:
        """What is there after a step."""
        state: State = {}
        for n in range(step + 1):
            if self.removes(n):
                state.pop(self.batch(n - 3), None)
            else:
                state[self.batch(n)] = (n, self.lines(n))
        return state


def write_step(data: DataFolder, steps: Steps, step: int) -> None:
    """Bring the table files to the state of a step; repeating it changes nothing."""
    if steps.removes(step):
        for schema in _TABLES:
            data.table_file(schema.name, steps.batch(step - 3)).unlink(missing_ok=True)
        return
    batch = steps.batch(step)
    document, page = f"d-{batch}", f"d-{batch}-p1"
    trace: Row = {
        "batch_id": batch, "document_id": document, "page_id": page, "task": "advanced_recognition",
        "request_key": f"{step}",
    }  # fmt: skip
    rows: dict[str, list[Row]] = {
        "documents": [
            {
                "batch_id": batch, "document_id": document, "name": f"{step}", "uri": f"file:///in/{step}",
                "sha256": document, "size_bytes": step, "page_count": 1, "status": "accepted",
            }
        ],
        "pages": [{"batch_id": batch, "document_id": document, "page_id": page, "page_number": 1, "status": "ready"}],
        "text_lines": [{**trace, "line_index": n, "text": f"step {step}"} for n in range(steps.lines(step))],
        "key_values": [
            {**trace, "path": f"items[{n}].amount", "key": "amount", "list_index": n, "value": f"{step}",
             "value_type": "number"}
            for n in range(steps.lines(step))
        ],
    }  # fmt: skip
    for schema in _TABLES:
        write_table(data, schema, batch, rows[schema.name])


Models = Mapping[str, Model]


def bring_up_to_date(data: DataFolder, models: Models) -> None:
    """Load, build every model, publish."""
    working = working_file(data)
    load_changes(data, working)
    with open_writer(working) as con:
        build_models(con, models)
    publish(working, data)


_WHOLE = """
SELECT
    (SELECT list((batch_id, step::INT, count::INT) ORDER BY batch_id) FROM (
        SELECT batch_id, min(request_key) AS step, count(*) AS count FROM core.text_lines GROUP BY batch_id
        HAVING count(DISTINCT request_key) = 1)),
    (SELECT list((batch_id, step::INT, count::INT) ORDER BY batch_id) FROM (
        SELECT batch_id, min(request_key) AS step, count(*) AS count FROM core.key_values GROUP BY batch_id)),
    (SELECT list((batch_id, name::INT, line_count::INT) ORDER BY batch_id)
        FROM marts.page_text JOIN core.documents USING (document_id, batch_id)),
    (SELECT list((batch_id, step::INT, count::INT) ORDER BY batch_id) FROM (
        SELECT batch_id, min(fields->>'amount') AS step, count(*) AS count FROM marts.line_items GROUP BY batch_id)),
    (SELECT list((batch_id, name::INT, text_lines::INT) ORDER BY batch_id) FROM marts.documents_overview),
    (SELECT list((batch_id, NULL, rows::INT) ORDER BY batch_id) FROM ops.load_log WHERE table_name = 'text_lines')
"""


def read_state(con: duckdb.DuckDBPyConnection) -> State:
    """The state that an open snapshot holds, read from two core tables, three marts and the load log.

    Raises `ValueError` when they do not agree: the snapshot is mixed.
    """
    row = con.execute(_WHOLE).fetchone() or ()
    *views, log = [{batch: (step, count) for batch, step, count in part or []} for part in row]
    if any(view != views[0] for view in views):
        raise ValueError(f"Tables do not agree: {views}")
    if {b: n for b, (_, n) in log.items()} != {b: n for b, (_, n) in views[0].items()}:
        raise ValueError(f"The load log does not agree: {log} {views[0]}")
    return views[0]


def read_published(data: DataFolder) -> State:
    """The state of the published file."""
    with open_reader(Path(data.warehouse.path)) as con:
        return read_state(con)


# --- kill -9 ---


@dataclass
class KillReport:
    """What kills at random points did."""

    kills: int = 0
    steps: int = 0
    """Steps that were completed in spite of them."""
    interrupted: int = 0
    """Kills after which a transaction was left in the log, or a step published whose end was not reported."""
    mixed: list[str] = field(default_factory=list)
    """What was wrong with the published file, by kill."""
    stuck: list[str] = field(default_factory=list)
    """Runs after a kill that did not complete."""


def _write_on(
    root: str, steps: Steps, first: int, done: "mp.sharedctypes.Synchronized[int]", models: Models
) -> None:
    data = DataFolder(UPath(root))
    step = first
    while True:
        write_step(data, steps, step)
        bring_up_to_date(data, models)
        done.value = step
        step += 1


def kill_at_random(folder: Path, kills: int, seed: int = 0) -> KillReport:
    """Kill the writer so many times, each at a random moment, and look at what is published after each."""
    data, steps, context = DataFolder(UPath(folder)), Steps(), _forkserver()
    done = context.Value("i", -1)
    chance, report = random.Random(seed), KillReport()
    models = load_models(MODELS)
    write_step(data, steps, 0)
    bring_up_to_date(data, models)
    done.value = 0
    start = time.monotonic()
    write_step(data, steps, 1)
    bring_up_to_date(data, models)
    one_step = time.monotonic() - start
    done.value = 1
    for _ in range(kills):
        before = done.value
        with _running(context, _write_on, str(folder), steps, before + 1, done, models) as writer:
            time.sleep(chance.uniform(0.05, 0.1 + 1.5 * one_step))
            if not writer.is_alive():
                report.stuck.append(f"after step {before}: exit code {writer.exitcode}")
        report.kills += 1
        report.steps += done.value - before
        step = done.value
        try:
            found = read_published(data)
            if found not in (steps.state(step), steps.state(step + 1)):
                report.mixed.append(f"after step {step}: {found}")
        except (duckdb.Error, ValueError) as error:
            report.mixed.append(f"after step {step}: {error}")
            continue
        report.interrupted += any(working_file(data).parent.glob("*.wal")) or found != steps.state(step)
    write_step(data, steps, done.value + 1)  # the last kill may have come between two of its files
    bring_up_to_date(data, models)
    if read_published(data) != steps.state(done.value + 1):
        report.stuck.append("the last run did not bring the published file up to date")
    return report


# --- readers ---


@dataclass
class LoadReport:
    """What readers met while batches were loaded and published."""

    published: int = 0
    opened: int = 0
    queries: int = 0
    reader_errors: list[str] = field(default_factory=list)
    old_snapshots: list[str] = field(default_factory=list)
    seconds: float = 0.0


def _read_on(
    root: str,
    steps: Steps,
    done: "mp.sharedctypes.Synchronized[int]",
    out: "mp.SimpleQueue[tuple[object, ...]]",
) -> None:
    data = DataFolder(UPath(root))
    opened = queries = 0
    errors: list[str] = []
    old: list[str] = []
    states = {}
    while done.value >= 0:
        published = done.value
        try:
            with open_reader(Path(data.warehouse.path)) as con:
                opened += 1
                seen = read_state(con)
                for _ in range(3):  # the same connection, while the file is replaced under it
                    queries += 1
                    if read_state(con) != seen:
                        errors.append("an open connection saw another snapshot")
            step = max((n for n, _ in seen.values()), default=-1)
            for candidate in (step, step + 1):  # a removal leaves no row of its own
                states.setdefault(candidate, steps.state(candidate))
            if seen not in (states[step], states[step + 1]):
                errors.append(f"no state of the sequence: {seen}")
            if step + 1 < published or (step + 1 == published and seen != states[step + 1]):
                old.append(f"opened after step {published}, found step {step}")
        except (duckdb.Error, WarehouseError, ValueError) as error:
            errors.append(str(error))
    out.put((opened, queries, errors, old))


def read_under_load(folder: Path, batches: int, readers: int = 4) -> LoadReport:
    """Load and publish so many batches one by one while readers query in loops."""
    data, steps, context = DataFolder(UPath(folder)), Steps(batches), _forkserver()
    done, out = context.Value("i", 0), context.SimpleQueue()
    report = LoadReport()
    models = load_models(MODELS)
    write_step(data, steps, 0)
    bring_up_to_date(data, models)
    started = [context.Process(target=_read_on, args=(str(folder), steps, done, out)) for _ in range(readers)]
    for reader in started:
        reader.start()
    start = time.monotonic()
    try:
        for step in range(1, batches):
            write_step(data, steps, step)
            bring_up_to_date(data, models)
            done.value = step
            report.published += 1
    finally:
        report.seconds = time.monotonic() - start
        done.value = -1
        for _ in started:
            opened, queries, errors, old = out.get()
            report.opened += opened
            report.queries += queries
            report.reader_errors += errors
            report.old_snapshots += old
        for reader in started:
            reader.join(30)
    return report


def _forkserver() -> BaseContext:
    """Processes forked from one that has imported everything: starting one takes 20 ms, not a second."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@contextmanager
def _running(context: BaseContext, target: object, *arguments: object) -> Iterator[BaseProcess]:
    process = context.Process(target=target, args=arguments, daemon=True)  # type: ignore[attr-defined]
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def main() -> None:
    """Print the figures, then one line per goal."""
    with tempfile.TemporaryDirectory(prefix="bench-kills-") as folder:
        start = time.monotonic()
        kills = kill_at_random(Path(folder), 100)
        print(
            f"  100 kills in {time.monotonic() - start:.0f} s, {kills.interrupted} of them leaving something half done"
        )
        for problem in (*kills.mixed, *kills.stuck):
            print(f"  {problem}")
    with tempfile.TemporaryDirectory(prefix="bench-readers-") as folder:
        load = read_under_load(Path(folder), 200)
        print(
            f"  {load.published} publishes in {load.seconds:.0f} s; 4 readers opened {load.opened} times, "
            f"{load.queries} queries"
        )
        for problem in (*load.reader_errors[:5], *load.old_snapshots[:5]):
            print(f"  {problem}")
    wrong = len(kills.mixed) + len(kills.stuck)
    print(f"warehouse.wrong_after_100_kills {wrong} 0 {'ok' if not wrong else 'short'}")
    bad = len(load.reader_errors) + len(load.old_snapshots)
    print(f"warehouse.reader_errors_in_200_batches {bad} 0 {'ok' if not bad else 'short'}")


if __name__ == "__main__":
    main()
