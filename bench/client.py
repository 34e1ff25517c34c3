"""The service client: against an account's limits, and on a local port, beside what a user would otherwise write.

Simulated or compressed time where only waiting is measured; CPU is that of the calling process alone.
"""

import statistics
from collections.abc import Callable

from bench.client_limits import (
    BY_CALLS,
    BY_TOKENS,
    LATENCY_SECONDS,
    SPEED,
    Setting,
    Traffic,
    dashscope_sdk,
    openai_sdk,
    ours,
)
from bench.client_peers import Figures, measured
from bench.loopback import LINES, Loopback, loopback

IN_FLIGHT = 256
REPEATS = 3
OURS, DASHSCOPE, POOLED = "ours", "dashscope SDK, threads", "dashscope SDK, threads, pooled"


def main() -> None:
    lines = limit_goals()
    with loopback() as server:
        lines += [*half_second_goals(server), *ten_second_goals(server), *memory_goals(server)]
        streaming(server)
    print()
    print("\n".join(lines))


# --- limits ------------------------------------------------------------------------------------------------------


def limit_goals() -> list[str]:
    """Ten simulated minutes under two accounts; the peers under the first."""
    print(
        f"ten simulated minutes, {LATENCY_SECONDS:.0f} s latency; {BY_CALLS.requests_per_minute} calls a minute"
    )
    print(f"{'':54s}{'answered':>9s}{'of limit':>9s}{'429':>8s}{'lost':>6s}{'calls/s':>8s}{'tokens/s':>9s}")
    calls = say_traffic("ours (virtual time)", BY_CALLS, lambda: ours(BY_CALLS))
    say_traffic("openai SDK, 32 tasks, 2 retries (virtual time)", BY_CALLS, lambda: openai_sdk(BY_CALLS, 2))
    say_traffic("openai SDK, 32 tasks, 6 retries (virtual time)", BY_CALLS, lambda: openai_sdk(BY_CALLS, 6))
    say_traffic(
        f"dashscope SDK, 32 threads, back-off ({SPEED}×)", BY_CALLS, lambda: dashscope_sdk(BY_CALLS, "calls")
    )
    print(f"pages of {BY_TOKENS.image_tokens} image tokens; {BY_TOKENS.tokens_per_minute:,} tokens a minute")
    tokens = say_traffic("ours (virtual time)", BY_TOKENS, lambda: ours(BY_TOKENS))
    peak_calls = calls.calls_in_a_second / (BY_CALLS.requests_per_minute / 60)
    peak_tokens = tokens.tokens_in_a_second / (BY_TOKENS.tokens_per_minute / 60)
    return [
        at_least("of_call_limit", calls.answered / BY_CALLS.allowed_calls, 0.97),
        at_most("calls_answered_429", calls.refused_share, 0.005),
        at_most("calls_in_a_second", peak_calls, 1.05, "× allowed"),
        at_least("of_token_limit", tokens.answered / BY_TOKENS.allowed_calls, 0.97),
        at_most("calls_answered_429_by_tokens", tokens.refused_share, 0.005),
        at_most("tokens_in_a_second", peak_tokens, 1.05, "× allowed"),
    ]


def say_traffic(name: str, setting: Setting, run: Callable[[], Traffic]) -> Traffic:
    seen = run()
    print(
        f"  {name:52s}{seen.answered:9,}{seen.answered / setting.allowed_calls:9.1%}{seen.refused_share:8.1%}"
        f"{seen.given_up:6}{seen.calls_in_a_second:8}{seen.tokens_in_a_second:9,}",
        flush=True,
    )
    return seen


# --- a local port ------------------------------------------------------------------------------------------------


