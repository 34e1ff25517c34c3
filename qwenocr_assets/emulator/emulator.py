"""The emulated service: an account with limits, a bill and faults around any app of the service's wire format.

All waiting goes by the event loop's clock, and no thread is used beside those of the app. A call goes this way:

1. it is counted, and refused where the account's limits are met (`account.py`); such errors come before a stream
   begins, with their HTTP status;
2. the script may let it fail (`faults.py`); a fault that needs no answer ends the call here, and costs nothing;
3. the app answers. The tokens that its answer reports are held against the limits, and the answer is billed: from
   here on it has to be paid for, whether it arrives or not and whether the caller still waits or not;
4. the latency passes: before a whole answer, or between the events of a stream. A whole answer that would take
   longer than the service's time limit is a `RequestTimeOut` then, and costs nothing;
5. the answer goes out, spoiled if the script says so.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from qwenocr_assets.emulator.account import Account, AccountLimits
from qwenocr_assets.emulator.asgi import (
    OWN_SEND,
    AsgiApp,
    call_app,
    deliver,
    drop,
    is_gone,
    posted_scope,
    read_body,
)
from qwenocr_assets.emulator.batch_faults import BatchScript, no_batch_faults
from qwenocr_assets.emulator.batch_jobs import Batches
from qwenocr_assets.emulator.bill import Bill
from qwenocr_assets.emulator.fault_answers import OCR_PATHS, instead_of_answer, refusal, spoiled
from qwenocr_assets.emulator.faults import Call, Drop, ErrorAnswer, FaultScript, StreamError, Torn, no_faults
from qwenocr_assets.emulator.latency import Latency, steady
from qwenocr_assets.emulator.offered import Offered
from qwenocr_assets.emulator.routes import emulator_routes
from qwenocr_assets.emulator.traffic import CallRecord, Traffic
from qwenocr_assets.emulator.uploads import Uploads
from qwenocr_assets.engine.wire import fields, native, openai_compatible
from qwenocr_assets.engine.wire.answers import WireAnswer, error_code, tokens_of, without_usage_event
from qwenocr_assets.engine.wire.errors import ErrorCode, WireError, invalid_parameter
from qwenocr_assets.engine.wire.images import FETCHED_SCHEMES, held_images
from qwenocr_assets.engine.wire.values import JsonObject
from qwenocr_assets.qwenocr.catalogue import Model, load_catalogue
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.wire.hosts import SHARED_HOST_SECONDS

IDENTITY_HEADER = "x-request-identity"
"""With this header a caller names its request for the log of calls."""
CALLER_GONE = "caller gone"
"""The outcome of a call whose caller did not wait for the answer."""

_NO_PICTURES: Mapping[str, bytes] = MappingProxyType({})


class Emulator:
    """The ASGI app. One is for one event loop's clock at a time: `reset` before it is used with another."""

    def __init__(
        self,
        app: AsgiApp,
        account: AccountLimits,
        faults: FaultScript,
        latency: Latency,
        region: str,
        pictures: Mapping[str, bytes],
        keep_log: bool,
        batch_faults: BatchScript,
        batch_seconds: float,
        offered: Offered,
        service_seconds: float,
    ) -> None:
        self._app = app
        self._limits = account
        self._faults = faults
        self._latency = latency
        self._region = region
        self._pictures = pictures
        self._keep_log = keep_log
        self._batch_faults = batch_faults
        self._batch_seconds = batch_seconds
        self._offered = offered
        self._service_seconds = service_seconds
        self.batches: Batches | None = None
        self._routes = emulator_routes(
            app,
            uploads=lambda: self.uploads,
            bill=lambda: self.bill.as_json() | {"region": region},
            calls=lambda: self.traffic.as_json(),
            reset=self.reset,
            batches=self._account_batches,
            offered=offered,
        )
        self.reset()

    def reset(self) -> None:
        """Forget everything: the bill, the counts, the limits' windows, the uploads, the place in the script."""
        self.bill = Bill()
        self.traffic = Traffic(keep_log=self._keep_log)
        self.uploads = Uploads()
        self._account = Account(self._limits)
        self._admitted = 0
        if self.batches is not None:
            self.batches.stop()
        self.batches = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in OCR_PATHS:
            await self._routes({**scope, OWN_SEND: send}, receive, send)
            return
        traffic = self.traffic  # that of the time of arrival, should there be a reset meanwhile
        record = traffic.arrive(_now())
        try:
            body = await read_body(receive)
            try:
                answer, seconds = await self._answer(scope, body, record)
            except WireError as error:
                answer, seconds = refusal(scope["path"], error), 0.0
            await deliver(answer, seconds, send)
            if not is_gone(send):
                record.outcome = _outcome(answer, record)
        finally:
            if not record.outcome:
                record.outcome = CALLER_GONE
                if record.billed_usd is not None:
                    self.bill.note_lost(record.billed_model)
            traffic.leave(record, _now())
        if answer.drops:
            await drop(receive, send, begun=bool(answer.pieces))

    async def _answer(self, scope: Any, body: bytes, record: CallRecord) -> tuple[WireAnswer, float]:
        """What goes out, and in how many seconds from now. Raises WireError for a refusal."""
        path = scope["path"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = fields.json_object(body)
        record.model = fields.model(request)
        if self._keep_log:
            digest = hashlib.blake2b(body, digest_size=8).hexdigest()
            record.identity = headers.get(IDENTITY_HEADER, digest)
        model = self._offered.model(record.model)
        if model is None:
            raise WireError(
                ErrorCode.MODEL_NOT_FOUND, f"Model not exist: {record.model} in region {self._region}."
            )
        self._account.admit(model.name, _now())

        self._admitted += 1
        streams = native.wants_stream(headers) if path == native.PATH else bool(request.get("stream"))
        call = Call(self._admitted, path, record.model, streams, headers, request)
        fault = self._faults(call)
        seconds = self._latency(call.number)
        if (instead := instead_of_answer(fault, call)) is not None:
            return instead, fault.after_seconds if isinstance(fault, ErrorAnswer) else seconds
        if seconds > self._service_seconds and not streams:
            await asyncio.sleep(self._service_seconds)
            raise WireError(ErrorCode.REQUEST_TIMEOUT, "Request timed out, please try again later.")

        answer, tokens = await self._ask(scope, call, body)
        if tokens is None:
            return answer, 0.0  # the app refuses
        if not isinstance(fault, StreamError):
            self._charge(tokens, model, record, lost=isinstance(fault, Drop | Torn))
            record.request_id = answer.header(b"x-request-id")
        return spoiled(answer, fault, call), seconds

    def _account_batches(self) -> Batches:
        """The account's files and batches, from the first call about them on."""
        if self.batches is None:
            offers = self._offers_batches
            self.batches = Batches(self._answer_line, offers, self._batch_faults, self._batch_seconds)
        return self.batches

    def _offers_batches(self, name: str) -> bool:
        model = self._offered.model(name)
        return model is not None and model.batch_discount is not None

    async def _answer_line(self, name: str, body: bytes) -> WireAnswer:
        """The answer to one line of a batch, billed at the batch price. No limit of calls counts here."""
        model = self._offered.model(name)
        if model is None:
            raise WireError(ErrorCode.MODEL_NOT_FOUND, f"Model not exist: {name} in region {self._region}.")
        call = Call(0, openai_compatible.PATH, name, False, {}, fields.json_object(body))
        answer, tokens = await self._ask(posted_scope(openai_compatible.PATH), call, body)
        if tokens is not None:
            self.bill.charge(model, tokens, lost=False, mode=Mode.BATCH)
        return answer

    def _charge(self, tokens: Tokens, model: Model, record: CallRecord, *, lost: bool) -> None:
        """Count the tokens of an answer and bill them. Raises WireError when the account has none left."""
        now = _now()
        self._account.spend(model.name, tokens.input + tokens.output, now)
        self.traffic.spend(tokens.input + tokens.output, now)
        record.input_tokens, record.output_tokens = tokens.input, tokens.output
        record.billed_model = model.name
        record.billed_usd = self.bill.charge(model, tokens, lost=lost)

    async def _ask(self, scope: Any, call: Call, body: bytes) -> tuple[WireAnswer, Tokens | None]:
        """The answer of the app, whole (what is streamed later is only the writing), and what it cost."""
        hides_usage = False
        if call.path == openai_compatible.PATH and call.streams:
            options = fields.child(call.body, "stream_options")
            hides_usage = not options.get("include_usage")
            body = orjson.dumps(call.body | {"stream_options": options | {"include_usage": True}})
        token = held_images.set(self._fetched(call))
        try:
            answer = await call_app(self._app, scope, body)
        finally:
            held_images.reset(token)
        tokens = tokens_of(answer)
        return (without_usage_event(answer) if hides_usage else answer), tokens

    def _fetched(self, call: Call) -> Mapping[str, bytes]:
        """The images and PDFs that the call gives by address. Raises WireError for those that cannot be had."""
        may_resolve = call.headers.get("x-dashscope-ossresourceresolve", "").casefold() == "enable"
        images = {}
        for url in _file_urls(call.body):
            if url.startswith("oss://"):
                images[url] = self.uploads.fetch(url, call.model, _now(), may_resolve=may_resolve)
            elif url.startswith(FETCHED_SCHEMES):
                if url not in self._pictures:
                    raise invalid_parameter("Failed to download multimodal content.")
                images[url] = self._pictures[url]
        return images


def create_emulator(
    app: AsgiApp,
    *,
    account: AccountLimits | None = None,
    faults: FaultScript = no_faults,
    latency: float | Latency = 0.0,
    region: str = "singapore",
    pictures: Mapping[str, bytes] = _NO_PICTURES,
    keep_log: bool = False,
    batch_faults: BatchScript = no_batch_faults,
    batch_seconds: float = 0.0,
    models: Iterable[Model] | None = None,
    service_seconds: float = SHARED_HOST_SECONDS,
) -> Emulator:
    """The service as it would be met: `app` (the embedded engine or any other of its wire format) behind an account.

    Args:
        app: What answers the calls.
        account: The limits of each model; by default none.
        faults: When what goes wrong; by default nothing does.
        latency: Seconds until an answer, for all calls or by the number of the call.
        region: The cloud region whose models are offered, and whose prices are billed.
        pictures: Images and PDFs that "lie on the web", by their http(s) or other address. Nothing is ever fetched.
        keep_log: Whether to keep a record of each call; without it memory stays flat over any number of calls.
        batch_faults: What goes wrong with which batch; by default nothing does.
        batch_seconds: Seconds until a batch is begun.
        models: What the account is offered, billed by and listed; by default the catalogue's models of the region.
        service_seconds: How long the service works at a whole answer before it gives up.

    Raises:
        ConfigurationError: there is no such region.
    """
    load_catalogue().region(region)
    waits = latency if callable(latency) else steady(latency)
    return Emulator(
        app,
        account or AccountLimits(),
        faults,
        waits,
        region,
        pictures,
        keep_log,
        batch_faults,
        batch_seconds,
        Offered(region, models),
        service_seconds,
    )


def _file_urls(request: JsonObject) -> list[str]:
    """The addresses of a request's images and PDFs, in each dialect; what is malformed is left to the app to refuse."""
    source = request.get("input") or request
    messages = source.get("messages") if isinstance(source, dict) else source
    contents = (
        [m.get("content") for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    )
    parts = [part for content in contents if isinstance(content, list) for part in content]
    urls = []
    for part in parts:
        if isinstance(part, dict):
            url = part.get("image") or part.get("image_url") or part.get("file_url")
            urls.append(url.get("url") if isinstance(url, dict) else url)
    return [url for url in urls if isinstance(url, str)]


def _outcome(answer: WireAnswer, record: CallRecord) -> str:
    if answer.drops:
        return "torn" if answer.pieces else "dropped"
    if code := error_code(answer):
        return f"{answer.status} {code}"
    return (
        "200 without an answer" if answer.status == 200 and record.billed_usd is None else str(answer.status)
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
