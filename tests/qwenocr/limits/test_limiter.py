"""The limiter in virtual time, against services that answer, throttle, fail or hang."""

import asyncio
import itertools
import math
import re
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.qwenocr.errors import ServiceDown
from qwenocr_assets.qwenocr.limits import AccountLimits, Limiter, Slot

Sent = list[tuple[float, int]]
Service = Callable[[Slot, int], Awaitable[None]]


def now() -> float:
    return asyncio.get_running_loop().time()


def most_in_a_second(sent: Sent) -> tuple[int, int]:
    """The most calls, and the most tokens, that any one second saw."""
    most_calls = most_tokens = first = tokens = 0
    ordered = sorted(sent)
    for last, (at, used) in enumerate(ordered):
        tokens += used
        while ordered[first][0] <= at - 1:
            tokens -= ordered[first][1]
            first += 1
        most_calls = max(most_calls, last - first + 1)
        most_tokens = max(most_tokens, tokens)
    return most_calls, most_tokens


async def drive(
    limiter: Limiter, seconds: float, service: Service, *, askers: int = 200, tokens: int = 1000
) -> Sent:
    """Many askers call the service as often as the limiter lets them. What was sent, and when."""
    sent: Sent = []

    async def ask() -> None:
        while True:
            async with limiter.slot(tokens) as slot:
                sent.append((now(), tokens))
                await service(slot, tokens)

    tasks = [asyncio.create_task(ask()) for _ in range(askers)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return sent


def answering(seconds: float) -> Service:
    async def service(slot: Slot, tokens: int) -> None:
        await asyncio.sleep(seconds)
        slot.answered(tokens)

    return service


@settings(max_examples=100)
@given(
    requests=st.none() | st.integers(20, 3000),
    tokens_per_minute=st.none() | st.integers(60_000, 12_000_000),
    sizes=st.lists(st.integers(1, 40_000), min_size=1, max_size=8),
    used=st.floats(0.3, 2.0),
    latency=st.floats(0.05, 5.0),
    jitter=st.lists(st.floats(0, 0.0099), min_size=1, max_size=7),
)
def test_no_second_sees_more_than_the_limits(
    requests: int | None,
    tokens_per_minute: int | None,
    sizes: list[int],
    used: float,
    latency: float,
    jitter: list[float],
) -> None:
    limits = AccountLimits(requests, tokens_per_minute)

    async def main() -> Sent:
        limiter = Limiter(limits, max_in_flight=64, ramp_seconds=2)
        sent: Sent = []

        async def call(size: int) -> None:
            async with limiter.slot(size) as slot:
                sent.append((now(), size))
                await asyncio.sleep(latency)
                slot.answered(round(size * used))

        await asyncio.gather(*(call(size) for size in itertools.islice(itertools.cycle(sizes), 150)))
        return sent

    sent = run_in_virtual_time(main())
    assert len(sent) == 150
    seen = [(at + delay, tokens) for (at, tokens), delay in zip(sent, itertools.cycle(jitter), strict=False)]
    for moments in (sent, seen):
        calls, tokens = most_in_a_second(moments)
        if requests is not None:
            assert calls <= math.ceil(requests / 60)
        if tokens_per_minute is not None:
            assert tokens <= max(tokens_per_minute / 60, *sizes, 0)


RATES = {
    "600 a minute, 2 s": (AccountLimits(600, 6_000_000), 2.0, 4000, 64, 0.98 * 6000),
    "1,200 a minute, 2 s": (AccountLimits(1200, None), 2.0, 4000, 64, 0.98 * 12000),
    "100 a minute, 9 s": (AccountLimits(100, None), 9.0, 4000, 64, 0.98 * 1000),
    "1 a minute": (AccountLimits(1, None), 2.0, 4000, 64, 9),
    # of 8,194 tokens only twelve fit into a second's 100,000: 98.3 % of them
    "full pages, bound by tokens": (AccountLimits(1200, 6_000_000), 2.0, 8194, 64, 0.98 * 12 / 1.01 * 600),
    "each more than a second's tokens": (AccountLimits(600, 600_000), 2.0, 25_000, 64, 0.97 * 240),
    "as many as may be in flight": (AccountLimits(), 2.0, 4000, 64, 0.99 * 64 / 2 * 600),
}


@pytest.mark.parametrize(("limits", "latency", "tokens", "in_flight", "least"), RATES.values(), ids=RATES)
def test_nearly_all_of_the_rate_is_used(
    limits: AccountLimits, latency: float, tokens: int, in_flight: int, least: float
) -> None:
    async def main() -> Sent:
        limiter = Limiter(limits, max_in_flight=in_flight)
        return await drive(limiter, 600, answering(latency), tokens=tokens)

    assert len(run_in_virtual_time(main())) >= least


def test_the_rate_rises_slowly_after_a_start_and_after_a_long_rest() -> None:
    async def main() -> list[int]:
        limiter = Limiter(AccountLimits(600), max_in_flight=64, ramp_seconds=10)
        first = await drive(limiter, 20, answering(1))
        start = now()
        at_once = await drive(limiter, 2, answering(1))
        await asyncio.sleep(100)
        later = now()
        after_rest = await drive(limiter, 2, answering(1))
        return [
            sum(at < 2 for at, _ in first),
            sum(at >= 18 for at, _ in first),
            sum(at < start + 2 for at, _ in at_once),
            sum(at < later + 2 for at, _ in after_rest),
        ]

    slow, full, at_once, after_rest = run_in_virtual_time(main())
    assert slow <= 8
    assert full >= 19
    assert at_once >= 19
    assert after_rest <= 8


@pytest.mark.parametrize(
    ("estimate", "used", "pages_a_minute"),
    [(5000, 10_000, 59.4), (1000, 40_000, 14.9), (2500, 2000, 237.6)],
    ids=[
        "twice the estimate",
        "far more than a second's tokens",
        "less: no second is overbooked all the same",
    ],
)
def test_the_reported_tokens_decide_the_pace(estimate: int, used: int, pages_a_minute: float) -> None:
    async def service(slot: Slot, tokens: int) -> None:
        await asyncio.sleep(2)
        slot.answered(used)

    async def main() -> Sent:
        limiter = Limiter(AccountLimits(600, 600_000), max_in_flight=64)
        return await drive(limiter, 1200, service, tokens=estimate)

    # what was sent in the last two seconds is not paid off yet
    assert len(run_in_virtual_time(main())) == pytest.approx(20 * pages_a_minute, rel=0.05)


def test_hours_of_throttling_are_survived() -> None:
    recovers_at = 3 * 3600.0

    async def service(slot: Slot, tokens: int) -> None:
        await asyncio.sleep(0.3)
        if 60 <= now() < recovers_at:
            slot.throttled()
        else:
            await asyncio.sleep(1.7)
            slot.answered(tokens)

    async def main() -> Sent:
        limiter = Limiter(AccountLimits(600), max_in_flight=64)
        return await drive(limiter, recovers_at + 600, service)

    sent = [at for at, _ in run_in_virtual_time(main())]
    refused = [at for at in sent if 120 <= at < recovers_at]
    assert 100 <= len(refused) <= 4 * recovers_at / 60  # a few for each pause of a minute
    after = [at for at in sent if at >= recovers_at + 180]
    assert len(after) >= 0.98 * 420 * 10


def test_an_account_that_is_throttled_for_a_day_is_given_up() -> None:
    told: list[tuple[float, str]] = []

    async def ask(limiter: Limiter) -> None:
        while True:
            async with limiter.slot(1000) as slot:
                slot.throttled()

    async def main() -> float:
        limiter = Limiter(
            AccountLimits(600), max_in_flight=4, tell=lambda message: told.append((now(), message))
        )
        with pytest.raises(ServiceDown, match="turned every call away for 1440 minutes"):
            await ask(limiter)
        return now()

    assert run_in_virtual_time(main()) == pytest.approx(86_400, abs=120)
    [(at, message)] = told
    assert 60 <= at <= 180
    assert "turns every call away" in message


def test_a_limit_lower_than_known_is_found() -> None:
    """Another user of the account takes half of it: few calls are refused, most of the rest is used."""
    answered: list[bool] = []
    admitted: list[float] = []

    async def service(slot: Slot, tokens: int) -> None:
        while admitted and admitted[0] <= now() - 1:
            admitted.pop(0)
        if len(admitted) >= 5:
            await asyncio.sleep(0.1)
            answered.append(False)
            slot.throttled()
            return
        admitted.append(now())
        await asyncio.sleep(2)
        answered.append(True)
        slot.answered(tokens)

    async def main() -> None:
        await drive(Limiter(AccountLimits(600), max_in_flight=64), 1200, service)

    run_in_virtual_time(main())
    assert answered.count(True) >= 0.75 * 5 * 1200
    assert answered.count(False) <= 0.02 * len(answered)


@pytest.mark.parametrize(("burst", "share"), [(False, 0.8), (True, 0.25)], ids=["rate", "burst"])
def test_throttling_holds_everyone_and_lowers_the_rate(burst: bool, share: float) -> None:
    refused_at = 30.0

    async def service(slot: Slot, tokens: int) -> None:
        refuse = not refusals and now() >= refused_at
        await asyncio.sleep(0.01)
        if refuse:
            refusals.append(now())
            slot.throttled(burst=burst)
        else:
            slot.answered(tokens)

    refusals: list[float] = []

    async def main() -> Sent:
        return await drive(Limiter(AccountLimits(1200), max_in_flight=64), 60, service)

    sent = [at for at, _ in run_in_virtual_time(main())]
    held = refusals[0]
    assert not [at for at in sent if held < at < held + 1]
    assert len([at for at in sent if held + 1 <= at < held + 2]) == pytest.approx(20 * share, abs=2)


def test_no_answer_for_too_long_is_told_to_everyone() -> None:
    async def service(slot: Slot, tokens: int) -> None:
        await asyncio.sleep(1)
        slot.failed("InternalError (HTTP 500): broken")

    async def main() -> tuple[Sent, list[str], float]:
        limiter = Limiter(AccountLimits(600), max_in_flight=16, patience_seconds=900)
        sent: Sent = []
        errors: list[str] = []

        async def ask() -> None:
            while True:
                async with limiter.slot(100) as slot:
                    sent.append((now(), 100))
                    await service(slot, 100)

        for result in await asyncio.gather(*(ask() for _ in range(50)), return_exceptions=True):
            assert isinstance(result, ServiceDown)
            errors.append(str(result))
        with pytest.raises(ServiceDown):
            await limiter.slot(100).__aenter__()
        return sent, errors, now()

    sent, errors, ended = run_in_virtual_time(main())
    assert 900 <= ended <= 1000
    assert len(sent) <= 16 + 30
    assert len(errors) == 50
    for error in errors:
        assert re.search(
            r"no call was answered for 1\d minutes; .* InternalError \(HTTP 500\): broken", error
        )


def test_one_probe_at_a_time_while_the_service_is_down() -> None:
    back_at = 300.0

    async def service(slot: Slot, tokens: int) -> None:
        await asyncio.sleep(0.5)
        if 20 <= now() < back_at:
            slot.failed()
        else:
            slot.answered(tokens)

    async def main() -> Sent:
        return await drive(Limiter(AccountLimits(1200), max_in_flight=64), 400, service)

    sent = [at for at, _ in run_in_virtual_time(main())]
    probes = [at for at in sent if 22 <= at < back_at]
    assert 5 <= len(probes) <= 12
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(probes))
    after = [at for at in sent if at > back_at]
    assert after[0] <= back_at + 61
    assert len([at for at in after if at <= after[0] + 2]) <= 16, "slowly at first"
    assert len([at for at in sent if at >= 385]) >= 0.95 * 15 * 20


