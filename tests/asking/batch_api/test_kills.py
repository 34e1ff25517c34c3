"""A process that is killed again and again submits no request twice and loses none."""

import pytest

from bench.batch import measure


@pytest.mark.slow
def test_kills_at_random_points() -> None:
    found = measure(600, files=3, kills=5, seed=3)
    assert found.answered == found.billed_calls == 600
    assert (found.settled_usd, found.open_usd) == (found.bill_usd, 0)
    assert found.kills > 0
    assert found.peak_mb < 300
