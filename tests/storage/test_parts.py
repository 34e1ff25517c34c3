"""A journal on object storage: parts that are put once, and put together without losing or doubling any."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.storage import parts as parts_module
from qwenocr_assets.storage.journal import Journal, Mended


def new_path() -> UPath:
    return UPath(f"memory://{uuid.uuid4().hex}/responses/multi_lan/b.jsonl.zst")


def keys(path: UPath) -> list[object]:
    return [record["request_key"] for record in Journal(path).read()]


def objects(path: UPath) -> list[str]:
    folder = path.parent / "b"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def crash_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the process end before its n-th step on the storage from now; 0: never."""
    steps = 0
    last = 0

    def stepping(method: str) -> None:
        real = getattr(MemoryFileSystem, method)

        def step(self: MemoryFileSystem, *arguments: Any, **options: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == last:
                raise Crash
            return real(self, *arguments, **options)

        monkeypatch.setattr(MemoryFileSystem, method, step)

    for method in ("pipe_file", "cat_file", "rm_file"):
        stepping(method)

    def set_last(step: int) -> None:
        nonlocal steps, last
        steps, last = 0, step

    return set_last


def test_what_is_appended_is_read_back_by_others() -> None:
    path = new_path()
    assert keys(path) == []
    writer = Journal(path)
    writer.append([{"request_key": "a"}, {"request_key": "請求書"}])
    writer.append([])
    writer.append([{"request_key": "c"}])
    assert keys(path) == ["a", "請求書", "c"]
    assert len(objects(path)) == 2
    assert writer.mend() == Mended()


def test_parts_are_put_together_and_more_can_come() -> None:
    path = new_path()
    for key in "abc":
        Journal(path).append([{"request_key": key}])
    Journal(path).compact()
    assert len(objects(path)) == 1
    Journal(path).compact()
    assert len(objects(path)) == 1
    Journal(path).append([{"request_key": "d"}])
    assert keys(path) == ["a", "b", "c", "d"]
    Journal(path).compact()
    assert keys(path) == ["a", "b", "c", "d"]
    assert len(objects(path)) == 1


def test_two_writers_replace_nothing_of_each_other() -> None:
    path = new_path()
    first, second = Journal(path), Journal(path)
    first.append([{"request_key": "a"}])
    second.append([{"request_key": "b"}])
    first.append([{"request_key": "c"}])
    second.append([{"request_key": "d"}])
    assert sorted(map(str, keys(path))) == ["a", "b", "c", "d"]


def test_a_crash_at_any_step_of_putting_together_loses_and_doubles_nothing(
    crash_at: Callable[[int], None],
) -> None:
    step, crashed = 0, True
    while crashed:
        step += 1
        path = new_path()
        for key in "abcd":
            Journal(path).append([{"request_key": key}])
        crash_at(step)
        try:
            Journal(path).compact()
            crashed = False
        except Crash:
            pass
        crash_at(0)
        assert keys(path) == ["a", "b", "c", "d"], f"step {step}"
        Journal(path).append([{"request_key": "e"}])
        Journal(path).compact()
        assert keys(path) == ["a", "b", "c", "d", "e"], f"step {step}"
        assert len(objects(path)) == 1
    assert step == 10  # four parts read, one put, four removed


@pytest.fixture
def bundles_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "_BUNDLE", 3)


@pytest.mark.usefixtures("bundles_of_three")
def test_many_parts_are_read_as_few() -> None:
    path = new_path()
    writer = Journal(path)
    for key in "abcdefgh":
        writer.append([{"request_key": key}])
    assert keys(path) == list("abcdefgh")
    assert len(objects(path)) == 10
    read: list[str] = []
    real = MemoryFileSystem.cat_file
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            MemoryFileSystem,
            "cat_file",
            lambda fs, name, *a, **o: read.append(name) or real(fs, name, *a, **o),
        )
        assert keys(path) == list("abcdefgh")
    assert [name.rpartition("/")[2][:8] for name in read] == ["00000003", "00000006", "00000007", "00000008"]
    writer.compact()
    assert len(objects(path)) == 1
    writer.append([{"request_key": "i"}])
    assert keys(path) == list("abcdefghi")


