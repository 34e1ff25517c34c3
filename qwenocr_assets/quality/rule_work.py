"""The work of rules in a process of its own, bounded in time and memory.

Python's `re` cannot be interrupted, nor a module of python-stdnum, and DuckDB's functions may fill the memory past
`memory_limit`: what never ends can only be killed. See docs/decisions.md.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from time import process_time
from types import TracebackType
from typing import Any, Self, TypeVar

from qwenocr_assets.workers.pool import Ended, Job, Workers
from qwenocr_assets.workers.words import Fault, Words

ANSWER_SECONDS = 5.0
"""How long a rule may take for one value or one document."""
BATCH_SECONDS = 60.0
"""How long it may compute for a batch, in all."""
MOST_LOSSES = 3
"""How often it may exceed its bounds before it is given up for the batch."""
MEMORY_MB = 1_024
"""Address space of its process; DuckDB and Python take 300 MiB of it."""

ITSELF = "The rule itself failed: "
"""What a reason begins with that says nothing of the value."""

_WORDS: Words = {
    Fault.SLOW: (f"{ITSELF}it took longer than {{}} seconds.", "Make it simpler."),
    Fault.LARGE: (f"{ITSELF}it needs more than {{}} MiB of memory.", "Make it simpler."),
    Fault.CRASHED: (f"{ITSELF}it crashed ({{}}).", "Make it simpler."),
    Fault.FAILED: (f"{ITSELF}{{}}.", "See whether the value is of the kind that the rule is about."),
}


T = TypeVar("T")


class RuleFailed(Exception):
    """A rule could not be applied; its text is the reason."""


class RuleWork:
    """Asks the questions of one batch's rules; a context manager. Its process starts with the first question."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS, batch_seconds: float = BATCH_SECONDS) -> None:
        self._workers = Workers(1, _WORDS, MEMORY_MB, answer_seconds)
        self._batch_seconds = batch_seconds
        self._losses: Counter[str] = Counter()
        self._computed: defaultdict[str, float] = defaultdict(float)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._workers.__exit__(kind, error, trace)

    def ask(self, rule: str, question: Callable[..., Iterator[T]], *arguments: Any) -> T:
        """The answer to a question of `rule_questions`, asked for a rule.

        Raises:
            RuleFailed: it raised, took too long or too much memory, or the rule was given up.
        """
        if self._losses[rule] >= MOST_LOSSES:
            raise RuleFailed(f"{ITSELF}it exceeded its time or memory {MOST_LOSSES} times in this intake.")
        if self._computed[rule] > self._batch_seconds:
            raise RuleFailed(f"{ITSELF}it took longer than {self._batch_seconds:g} seconds for this intake.")
        answers: list[tuple[float, T]] = []
        ends: list[Ended] = []

        def finish(ended: Ended) -> tuple[Job, ...]:
            ends.append(ended)
            return ()

        self._workers.run([Job(_timed, (question, arguments), answers.append, finish)])
        (end,) = ends
        if end.reason is not None:
            self._losses[rule] += end.lost
            raise RuleFailed(end.reason.message)
        ((seconds, answer),) = answers
        self._computed[rule] += seconds
        return answer


def _timed(question: Callable[..., Iterator[T]], arguments: tuple[Any, ...]) -> Iterator[tuple[float, T]]:
    began = process_time()
    (answer,) = question(*arguments)
    yield process_time() - began, answer
