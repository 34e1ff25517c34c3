"""The journal: what was appended is read back, whatever a crash did to its tail."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from qwenocr_assets.storage.journal import Journal, Mended, Record

RECORDS = st.lists(
    st.fixed_dictionaries({"request_key": st.text(min_size=1), "raw": st.text()}), min_size=1, max_size=4
)


@pytest.fixture
def path(tmp_path: Path) -> UPath:
    return UPath(tmp_path / "responses" / "b.jsonl.zst")


def test_nothing_journalled_reads_as_nothing(path: UPath) -> None:
    assert Journal(path).read() == []
    assert Journal(path).mend() == Mended()


def test_records_come_back_in_order(path: UPath) -> None:
    Journal(path).append([{"request_key": "a"}, {"request_key": "請求書"}])
    Journal(path).append([])
    Journal(path).append([{"request_key": "a", "raw": "line\nbreak \u2028 and more"}])
    assert [r["request_key"] for r in Journal(path).read()] == ["a", "請求書", "a"]
    assert Journal(path).read()[2]["raw"] == "line\nbreak \u2028 and more"


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(RECORDS, min_size=1, max_size=4), data=st.data())
def test_a_torn_tail_costs_only_its_own_frame(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[Record]], data: st.DataObject
) -> None:
    path = UPath(tmp_path_factory.mktemp("journal") / "b.jsonl.zst")
    ends = []
    for group in groups:
        Journal(path).append(group)
        ends.append(path.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]), label="bytes left after the crash")
    path.write_bytes(path.read_bytes()[:cut])

    whole = [record for group, end in zip(groups, ends, strict=True) if end <= cut for record in group]
    assert Journal(path).read() == whole
    assert Journal(path).mend() == Mended(cut - max([0, *(end for end in ends if end <= cut)]))
    Journal(path).append([{"request_key": "after"}])
    assert Journal(path).read() == [*whole, {"request_key": "after"}]


CHECKSUM_BYTES = 4
"""Behind the last block of a Zstandard frame (RFC 8878, 3.1.1)."""


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(RECORDS, min_size=1, max_size=6), data=st.data())
def test_a_flipped_bit_costs_only_its_own_frame(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[Record]], data: st.DataObject
) -> None:
    path = UPath(tmp_path_factory.mktemp("journal") / "b.jsonl.zst")
    ends = [0]
    for group in groups:
        Journal(path).append(group)
        ends.append(path.stat().st_size)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1), label="byte")
    content[at] ^= 1 << data.draw(st.integers(0, 7), label="bit")
    path.write_bytes(content)

    hit = next(n for n, end in enumerate(ends[1:]) if at < end)
    others = [record for n, group in enumerate(groups) if n != hit for record in group]
    # a bit of a frame's header may change nothing that counts; one of them says that no checksum follows
    assert Journal(path).read() in (others, [record for group in groups for record in group])
    mended = Journal(path).mend()
    kept = b"".join(aside.read_bytes() for aside in mended.damaged)
    assert mended.torn_bytes + len(kept) in (0, CHECKSUM_BYTES, ends[hit + 1] - ends[hit])
    Journal(path).append([{"request_key": "after"}])
    assert Journal(path).read()[-1] == {"request_key": "after"}
    assert Journal(path).mend() == Mended(), "mended once is mended"


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        pytest.param(lambda data, _: b"not zstd at all" + data, "abc", id="before all"),
        pytest.param(lambda data, _: data + b"not zstd at all", "abc", id="behind all"),
        pytest.param(lambda data, at: data[: at + 9] + data[at + 10 :], "ac", id="a byte is missing"),
        pytest.param(lambda data, at: data[:at] + bytes(4096) + data[at:], "abc", id="a block of zeros"),
        pytest.param(lambda data, at: data[: at + 5] + data[at:], "abc", id="a frame begun twice"),
    ],
)
def test_what_is_damaged_is_set_aside(path: UPath, broken: Callable[[bytes, int], bytes], left: str) -> None:
    ends = []
    for key in "abc":
        Journal(path).append([{"request_key": key, "raw": "請求書" * 100}])
        ends.append(path.stat().st_size)
    whole = path.read_bytes()
    path.write_bytes(broken(whole, ends[0]))
    assert "".join(str(r["request_key"]) for r in Journal(path).read()) == left
    damaged = Journal(path).mend().damaged
    assert damaged
    assert all(aside.exists() for aside in damaged)
    Journal(path).append([{"request_key": "d"}])
    assert "".join(str(r["request_key"]) for r in Journal(path).read()) == left + "d"


def test_damage_on_object_storage_is_set_aside(path: UPath) -> None:
    remote = UPath(f"memory://{uuid.uuid4().hex}/responses/multi_lan/b.jsonl.zst")
    for key in "abc":
        Journal(remote).append([{"request_key": key}])
    [first, *_] = sorted((remote.parent / "b").iterdir())
    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    first.write_bytes(bytes(content))
    mended = Journal(remote).mend()
    assert [aside.read_bytes() for aside in mended.damaged] == [bytes(content)]
    Journal(remote).compact()
    assert [r["request_key"] for r in Journal(remote).read()] == ["b", "c"]
    assert all(aside.exists() for aside in mended.damaged)
