"""Worker processes: what a file does to its decoder costs that file, and nothing else."""

import ctypes
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.decoder_words import DECODER_WORDS
from qwenocr_assets.workers.pool import Ended, Job, Workers, run_here
from tests.waiting import LIMIT_SECONDS


def squares(upto: int) -> Iterator[int]:
    for number in range(upto):
        yield number * number


def crash() -> Iterator[int]:
    yield 1
    ctypes.string_at(0)


def hang() -> Iterator[int]:
    yield 1
    while True:
        time.sleep(1)


def devour() -> Iterator[int]:
    yield 1
    yield len(bytearray(3 * 2**30))


def refuse() -> Iterator[int]:
    yield 1
    raise RejectedInput("It is torn.", "Mend it.")


def stumble() -> Iterator[int]:
    yield 1
    raise KeyError("x")


def leave() -> Iterator[int]:
    yield 1
    os._exit(3)


def pid() -> Iterator[int]:
    yield os.getpid()


def threads_with_numpy() -> Iterator[int]:
    importlib.import_module("numpy")
    yield len(list(Path("/proc/self/task").iterdir()))


def job(function, *arguments, following=()) -> tuple[Job, list, list[Ended]]:
    received: list = []
    ended: list[Ended] = []

    def finish(end: Ended):
        ended.append(end)
        return following

    return Job(function, arguments, received.append, finish), received, ended


@pytest.fixture(scope="module")
def workers():
    with Workers(2, DECODER_WORDS, memory_mb=1024, silence_seconds=LIMIT_SECONDS) as pool:
        yield pool


@pytest.mark.parametrize(
    ("function", "words", "lost"),
    [
        pytest.param(crash, r"crashed its decoder \(SIGSEGV\)", True, id="segfault"),
        pytest.param(leave, r"crashed its decoder \(exit code 3\)", True, id="exit"),
        pytest.param(devour, "more memory than the 1024 MiB", False, id="memory"),
        pytest.param(refuse, r"It is torn\. Mend it\.", False, id="rejection"),
        pytest.param(stumble, "unexpectedly .KeyError", False, id="bug"),
    ],
)
def test_what_goes_wrong_is_one_rejection_and_the_others_go_on(workers, function, words, lost):
    bad, received, ended = job(function)
    good = [job(squares, 4) for _ in range(4)]
    workers.run([good[0][0], bad, *(each for each, _, _ in good[1:])])
    assert received == [1]
    assert ended[0].lost is lost
    with pytest.raises(RejectedInput, match=words):
        raise ended[0].reason
    assert ended[0].reason.next_step
    assert all(got == [0, 1, 4, 9] and ends == [Ended()] for _, got, ends in good)


def test_who_hangs_is_given_up():
    bad, received, ended = job(hang)
    with Workers(1, DECODER_WORDS, silence_seconds=3) as pool:
        pool.run([bad])
    assert received in ([], [1])  # on a busy machine it may not even have begun
    assert ended[0].lost
    with pytest.raises(RejectedInput, match="longer than 3 seconds"):
        raise ended[0].reason


@pytest.mark.parametrize("here", [True, False], ids=["in-process", "workers"])
def test_jobs_may_lead_to_further_jobs(workers, here):
    second, received, _ = job(squares, 3)
    first, _, _ = job(squares, 2, following=[second])
    (run_here if here else workers.run)([first])
    assert received == [0, 1, 4]


def test_workers_are_used_again_and_end_with_the_pool():
    with Workers(1, DECODER_WORDS) as pool:
        first, received, _ = job(pid)
        pool.run([first, job(squares, 2)[0]])
        again, more, _ = job(pid)
        pool.run([again])
    assert received == more
    with pytest.raises(ProcessLookupError):
        os.kill(received[0], 0)


def test_an_error_while_receiving_ends_the_run_and_its_workers(workers):
    def fail(value: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        workers.run([Job(squares, (3,), fail, lambda _: ())])
    other, received, _ = job(squares, 2)
    workers.run([other])
    assert received == [0, 1]


def test_a_worker_starts_without_what_only_the_run_needs() -> None:
    code = (
        "import sys; import qwenocr_assets.workers.child, qwenocr_assets.imaging.decoding; "
        "print(sorted({'dagster', 'duckdb', 'pyarrow', 'pydantic', 'sqlglot'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_a_workers_memory_does_not_depend_on_the_number_of_cores():
    first, received, _ = job(threads_with_numpy)
    with Workers(1, DECODER_WORDS) as workers:
        workers.run([first])
    assert received == [1]