@pytest.mark.parametrize("outcome", ["nothing", "throttled", "cancelled"])
def test_a_probe_that_says_nothing_makes_way_for_the_next(outcome: str) -> None:
    async def main() -> bool:
        limiter = Limiter(AccountLimits(), max_in_flight=4, failures=2)
        for _ in range(2):
            async with limiter.slot(1) as slot:
                slot.failed()

        async def probe() -> None:
            async with limiter.slot(1) as slot:
                if outcome == "throttled":
                    slot.throttled()
                elif outcome == "cancelled":
                    await asyncio.sleep(1000)

        first = asyncio.create_task(probe())
        await asyncio.sleep(10)
        first.cancel()
        async with asyncio.timeout(30), limiter.slot(1) as slot:
            slot.answered(1)
        return True

    assert run_in_virtual_time(main())


def test_failures_of_calls_sent_before_the_service_was_back_do_not_stop_it_again() -> None:
    async def main() -> float:
        limiter = Limiter(AccountLimits(), max_in_flight=50, failures=3)

        async def call(seconds: float, *, well: bool) -> None:
            async with limiter.slot(1) as slot:
                await asyncio.sleep(seconds)
                if well:
                    slot.answered(1)
                else:
                    slot.failed()

        late = [asyncio.create_task(call(60, well=False)) for _ in range(10)]
        await asyncio.gather(*(call(1, well=False) for _ in range(3)))
        await call(1, well=True)
        await asyncio.gather(*late)
        before = now()
        await call(0, well=True)
        return now() - before

    assert run_in_virtual_time(main()) == 0


