"""What is free in the C library is given back now and then, where it can be."""

from types import SimpleNamespace
from typing import Any

import pytest

from qwenocr_assets.engine.reading.memory import FreedMemory


def _missing() -> Any:
    raise OSError("no such library")


def test_each_fourth_page_gives_back() -> None:
    asked: list[int] = []
    freed = FreedMemory(lambda: SimpleNamespace(malloc_trim=asked.append))
    for _ in range(9):
        freed.page_read()
    assert asked == [0, 0]


@pytest.mark.parametrize("library", [_missing, SimpleNamespace], ids=["no library", "another one"])
def test_other_systems_keep_theirs(library: Any) -> None:
    freed = FreedMemory(library)
    for _ in range(4):
        freed.page_read()
