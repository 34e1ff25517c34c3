"""The limits of an account: what is let in when, in seconds and tokens."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.emulator.account import Account, AccountLimits, BurstRamp, SlidingWindow
from qwenocr_assets.engine.wire.errors import ErrorCode, WireError

MODEL = "qwen-vl-ocr-2025-11-20"
RATE, ALLOCATION, BURST = ErrorCode.RATE_QUOTA, ErrorCode.ALLOCATION_QUOTA, ErrorCode.BURST_RATE


def met(account: Account, at: float, tokens: int = 0, model: str = MODEL) -> ErrorCode | None:
    """The limit that a call meets, None if it is let in."""
    try:
        account.admit(model, at)
        account.spend(model, tokens, at)
    except WireError as error:
        return ErrorCode(error.code)
    return None


def verdicts(limits: AccountLimits, calls: list[tuple[float, int]]) -> list[ErrorCode | None]:
    account = Account(limits)
    return [met(account, at, tokens) for at, tokens in calls]


@pytest.mark.parametrize(
    ("limits", "calls", "expected"),
    [
        pytest.param(AccountLimits(), [(0.0, 10**9)] * 3, [None] * 3, id="no limits"),
        pytest.param(
            AccountLimits(60, None, None), [(0, 1), (0.5, 1), (1, 1)], [None, RATE, None], id="a second"
        ),
        pytest.param(
            AccountLimits(3, None, None),
            [(0, 1), (1, 1), (2, 1), (3, 1), (59.9, 1), (60, 1)],
            [None, None, None, RATE, RATE, None],
            id="a minute",
        ),
        pytest.param(
            AccountLimits(90, None, None),
            [(0, 1), (0.1, 1), (0.2, 1)],
            [None, None, RATE],
            id="1.5 a second are 2",
        ),
        pytest.param(
            AccountLimits(None, 6_000, None),
            [(0, 60), (0.5, 40), (0.9, 1), (1.0, 60)],
            [None, None, ALLOCATION, None],
            id="tokens of a second",
        ),
        pytest.param(
            AccountLimits(None, 6_000, None),
            [(0, 60), (0.5, 41), (0.6, 40)],
            [None, ALLOCATION, None],
            id="a call that would go over",
        ),
        pytest.param(
            AccountLimits(None, 6_000, None),
            [(0, 500), (0.9, 1), (1.0, 500)],
            [None, ALLOCATION, None],
            id="more than a second's tokens pass alone",
        ),
        pytest.param(
            AccountLimits(None, 6_000, None),
            [(0, 3_000), (1, 2_999), (2, 1), (3, 1), (60, 1)],
            [None, None, None, ALLOCATION, None],
            id="tokens of a minute",
        ),
        pytest.param(
            AccountLimits(600),
            [(0.0, 1)] * 7,
            [None] * 5 + [BURST] * 2,
            id="half of a second's calls at first",
        ),
        pytest.param(
            AccountLimits(600),
            [(0.0, 1), (5.0, 1), *[(6.0, 1)] * 10],
            [None] * 12,
            id="all of them after five seconds",
        ),
        pytest.param(
            AccountLimits(600),
            [(0.0, 1), (9.0, 1), (19.0, 1), *[(19.5, 1)] * 6],
            [None] * 3 + [None] * 5 + [BURST],
            id="anew after ten idle seconds",
        ),
        pytest.param(
            AccountLimits(600, burst_ramp=BurstRamp(60, 0.1, 9.0)),
            [(0.0, 1), (0.0, 1), *[(4.5, 1)] * 7],
            [None, BURST, *[None] * 6, BURST],
            id="another ramp",
        ),
    ],
)
def test_limits(
    limits: AccountLimits, calls: list[tuple[float, int]], expected: list[ErrorCode | None]
) -> None:
    assert verdicts(limits, calls) == expected


def test_each_model_has_its_own_limits() -> None:
    account = Account(AccountLimits(60, None, None))
    assert [met(account, 0, model=name) for name in ("a", "b", "a")] == [None, None, RATE]


@pytest.mark.parametrize("per_minute", [6, 60, 90, 600, 1_200, 6_000])
def test_who_rises_steadily_in_ten_seconds_is_never_refused(per_minute: int) -> None:
    account = Account(AccountLimits(per_minute))
    now, refused = 0.0, []
    while now < 120:
        if (code := met(account, now)) is not None:
            refused.append((now, code))
        now += 60 / per_minute / min(1.0, 0.25 + 0.075 * now)
    assert not refused


def test_a_window_forgets() -> None:
    window = SlidingWindow(1)
    assert [window.add(at, 10) for at in (0.0, 0.5, 0.998, 1.0, 1.6)] == [10, 20, 30, 30, 30]
    assert window.total(10) == 0


CALLS = st.lists(st.tuples(st.integers(0, 4_000), st.integers(1, 400)), max_size=120)
"""Milliseconds since the call before, and tokens."""


@given(
    calls=CALLS, per_minute=st.sampled_from([20, 60, 150]), tokens_per_minute=st.sampled_from([3_000, 9_000])
)
def test_what_is_let_in_never_exceeds_a_limit_and_fills_it(
    calls: list[tuple[int, int]], per_minute: int, tokens_per_minute: int
) -> None:
    """Counted anew for each call over all that were let in: at most the limits, and no refusal without need."""
    account = Account(AccountLimits(per_minute, tokens_per_minute, None))
    admitted: list[float] = []
    spent: list[tuple[float, int]] = []
    now = 0.0
    for pause, tokens in calls:
        now += pause / 1000
        code = met(account, now, tokens)

        def requests_in(seconds: float, at: float = now) -> int:
            return sum(1 for then in admitted if at - then < seconds - 0.001)

        def tokens_in(seconds: float, at: float = now) -> int:
            return sum(n for then, n in spent if at - then < seconds - 0.001)

        too_many_requests = requests_in(60) >= per_minute or requests_in(1) >= math.ceil(per_minute / 60)
        limits = ((60, tokens_per_minute), (1, tokens_per_minute / 60))
        full = any(tokens_in(seconds) >= allowed for seconds, allowed in limits)
        over = any(0 < tokens_in(seconds) > allowed - tokens for seconds, allowed in limits)
        assert code == (ALLOCATION if full else RATE if too_many_requests else ALLOCATION if over else None)
        if not full and not too_many_requests:
            admitted.append(now)
        if code is None:
            spent.append((now, tokens))
