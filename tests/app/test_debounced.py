"""What is done once after many small changes, and what becomes of a failure."""

import pytest

from qwenocr_assets.app.debounced import Debounced
from tests.waiting import wait_until


def test_what_failed_is_done_with_the_next_change(caplog: pytest.LogCaptureFixture) -> None:
    done: list[frozenset[str]] = []

    def do(batches: frozenset[str]) -> None:
        done.append(batches)
        if len(done) == 1:
            raise OSError("no room")

    debounced = Debounced(do, 0.0)
    debounced.ask("a")
    wait_until(lambda: len(done) == 1, "the first try")
    debounced.ask("b")
    debounced.close()
    assert done == [{"a"}, {"a", "b"}]
    assert "no room" in caplog.text
