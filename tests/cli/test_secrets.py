"""The API key of a run is found nowhere afterwards, however carelessly the service and a proxy repeat it."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import zstandard
from PIL import Image, ImageDraw

from qwenocr_assets.emulator import Emulator, ErrorAnswer, ErrorCode, RawAnswer, create_emulator, in_order
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.errors import ExitCode
from tests.cli.conftest import Command

pytestmark = pytest.mark.slow  # whole runs of the program

KEY = "sk-fedcba9876543210"
LOGIN = "proxy-user:proxy-password"
REPEATED = f"the header was Authorization: Bearer {KEY}"


def careless(*, last_is_the_key: bool) -> Emulator:
    """A service whose errors, gateway pages and answers repeat the key."""
    faults = [
        ErrorAnswer(ErrorCode.INTERNAL_ERROR, REPEATED),
        ErrorAnswer(ErrorCode.INVALID_PARAMETER, REPEATED, echo_authorization=True),
        RawAnswer(502, f"<html>{REPEATED}</html>".encode(), "text/html"),
        RawAnswer(200, REPEATED.encode(), "text/plain"),
        ErrorAnswer(ErrorCode.RATE_QUOTA, REPEATED),
    ]
    if last_is_the_key:
        faults.append(RawAnswer(401, f'{{"code":"InvalidApiKey","message":"{REPEATED}"}}'.encode(), None))
    return create_emulator(CannedAnswers(text=f"Total: 12.50 {KEY}"), faults=in_order(faults))


def everything_kept(project: Path) -> Iterator[tuple[Path, bytes]]:
    """All files that a run left, those that are compressed also as what is in them."""
    for path in sorted(project.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        yield path, content
        if path.suffix == ".zst":
            reader = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True)
            yield path, reader.read()
        elif path.suffix == ".parquet":
            yield path, repr(pq.read_table(path).to_pylist()).encode()
        elif path.suffix == ".db":
            with sqlite3.connect(path) as database:
                yield path, "\n".join(database.iterdump()).encode()
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as warehouse:
                for (table,) in warehouse.sql(
                    "select format('{}.{}', schema_name, table_name) from duckdb_tables()"
                ).fetchall():
                    yield path, repr(warehouse.sql(f"from {table}").fetchall()).encode()


def draw_pages(folder: Path) -> None:
    folder.mkdir()
    for number in range(4):
        page = Image.new("RGB", (300, 200), "white")
        ImageDraw.Draw(page).text((20, 20), f"Page {number}", fill="black")
        page.save(folder / f"{number}.png")


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize("ends_refused", [False, True], ids=["run to the end", "key refused"])
def test_no_trace_of_the_key(
    project: Path, command: Command, served: Callable[..., Any], ends_refused: bool
) -> None:
    draw_pages(project / "inbox")
    with served(careless(last_is_the_key=ends_refused)) as base_url:
        ran = command(
            "run",
            "inbox",
            QWENOCR_REGION="singapore",
            QWENOCR_BASE_URL=base_url,
            DASHSCOPE_API_KEY_SINGAPORE=KEY,
            QWENOCR_CONCURRENCY="1",
        )
    assert (ran.returncode == ExitCode.CONFIGURATION) is ends_refused, ran.stdout + ran.stderr
    responses = list((project / "data" / "responses").rglob("*.zst"))
    assert responses, "nothing was journalled: there is nothing to look through"
    assert KEY not in ran.stdout + ran.stderr
    assert [str(path) for path, content in everything_kept(project) if KEY.encode() in content] == []


def test_no_trace_of_a_proxys_login(project: Path, command: Command) -> None:
    draw_pages(project / "inbox")
    ran = command(
        "run",
        "inbox",
        QWENOCR_REGION="singapore",
        DASHSCOPE_API_KEY_SINGAPORE=KEY,
        QWENOCR_MAX_ATTEMPTS="1",
        HTTPS_PROXY=f"http://{LOGIN}@127.0.0.1:9",
    )
    kept = list(everything_kept(project))
    assert any(b"ProxyConnectionError" in content or b"127.0.0.1" in content for _, content in kept)
    for secret in (KEY, LOGIN, LOGIN.split(":")[1]):
        assert secret not in ran.stdout + ran.stderr
        assert [str(path) for path, content in kept if secret.encode() in content] == []
