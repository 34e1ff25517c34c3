"""The journal: what was appended is read back, whatever a crash did to its tail."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from qwenocr_assets.storage.journal import Journal, Record

RECORDS = st.lists(
    st.fixed_dictionaries({"request_key": st.text(min_size=1), "raw": st.text()}), min_size=1, max_size=4
)


@pytest.fixture
def path(tmp_path: Path) -> UPath:
    return UPath(tmp_path / "responses" / "b.jsonl.zst")


def test_nothing_journalled_reads_as_nothing(path: UPath) -> None:
    assert Journal(path).read() == []
    assert Journal(path).mend() == 0


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
    assert Journal(path).mend() == cut - max([0, *(end for end in ends if end <= cut)])
    Journal(path).append([{"request_key": "after"}])
    assert Journal(path).read() == [*whole, {"request_key": "after"}]


def test_garbage_at_the_end_is_cut_off(path: UPath) -> None:
    Journal(path).append([{"request_key": "a"}])
    with path.open("ab") as file:
        file.write(b"not zstd at all")
    assert Journal(path).mend() == len(b"not zstd at all")
    assert Journal(path).read() == [{"request_key": "a"}]
