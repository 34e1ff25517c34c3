"""One request in, one reply out, whatever the service does: calls, and calls again while that may help."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

from qwenocr_assets.errors import ConfigurationError, RejectedInput
from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.checks import check_image, check_pdf, check_request
from qwenocr_assets.qwenocr.errors import (
    FetchFailed,
    PageRefused,
    Retryable,
    ServiceDown,
    ServiceError,
    ServiceFault,
    Throttled,
    ThrottledBurst,
    Unfunded,
    UploadExpired,
)
from qwenocr_assets.qwenocr.estimates import Estimates
from qwenocr_assets.qwenocr.images import FileBytes, ImageAt, SentAs, choose_way
from qwenocr_assets.qwenocr.limits.limiter import Limiter, Slot
from qwenocr_assets.qwenocr.options import Streaming
from qwenocr_assets.qwenocr.pdfs import PdfAt, PdfBytes, choose_pdf_way
from qwenocr_assets.qwenocr.purse import Hold, Purse
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.replies import Reply, Tally
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.endpoint import Call, Endpoint, Outcome
from qwenocr_assets.qwenocr.wire.request_bodies import request_body
from qwenocr_assets.qwenocr.wire.uploads import Uploads

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_MOST_ASKED_SECONDS = 900.0
"""What one request waits in all because the service asks for it (`Retry-After`); then as if it had not."""
_TOLD_SECONDS = 60.0
"""Pauses from which people are told."""


class Asker:
    """Asks one model of one region, over open connections."""

    def __init__(
        self,
        model: Model,
        endpoint: Endpoint,
        limiter: Limiter,
        *,
        protocol: Protocol,
        uploads: Uploads | None,
        purse: Purse,
        streaming: Streaming,
        max_attempts: int,
        catalogue: Catalogue,
        tell: Callable[[str], object],
        is_local: bool = False,
    ) -> None:
        self._model = model
        self._endpoint = endpoint
        self._limiter = limiter
        self._protocol = protocol
        self._uploads = uploads
        self._purse = purse
        self._streaming = streaming
        self._max_attempts = max_attempts
        self._catalogue = catalogue
        self._estimates = Estimates(model)
        self._tell = tell
        self._is_local = is_local
        self._told_until = 0.0
        self._stopped = False
        self._waiting: set[asyncio.Task[Any]] = set()  # they have no call under way

    def stop(self) -> None:
        """As `Client.stop`."""
        self._stopped = True
        for task in tuple(self._waiting):
            task.cancel()

    async def ask(self, request: Request, request_key: str = "", *, send_as: SentAs | None = None) -> Reply:
        """As `Client.ask`."""
        options = request.options
        check_request(self._model, request.task, options, protocol=self._protocol, catalogue=self._catalogue)
        tally = Tally()
        try:
            tally.sent_as = self._way(request, send_as)
        except (RejectedInput, ConfigurationError) as error:
            return tally.reply(PageRefused(ServiceFault(0, "InvalidImage", error.message), error.next_step))
        while True:
            try:
                outcome = await self._attempt(request, request_key, tally)
            except ServiceDown as down:
                return tally.reply(down)
            except Unfunded as refused:
                return tally.reply(refused)
            tally.add(outcome)
            result = outcome.result
            if not isinstance(result, Retryable) or self._stopped or self._is_enough(result, tally):
                return tally.reply(result)
            pause = self._pause(outcome, tally)
            tally.waited_seconds += pause
            with self._waiting_here():
                await asyncio.sleep(pause)

    def _way(self, request: Request, wanted: SentAs | None) -> SentAs:
        """How the picture or PDF travels. Raises `RejectedInput` and `ConfigurationError` for what cannot."""
        page, model, has_uploads = request.image, self._model, self._uploads is not None
        if isinstance(page, PdfBytes | PdfAt):
            most = check_pdf(model, request.task, page.pages)
            return choose_pdf_way(page, has_uploads=has_uploads, is_local=self._is_local, max_bytes=most)
        if page.size is not None:
            check_image(*page.size, model, request.options)
        return choose_way(page, has_uploads=has_uploads, wanted=wanted, max_upload_bytes=model.max_url_bytes)

    def _pause(self, outcome: Outcome, tally: Tally) -> float:
        """Seconds to wait before the next call: what the service asks for, within bounds, or as it seems fit."""
        said = outcome.retry_after_seconds or 0.0
        asked = min(said, _MOST_ASKED_SECONDS - tally.asked_seconds)
        if asked <= 0:
            return 0.0 if isinstance(outcome.result, Throttled) else _doubling(tally)
        tally.asked_seconds += asked
        now = asyncio.get_running_loop().time()
        if asked >= _TOLD_SECONDS and now >= self._told_until:
            self._told_until = now + asked
            self._tell(
                f"The service asks to wait {said:,.0f} s before a page is asked again ({str(outcome.result)[:200]}). "
                f"It is asked again in {asked:,.0f} s; others go on meanwhile."
            )
        return asked

    @contextmanager
    def _waiting_here(self) -> Iterator[None]:
        """No call is under way in here, so the task may be cancelled at no cost."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            yield
        finally:
            self._waiting.discard(task)

    def _is_enough(self, error: Retryable, tally: Tally) -> bool:
        if isinstance(error, Throttled):  # the account's limit is no fault of this page
            return False
        most = min(self._max_attempts, error.most_calls or self._max_attempts)
        return tally.attempts >= most

    async def _attempt(self, request: Request, request_key: str, tally: Tally) -> Outcome:
        """One call, when the limits let it and there is money for it."""
        async with AsyncExitStack() as stack:
            with self._waiting_here():
                slot = await stack.enter_async_context(self._limiter.slot(self._estimates.expected(request)))
                tally.waited_seconds += slot.waited_ms / 1000
                hold = await self._purse.reserve(request, request_key)
            if hold is None:
                raise Unfunded(
                    ServiceFault(0, "BudgetExhausted", "the budget has no money left for this call"),
                    "Raise the cap under [budget] in pipeline.toml, or wait for its next period.",
                )
            try:
                outcome = await self._call(request, tally)
            except BaseException:
                await hold.lose("interrupted while it was in flight")
                raise
            if isinstance(outcome.result, UploadExpired) and self._uploads is not None:
                self._uploads.forget_policy()
            self._report(outcome, request, slot)
            await _account_for(outcome, hold)
        return outcome

    async def _call(self, request: Request, tally: Tally) -> Outcome:
        page = request.image
        is_pdf = isinstance(page, PdfBytes | PdfAt)
        try:
            sent: FileBytes | str
            if isinstance(page, ImageAt | PdfAt):
                sent = page.url
            elif tally.sent_as is SentAs.UPLOAD and self._uploads is not None:
                sent = await self._uploads.upload(page)
            else:
                sent = page
        except ServiceError as error:
            return Outcome(error)
        may_stream = self._protocol is not Protocol.RESPONSES
        stream = may_stream and (self._streams(request.task) or tally.timed_out)
        options = request.options if is_pdf else self._model.asked_with(request.options)
        body = request_body(
            self._protocol,
            self._model.name,
            sent,
            request.task,
            options,
            own_text=request.own_text,
            stream=stream,
            is_pdf=is_pdf,
        )
        is_upload = isinstance(sent, str) and sent.startswith("oss://")
        size = None if isinstance(page, PdfBytes | PdfAt) else page.size
        return await self._endpoint.call(Call(body, stream, resolve_upload=is_upload, image_size=size))

    def _report(self, outcome: Outcome, request: Request, slot: Slot) -> None:
        """Tell the limiter what the call says about the service's state."""
        match outcome.result:
            case Answer(usage=usage) if usage.all_tokens is not None:
                # more than the model can take would hold up the calls of the next minutes
                most = self._model.max_input_tokens + self._model.max_output_tokens
                counted = min(usage.all_tokens, most * request.pages)
                slot.answered(counted)
                self._estimates.learn(request, counted)
            case Answer():
                slot.answered(slot.estimated_tokens)
            case Throttled() as error:
                slot.throttled(burst=isinstance(error, ThrottledBurst))
            case FetchFailed() | UploadExpired():
                pass  # says nothing of the service
            case Retryable() as error:
                slot.failed(str(error))

    def _streams(self, task: Task) -> bool:
        return self._streaming == "always" or (self._streaming == "auto" and self._model.may_stream(task))


async def _account_for(outcome: Outcome, hold: Hold) -> None:
    """Tell the budget what became of the money."""
    match outcome.result:
        case Answer(broken_off=None, usage=usage) as answer if usage.all_tokens is not None:
            await hold.settle(usage, answer.reported_model)
        case Answer():
            await hold.lose("the answer does not say what it used")
        case error if outcome.may_be_billed:
            await hold.lose(str(error))
        case _:
            await hold.release()


def _doubling(tally: Tally) -> float:
    """Seconds to wait before the next call: doubling, half of it random so that callers spread out."""
    longest: float = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** (tally.attempts - 1))
    return longest * (0.5 + random.random() / 2)  # noqa: S311  spreads load, protects nothing