def half_second_goals(server: Loopback) -> list[str]:
    """Answers after 500 ms: eight rounds of all that is in flight, ours and the SDK in turns."""
    begin_table("answers after 500 ms")
    shares, ratios, pooled_ratios, connections = [], [], [], []
    for _ in range(REPEATS):
        mine, opened = say_load(server, OURS, 500, rounds=8)
        theirs, _ = say_load(server, DASHSCOPE, 500, rounds=3)
        pooled, _ = say_load(server, POOLED, 500, rounds=3)
        shares.append(share(mine, 500))
        connections.append(opened / IN_FLIGHT)
        ratios.append(mine.cpu_ms / theirs.cpu_ms)
        pooled_ratios.append(mine.cpu_ms / pooled.cpu_ms)
    say_load(server, "aiohttp", 500, rounds=8)
    say_load(server, "openai SDK", 500, rounds=2)
    say_load(server, "httpx", 500, rounds=1)
    return [
        at_least("of_concurrency_500ms", statistics.median(shares), 0.80),
        at_most("connections", statistics.median(connections), 1.1, "× in flight"),
        at_most("cpu", statistics.median(ratios), 0.7, "× dashscope SDK"),
        at_most("cpu_pooled", statistics.median(pooled_ratios), 0.7, "× dashscope SDK, pooled"),
    ]


def ten_second_goals(server: Loopback) -> list[str]:
    """Answers after 10 s: hardly any work, and connections that have to stay open."""
    begin_table("answers after 10 s")
    mine, opened = say_load(server, OURS, 10_000, rounds=3)
    return [
        at_least("of_concurrency_10s", share(mine, 10_000), 0.80),
        at_most("connections_10s", opened / IN_FLIGHT, 1.1, "× in flight"),
    ]


def memory_goals(server: Loopback) -> list[str]:
    """10,000 answers as fast as they come, in one process."""
    server.connections()
    after_1_000, after_10_000 = measured(OURS, server.at(0), IN_FLIGHT, 1_000, 9_000)
    print(
        f"memory: {after_1_000.resident_mb:.0f} MB after 1,000 calls, {after_10_000.resident_mb:.0f} MB after 10,000"
        f" ({after_10_000.calls / after_10_000.seconds:.0f} calls/s)"
    )
    return [
        at_most("memory", after_10_000.resident_mb / after_1_000.resident_mb, 1.05, "× after 1,000 calls")
    ]


def streaming(server: Loopback) -> None:
    """For the record: a long answer in one piece, and in a thousand events over a second."""
    address = server.at(1_000, LINES[-1])
    _, whole = measured(OURS, address, 8, 1, 64)
    _, streamed = measured("ours, streamed", address, 8, 1, 64)
    print(
        f"an answer of {LINES[-1]:,} lines: {whole.cpu_ms:.1f} ms CPU in one piece,"
        f" {streamed.cpu_ms:.1f} ms as {LINES[-1]:,} events"
    )


def begin_table(title: str) -> None:
    print(f"{title + f', {IN_FLIGHT} in flight':40s}{'share':>8s}{'CPU ms':>8s}{'opened':>8s}{'MB':>6s}")


def say_load(server: Loopback, way: str, milliseconds: int, *, rounds: int) -> tuple[Figures, int]:
    """One way in a new process, and how many connections it opened."""
    server.connections()
    _, figures = measured(way, server.at(milliseconds), IN_FLIGHT, 1, rounds * IN_FLIGHT)
    opened = server.connections()
    unanswered = figures.calls - figures.answered
    print(
        f"  {way:38s}{share(figures, milliseconds):8.2f}{figures.cpu_ms:8.2f}{opened:8}{figures.resident_mb:6.0f}"
        + (f"  {unanswered} of {figures.calls} not answered" if unanswered else ""),
        flush=True,
    )
    return figures, opened


def share(figures: Figures, milliseconds: int) -> float:
    """Of the calls a second that concurrency ÷ latency would give."""
    return figures.answered / figures.seconds / (IN_FLIGHT / milliseconds * 1000)


# --- goals -------------------------------------------------------------------------------------------------------


def at_least(name: str, figure: float, wanted: float) -> str:
    return f"client.{name} {figure:.3f} >={wanted} {'ok' if figure >= wanted else 'short'}"


def at_most(name: str, figure: float, wanted: float, unit: str = "") -> str:
    return f"client.{name} {figure:.3f} <={wanted} {unit} {'ok' if figure <= wanted else 'short'}".replace(
        "  ", " "
    )
