"""Asking in real time: whole PDFs first, then pages, in one region after the other, beside runs that ask the same."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.asking.batch_answers import AnyQuestion, BatchAnswers, Judge, PdfQuestion, Question
from qwenocr_assets.asking.draining import Drain
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Advance, Progress
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.qwenocr.errors import ServiceDown, ServiceError
from qwenocr_assets.qwenocr.purse import Purse
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.rows import OcrRequestRow
from qwenocr_assets.tables.completeness import incomplete, said_of_no_page

_POLL_SECONDS = 0.5
_SAVED_SECONDS = 1.0
"""After this, an answer that was paid for is in its journal."""

OpenPurse = Callable[[Account], AbstractAsyncContextManager[Purse]]


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked in real time."""

    whole: list[PdfQuestion]
    """About whole PDFs; what their answers leave is asked page by page."""
    usual: list[Question]
    late: list[Question]
    """In the dialect of batches, which could not take them."""

    def of(self, request_keys: Collection[str]) -> "Questions":
        """Those with one of these keys."""
        return Questions(
            [q for q in self.whole if q.request_key in request_keys],
            [q for q in self.usual if q.request_key in request_keys],
            [q for q in self.late if q.request_key in request_keys],
        )

    def __iter__(self) -> Iterator[AnyQuestion]:
        yield from self.whole
        yield from self.usual
        yield from self.late

    def __len__(self) -> int:
        return len(self.whole) + len(self.usual) + len(self.late)


@dataclass(frozen=True, slots=True)
class RealTime:
    """What asking a batch's questions needs."""

    environment: Environment
    service: QwenOcr
    budget: CostBudget
    requests: Sequence[OcrRequestRow]
    answers: BatchAnswers
    find: Callable[[], Questions]
    """What is still to be asked, as the journals are now."""
    advance: Advance
    drain: Drain
    tell: Callable[[str], object]
    on_account: Callable[[Account], object] = lambda _: None
    """Hears whose account is asked, when it is taken."""

    def ask(self, questions: Questions, open_purse: OpenPurse) -> QwenocrError | None:
        """Ask in the region that is set; while that one is down, what is left in those listed to go on with.

        What the answers to whole PDFs leave is asked page by page. Returns why the service refused every call.
        """
        return asyncio.run(self._ask(questions, open_purse))

    async def _ask(self, questions: Questions, open_purse: OpenPurse) -> QwenocrError | None:
        if not questions:
            # the ledger learns that nothing of the batch waits for money any more
            async with open_purse(self.environment.accounts[0]):
                return None
        refused: QwenocrError | None = None
        batch_id = self.answers.batch_id
        for accounts in self.environment.accounts_in_order:
            account = self.budget.take_account(batch_id, accounts, self.requests)
            self.on_account(account)
            async with open_purse(account) as purse:
                refused = await self._ask_with(account, purse, questions)
            if not isinstance(refused, ServiceDown) or _stand_apart(accounts):
                self.budget.note_account(batch_id, account, accounts, refused)
            refused = of_account(refused, account, accounts, self.tell)
            if not isinstance(refused, ServiceDown) or self.drain.begun:
                break
            questions = self.find()
        return refused

    async def _ask_with(self, account: Account, purse: Purse, questions: Questions) -> ServiceError | None:
        refused: ServiceError | None = None
        if questions.whole:
            refused = await self._ask_some(
                questions.whole,
                account.speaking(Protocol.RESPONSES),
                purse,
                lambda _, answer: said_of_no_page(answer),
            )
            questions = self.find()
        in_dialects = (
            (questions.usual, account),
            (questions.late, account.speaking(Protocol.OPENAI)),
        )
        for asked, there in in_dialects:
            if asked and refused is None and not self.drain.begun:
                refused = await self._ask_some(asked, there, purse, incomplete)
        return refused

    async def _ask_some(
        self, asked: Sequence[AnyQuestion], account: Account, purse: Purse, judge: Judge
    ) -> ServiceError | None:
        async with self.service.client(account, purse, self.tell) as client:
            return await self.answers.ask(
                asked,
                client,
                account.model,
                self.environment.catalogue.version,
                account=account.name,
                judge=judge,
                on_reply=self.advance,
                concurrency=self.service.in_flight,
                drain=self.drain,
            )


def of_account(
    refused: ServiceError | None,
    account: Account,
    accounts: Sequence[Account],
    tell: Callable[[str], object],
) -> ServiceError | None:
    """A refusal of every call with the account's name, where accounts have names; people are told what comes next."""
    if refused is None or account.entry is None:
        return refused
    named = type(refused)(
        replace(refused.fault, message=f"account {account.name}: {refused.fault.message}"), refused.next_step
    )
    others = ", ".join(other.name for other in accounts if other is not account)
    if others and not isinstance(refused, ServiceDown):
        tell(
            f"The service refuses every call of account {account.name} ({refused.fault.code or 'no code'}). It is left "
            f"alone for an hour; when the intake is asked again, it takes another: {others}."
        )
    return named


def _stand_apart(accounts: Sequence[Account]) -> bool:
    """Whether one may be down and others not: they are at different addresses."""
    return len({account.region.host for account in accounts}) > 1


@dataclass(frozen=True, slots=True)
class Others:
    """Runs of other batches that ask the same."""

    environment: Environment
    budget: CostBudget
    answers: BatchAnswers
    requests: Sequence[OcrRequestRow]
    progress: Progress

    def ask_rest(
        self,
        find: Callable[[], Questions],
        ask: Callable[[Questions, float | None], QwenocrError | None],
        drain: Drain,
    ) -> QwenocrError | None:
        """Take over what others were asked, and ask what they leave; what they keep for too long is asked as well."""
        seconds = self.environment.settings.batch_wait_seconds
        give_up_at = time.monotonic() + seconds
        self.progress.note(
            f"{len(self.answers.put_off):,} questions are asked by another run just now. Waiting for its answers, at "
            f"most {seconds:g} s."
        )
        refused = None
        while self.answers.put_off and refused is None and not drain.begun:
            keys = {question.request_key for question in self.answers.put_off}
            self._wait(keys, give_up_at, drain)
            since = time.time()
            asked = [r for r in self.requests if keys & {r["request_key"], r.get("whole_key")}]
            self.answers.take_over(asked, frozenset())
            left = find().of(keys | {r["request_key"] for r in asked})
            self.answers.put_off.clear()
            if left:
                refused = ask(left, since if time.monotonic() < give_up_at else None)
        return refused

    def _wait(self, keys: Collection[str], give_up_at: float, drain: Drain) -> None:
        while time.monotonic() < give_up_at and not drain.begun:
            if not self.budget.asked_elsewhere(self.answers.batch_id) & set(keys):
                break
            time.sleep(_POLL_SECONDS)
        time.sleep(_SAVED_SECONDS)