@pytest.mark.parametrize(
    ("failing", "low", "high"),
    [(0, 64, 64), (50, 60, 64), (2, 1, 8)],
    ids=["none fails", "one in fifty fails", "every second fails"],
)
def test_fewer_calls_in_flight_under_overload(failing: int, low: int, high: int) -> None:
    calls = itertools.count(1)

    async def service(slot: Slot, tokens: int) -> None:
        number = next(calls)
        await asyncio.sleep(2)
        if failing and number % failing == 0:
            slot.failed()
        else:
            slot.answered(tokens)

    async def main() -> int:
        limiter = Limiter(AccountLimits(), max_in_flight=64)
        await drive(limiter, 300, service)
        return limiter.most_in_flight

    assert low <= run_in_virtual_time(main()) <= high


def test_places_grow_again_after_overload() -> None:
    """The service bears twenty calls at once and fails what comes on top."""
    running = 0
    answered: list[bool] = []

    async def service(slot: Slot, tokens: int) -> None:
        nonlocal running
        running += 1
        try:
            overloaded = running > 20
            await asyncio.sleep(2)
            answered.append(not overloaded)
            if overloaded:
                slot.failed()
            else:
                slot.answered(tokens)
        finally:
            running -= 1

    async def main() -> None:
        await drive(Limiter(AccountLimits(), max_in_flight=64), 600, service)

    run_in_virtual_time(main())
    assert answered.count(True) >= 0.7 * 20 / 2 * 600
    assert answered.count(False) <= 0.1 * len(answered)


