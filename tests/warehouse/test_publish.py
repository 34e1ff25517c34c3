"""Publishing: readers keep their snapshot, the next sees the new one, a crash leaves the old one."""

import itertools
import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from upath import UPath

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse import connect as connecting
from qwenocr_assets.warehouse.connect import open_reader, open_writer
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.places.published import published_file
from qwenocr_assets.warehouse.publish import publish, working_file
from qwenocr_assets.warehouse.query import run_query

Put = Callable[..., Path]
PutLines = Callable[[str, int], Path]
Start = Callable[..., subprocess.Popen[str]]


def published(data: DataFolder) -> Path:
    return Path(data.warehouse.path)


def lines(data: DataFolder) -> int:
    return int(run_query(published(data), "SELECT count(*) FROM core.text_lines").rows[0][0])


def load_and_publish(data: DataFolder) -> bool:
    load_changes(data, working_file(data))
    return publish(working_file(data), data)


def say(process: subprocess.Popen[str], line: str = "") -> str:
    """Send a line, when there is one, and return the next line of the answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    return process.stdout.readline().strip()


_READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
count = lambda c: c.execute("SELECT count(*) FROM core.text_lines").fetchone()[0]
print(count(con), flush=True)
sys.stdin.readline()
print(count(con), flush=True)
con.close()
print(count(duckdb.connect(sys.argv[1], read_only=True)), flush=True)
"""


def test_an_open_reader_keeps_its_snapshot_and_a_new_one_sees_the_new(
    data: DataFolder, put_lines: PutLines, start: Start
) -> None:
    put_lines("b1", 3)
    load_and_publish(data)
    reader = start(_READER, published(data))
    assert say(reader) == "3"
    put_lines("b2", 4)
    assert load_and_publish(data)
    assert say(reader, "again") == "3"
    assert say(reader) == "7"


def test_readers_of_one_process_see_what_is_published_when_they_open(
    data: DataFolder, put_lines: PutLines
) -> None:
    """DuckDB 2.0.1 joins a connection to whatever its process has open under the path, replaced or not."""
    count = "SELECT current_database(), count(*) FROM core.text_lines"
    put_lines("b1", 3)
    load_and_publish(data)
    with open_reader(published(data)) as early:
        put_lines("b2", 4)
        load_and_publish(data)
        with open_reader(published(data)) as late:
            assert late.execute(count).fetchone() == ("warehouse", 7)
        assert early.execute(count).fetchone() == ("warehouse", 3)
    assert not list(published(data).parent.glob(".reading-*"))


def test_publishing_is_skipped_until_something_changes(data: DataFolder, put_lines: PutLines) -> None:
    put_lines("b1", 3)
    assert load_and_publish(data)
    before = published(data).stat()
    assert not load_and_publish(data)
    assert published(data).stat().st_ino == before.st_ino
    with open_writer(working_file(data)) as con:
        con.execute("CREATE SCHEMA marts")
        con.execute("CREATE TABLE marts.answer AS SELECT 42 AS value")
    assert publish(working_file(data), data)
    assert run_query(published(data), "SELECT value FROM marts.answer").rows == [(42,)]


def test_table_files_written_again_with_the_same_content_are_not_published_again(
    data: DataFolder, put_lines: PutLines
) -> None:
    put_lines("b1", 3)
    load_and_publish(data)
    put_lines("b1", 3)
    assert not load_and_publish(data)


def test_a_snapshot_that_is_gone_is_published_again(data: DataFolder, put_lines: PutLines) -> None:
    put_lines("b1", 3)
    load_and_publish(data)
    published(data).unlink()
    assert load_and_publish(data)
    assert lines(data) == 3


def test_the_snapshot_is_read_only_and_opens_in_older_duckdb(data: DataFolder, put_lines: PutLines) -> None:
    put_lines("b1", 1)
    load_and_publish(data)
    assert published(data).stat().st_mode & 0o777 == 0o444
    tags = run_query(
        published(data), "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path IS NOT NULL"
    )
    assert tags.rows == [("v1.0.0+",)]


def test_what_someone_wrote_into_the_old_snapshot_is_not_replayed(
    data: DataFolder, put_lines: PutLines
) -> None:
    put_lines("b1", 3)
    load_and_publish(data)
    published(data).chmod(0o644)
    with duckdb.connect(str(published(data))) as con:
        con.execute("SET checkpoint_threshold = '1TB'")
        con.execute("PRAGMA disable_checkpoint_on_shutdown")
        con.execute("DELETE FROM core.text_lines")
    left = published(data).with_name("warehouse.duckdb.wal")
    assert left.exists()
    put_lines("b2", 4)
    assert load_and_publish(data)
    assert not left.exists()
    assert lines(data) == 7


def test_nothing_loaded_yet_is_told(data: DataFolder) -> None:
    with pytest.raises(WarehouseError, match="no working file"):
        publish(working_file(data), data)


def test_a_target_that_cannot_be_replaced_is_told(data: DataFolder, put_lines: PutLines) -> None:
    put_lines("b1", 3)
    published(data).mkdir(parents=True)
    with pytest.raises(WarehouseError, match=r"Publishing .*warehouse\.duckdb failed: Is a directory"):
        load_and_publish(data)
    assert not list(published(data).parent.glob(".*.part"))


_PUBLISH_WITHOUT_ROOM = """
import resource, sys
from upath import UPath
from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.publish import publish, working_file

data = DataFolder(UPath(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # the kernel refuses to write more, as on a full disk
try:
    publish(working_file(data), data)
except WarehouseError as error:
    print(error.message, flush=True)
"""