@pytest.mark.usefixtures("bundles_of_three")
def test_a_bundle_stands_for_its_own_writers_parts_alone() -> None:
    path = new_path()
    first, second = Journal(path), Journal(path)
    first.append([{"request_key": "a1"}])
    second.append([{"request_key": "b1"}])
    first.append([{"request_key": "a2"}])
    second.append([{"request_key": "b2"}])
    first.append([{"request_key": "a3"}])
    assert sorted(map(str, keys(path))) == ["a1", "a2", "a3", "b1", "b2"]


@pytest.mark.usefixtures("bundles_of_three")
def test_a_bundle_that_comes_after_another_put_all_together_doubles_nothing() -> None:
    path = new_path()
    lost = Journal(path)
    lost.append([{"request_key": "a"}])
    lost.append([{"request_key": "b"}])
    Journal(path).compact()
    lost.append([{"request_key": "c"}])  # and bundles all three
    assert keys(path) == ["a", "b", "c"]
    Journal(path).compact()
    assert keys(path) == ["a", "b", "c"]
    assert len(objects(path)) == 1


@pytest.mark.usefixtures("bundles_of_three")
def test_a_bundle_that_cannot_be_put_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = new_path(), MemoryFileSystem.pipe_file

    def refused(self: MemoryFileSystem, name: str, *arguments: Any, **options: Any) -> Any:
        if ".since" in name:
            raise PermissionError("Access Denied")
        return real(self, name, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", refused)
    writer = Journal(path)
    for key in "abcd":
        writer.append([{"request_key": key}])
    assert keys(path) == list("abcd")


@pytest.mark.usefixtures("bundles_of_three")
def test_a_part_that_could_not_be_put_is_put_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have come all the same: it is there twice then, and no bundle stands for it."""
    path, real = new_path(), MemoryFileSystem.pipe_file
    fails = iter([False, True, *[False] * 9])

    def lost(self: MemoryFileSystem, *arguments: Any, **options: Any) -> Any:
        real(self, *arguments, **options)
        if next(fails):
            raise TimeoutError("no answer")

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", lost)
    writer = Journal(path)
    writer.append([{"request_key": "a"}])
    with pytest.raises(StorageError):
        writer.append([{"request_key": "b"}])
    for key in "bcde":
        writer.append([{"request_key": key}])
    assert keys(path) == ["a", "b", "b", "c", "d", "e"]


@pytest.mark.usefixtures("bundles_of_three")
@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.sampled_from(["append", "other writer", "compact", "torn compaction"]), max_size=16))
def test_whatever_the_order_the_records_are_those_appended(steps: list[str]) -> None:
    path = new_path()
    writer, appended = Journal(path), list[object]()
    for number, step in enumerate(steps):
        if step in ("append", "other writer"):
            writer = Journal(path) if step == "other writer" else writer
            writer.append([{"request_key": number}])
            appended.append(number)
        else:
            before = {p: p.read_bytes() for p in (path.parent / "b").iterdir()} if objects(path) else {}
            writer.compact()
            if step == "torn compaction":  # nothing was removed
                for part, content in before.items():
                    part.write_bytes(content)
        assert keys(path) == appended


def test_storage_that_fails_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_path()

    def refused(*_: object) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", refused)
    with pytest.raises(
        StorageError, match=r"responses/multi_lan/b cannot be written .*Access Denied.*Check that"
    ):
        Journal(path).append([{"request_key": "a"}])


def test_parts_in_a_bucket_are_put_together(bucket: UPath) -> None:
    """The same as in memory, where requests travel side by side."""
    path = bucket / "responses" / "multi_lan" / "b.jsonl.zst"
    assert keys(path) == []
    for number in range(40):
        Journal(path).append([{"request_key": number}])
    assert keys(path) == list(range(40))
    Journal(path).compact()
    Journal(path).append([{"request_key": 40}])
    assert keys(path) == list(range(41))
    assert len(objects(path)) == 2