def test_calls_go_in_the_order_in_which_they_asked() -> None:
    async def main() -> list[int]:
        limiter = Limiter(AccountLimits(600), max_in_flight=3)
        order: list[int] = []

        async def call(number: int) -> None:
            async with limiter.slot(1) as slot:
                order.append(number)
                await asyncio.sleep(1 + number % 3)
                slot.answered(1)

        await asyncio.gather(*(call(number) for number in range(40)))
        return order

    assert run_in_virtual_time(main()) == list(range(40))


@settings(max_examples=40)
@given(
    cancelled=st.sets(st.integers(0, 39)),
    after=st.floats(0, 12),
    in_flight=st.integers(1, 5),
    requests=st.none() | st.just(300),
)
def test_cancelled_calls_leave_nothing_behind(
    cancelled: set[int], after: float, in_flight: int, requests: int | None
) -> None:
    async def main() -> tuple[set[int], int, float]:
        limiter = Limiter(AccountLimits(requests), max_in_flight=in_flight, ramp_seconds=0)
        done: set[int] = set()

        async def call(number: int) -> None:
            async with limiter.slot(1) as slot:
                await asyncio.sleep(1)
                slot.answered(1)
            done.add(number)

        tasks = [asyncio.create_task(call(number)) for number in range(40)]
        await asyncio.sleep(after)
        for number in cancelled:
            tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        waited = now()
        await call(40)
        return done, limiter.in_flight, now() - waited

    done, running, seconds = run_in_virtual_time(main())
    assert set(range(41)) - cancelled <= done
    assert running == 0
    assert seconds <= 1.3


def test_the_wait_is_reported() -> None:
    async def main() -> list[float]:
        limiter = Limiter(AccountLimits(60), max_in_flight=8, ramp_seconds=0)
        waited = []
        for _ in range(3):
            async with limiter.slot(1) as slot:
                waited.append(slot.waited_ms)
        return waited

    first, second, third = run_in_virtual_time(main())
    assert first == 0
    assert second == pytest.approx(1010, abs=1)
    assert third == pytest.approx(1010, abs=1)


@pytest.mark.parametrize("limit", [0, -1, math.inf, math.nan])
def test_limits_that_cannot_be_meant(limit: float) -> None:
    with pytest.raises(ValueError, match="limit per minute"):
        AccountLimits(requests_per_minute=limit)