def test_no_room_for_the_copy_leaves_the_old_snapshot(
    data: DataFolder, put_lines: PutLines, start: Start
) -> None:
    put_lines("b1", 3)
    load_and_publish(data)
    put_lines("b2", 4)
    load_changes(data, working_file(data))
    assert "failed: File too large" in say(start(_PUBLISH_WITHOUT_ROOM, data.root))
    assert lines(data) == 3
    assert not list(published(data).parent.glob(".*.part"))
    assert publish(working_file(data), data)
    assert lines(data) == 7


_PUBLISH_AND_WAIT = """
import sys, time
from upath import UPath
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse import publish as publishing

def stop_at(name):
    step = getattr(publishing, name)
    def stopped(*arguments):
        if sys.argv[3] == "after":
            step(*arguments)
        print("there", flush=True)
        time.sleep(60)
    setattr(publishing, name, stopped)

stop_at(sys.argv[2])
data = DataFolder(UPath(sys.argv[1]))
publishing.publish(publishing.working_file(data), data)
"""


@pytest.mark.parametrize(
    ("step", "when", "found"),
    [
        pytest.param("_copy_synced", "before", 3, id="before the copy"),
        pytest.param("_copy_synced", "after", 3, id="after the copy"),
        pytest.param("_put_in_place", "before", 3, id="before the replacement"),
        pytest.param("_put_in_place", "after", 7, id="after the replacement"),
    ],
)
def test_a_publisher_killed_at_any_step_leaves_a_whole_snapshot(
    data: DataFolder, put_lines: PutLines, start: Start, step: str, when: str, found: int
) -> None:
    put_lines("b1", 3)
    load_and_publish(data)
    put_lines("b2", 4)
    load_changes(data, working_file(data))
    publisher = start(_PUBLISH_AND_WAIT, data.root, step, when)
    assert say(publisher) == "there"
    publisher.kill()
    publisher.wait()
    assert lines(data) == found
    assert publish(working_file(data), data)
    assert lines(data) == 7
    assert not list(published(data).parent.glob(".*.part"))


def test_object_storage_gets_the_file_as_one_put(
    tmp_path: Path, put_lines: PutLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    remote = DataFolder(UPath(f"memory://publish-{tmp_path.name}"))
    target = remote.table_file("text_lines", "b1")
    target.parent.mkdir(parents=True)
    target.write_bytes(put_lines("b1", 3).read_bytes())
    assert working_file(remote).is_relative_to(tmp_path / "cache")
    assert load_and_publish(remote)
    assert not load_and_publish(remote)
    assert run_query(published_file(remote), "SELECT count(*) FROM core.text_lines").rows == [(3,)]


@pytest.mark.parametrize("fails", [False, True], ids=["it opens", "DuckDB gives up"])
def test_what_is_published_while_it_is_opened_is_opened_again(
    data: DataFolder, put_lines: PutLines, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    put_lines("b1", 3)
    load_and_publish(data)
    connect = duckdb.connect
    opened: list[str] = []

    def slowly(path: str, **options: Any) -> Any:
        con = connect(path, **options)
        if Path(path).name == published(data).name and Path(path) != working_file(data):
            opened.append(path)
            if len(opened) == 1:
                put_lines("b2", 2)
                load_and_publish(data)
                if fails:
                    con.close()
                    raise duckdb.IOException("No more data remaining in MetadataReader")
        return con

    monkeypatch.setattr(connecting.duckdb, "connect", slowly)
    with open_reader(published(data)) as con:
        assert con.execute("SELECT count(*) FROM core.text_lines").fetchone() == (5,)
    assert len(opened) == 2


_READ_IN_A_LOOP = """
import json, os, sys
from pathlib import Path
from qwenocr_assets.warehouse.connect import open_reader
seen = []
while not os.path.exists(sys.argv[2]):
    with open_reader(Path(sys.argv[1])) as con:
        seen.append(con.execute('''
            SELECT (SELECT count(*) FROM core.text_lines), (SELECT count(*) FROM core.key_values),
                   (SELECT sum(rows)::BIGINT FROM ops.load_log), (SELECT max(loaded_at)::VARCHAR FROM ops.load_log)
        ''').fetchone())
    if len(seen) == 10:
        print("ten", flush=True)
print(json.dumps(seen), flush=True)
"""


@pytest.mark.slow
def test_readers_in_a_loop_see_only_whole_loads(
    data: DataFolder, put: Put, start: Start, tmp_path: Path
) -> None:
    """Every batch brings as many key values as lines, so a half-seen load shows as counts that differ."""

    def write(cycle: int) -> None:
        batch, count = f"b{cycle % 8:03}", 20 + cycle % 7  # eight new batches, then they are written again
        put("text_lines", batch, *({"line_index": i} for i in range(count)))
        put("key_values", batch, *({"path": f"a[{i}]"} for i in range(count)))

    write(0)
    load_and_publish(data)
    over = tmp_path / "over"
    readers = [start(_READ_IN_A_LOOP, published(data), over) for _ in range(2)]
    with ThreadPoolExecutor(len(readers)) as threads:
        have_looked = [threads.submit(say, reader) for reader in readers]
        for cycle in itertools.count(1):
            write(cycle)
            assert load_and_publish(data)
            if cycle >= 16 and all(looked.done() for looked in have_looked):
                break
    over.touch()
    for reader in readers:
        out, _ = reader.communicate()
        seen = json.loads(out)
        assert reader.returncode == 0
        assert all(lines == keys and lines + keys == logged for lines, keys, logged, _ in seen)
        assert [loaded_at for *_, loaded_at in seen] == sorted(loaded_at for *_, loaded_at in seen)
    rebuilt = tmp_path / "rebuilt.duckdb"
    load_changes(data, rebuilt)
    assert published(data).stat().st_size < 3 * rebuilt.stat().st_size, "replaced rows must not pile up"
