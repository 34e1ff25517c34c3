"""What can go wrong between a call and its answer, and scripts that say when.

A script is a function from a call to a fault or None. Calls count from 1, and only those that the account's limits
let in; so a script is the same however often a caller is throttled.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from qwenocr_assets.engine.wire.errors import ErrorCode, ServiceCode, WireCode
from qwenocr_assets.engine.wire.values import JsonObject
from qwenocr_assets.qwenocr.wire.hosts import SHARED_HOST_SECONDS


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error in the dialect that was called, instead of an answer. Nothing is billed."""

    code: WireCode
    message: str
    http_status: int | None = None
    """Another HTTP status than the code's: 200 is the service's error in a body that should be an answer."""
    content_type: bool = True
    """False leaves the Content-Type header away, as the service's gateway does now and then."""
    echo_authorization: bool = False
    """Put the Authorization header into the message, as a careless proxy would."""
    after_seconds: float = 0.0
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """Bytes that come from a gateway and not from the service. Nothing is billed."""

    status: int
    body: bytes
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection ends before anything was answered; `billed` says that the answer had been made."""

    billed: bool = False


@dataclass(frozen=True, slots=True)
class Torn:
    """The answer is made and billed, and the connection ends after a share of it.

    The share is of the bytes of a whole answer and of the events of a streamed one.
    """

    kept_share: float = 0.5


@dataclass(frozen=True, slots=True)
class StreamError:
    """An error event inside a stream that began with HTTP 200, after so many events. Nothing is billed.

    A call that wants no stream gets the error as such.
    """

    code: WireCode
    message: str
    after_events: int = 1


@dataclass(frozen=True, slots=True)
class Truncated:
    """The text ends after this share of it, and the answer says that it is whole (`stop`). Billed in full."""

    kept_share: float = 0.5


Fault = ErrorAnswer | RawAnswer | Drop | Torn | StreamError | Truncated


def _page(status: int, title: str) -> RawAnswer:
    head = f"<html>\r\n<head><title>{status} {title}</title></head>\r\n"
    body = (
        f"<body>\r\n<center><h1>{status} {title}</h1></center>\r\n<hr><center>Tengine</center>\r\n</body>\r\n"
    )
    return RawAnswer(status, f"{head}{body}</html>\r\n".encode(), "text/html")


_INTERNAL = "An internal error has occured, please try again later or contact service support."
_RATE = "Requests rate limit exceeded, please try again later."
_INVALID_KEY = ServiceCode(401, "InvalidApiKey", "invalid_api_key")

NAMED_FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "rate_quota": ErrorAnswer(ErrorCode.RATE_QUOTA, _RATE),
        "allocation_quota": ErrorAnswer(
            ErrorCode.ALLOCATION_QUOTA, "Allocated quota exceeded, please increase your quota limit."
        ),
        "burst_rate": ErrorAnswer(ErrorCode.BURST_RATE, "Request rate increased too quickly."),
        "free_quota_used": ErrorAnswer(ErrorCode.ALLOCATION_QUOTA, "Free allocated quota exceeded."),
        "internal_error": ErrorAnswer(ErrorCode.INTERNAL_ERROR, _INTERNAL),
        "serving_error": ErrorAnswer(
            ServiceCode(503, "ModelServingError", "model_serving_error"), "Too many requests."
        ),
        "unavailable": ErrorAnswer(
            ServiceCode(503, "ModelUnavailable", "model_unavailable"),
            "Model is unavailable, please try again later.",
        ),
        "time_limit": ErrorAnswer(
            ErrorCode.REQUEST_TIMEOUT,
            "Request timed out, please try again later.",
            after_seconds=SHARED_HOST_SECONDS,
        ),
        "invalid_key": ErrorAnswer(_INVALID_KEY, "Invalid API-key provided."),
        "missing_content_type": ErrorAnswer(_INVALID_KEY, "Invalid API-key provided.", content_type=False),
        "echoed_key": ErrorAnswer(_INVALID_KEY, "Invalid API-key provided.", echo_authorization=True),
        "arrearage": ErrorAnswer(
            ServiceCode(400, "Arrearage", "Arrearage"),
            "Access denied, please make sure your account is in good standing.",
        ),
        "inspection_failed": ErrorAnswer(
            ServiceCode(400, "DataInspectionFailed", "data_inspection_failed"),
            "Input data may contain inappropriate content.",
        ),
        "inspection_in_200": ErrorAnswer(
            ServiceCode(400, "DataInspectionFailed", "data_inspection_failed"),
            "Output data may contain inappropriate content.",
            http_status=200,
        ),
        "field_missing": ErrorAnswer(ErrorCode.INVALID_PARAMETER, "Required field missing."),
        "no_grant": ErrorAnswer(
            ServiceCode(403, "Model.AccessDenied", "model_access_denied"), "Model access denied."
        ),
        "empty_content": Truncated(0.0),
        "code_without_output": ErrorAnswer(ErrorCode.INTERNAL_ERROR, _INTERNAL, http_status=200),
        "bad_gateway": _page(502, "Bad Gateway"),
        "gateway_timeout": _page(504, "Gateway Time-out"),
        "empty_body": RawAnswer(200, b"", "application/json"),
        "not_json": RawAnswer(
            200, b"upstream connect error or disconnect/reset before headers", "application/json"
        ),
        "dropped": Drop(),
        "lost": Drop(billed=True),
        "torn": Torn(),
        "stream_error": StreamError(ErrorCode.RATE_QUOTA, _RATE),
        "truncated": Truncated(),
    }
)
"""One of each kind, by the names that fault files use."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a script decides by."""

    number: int
    path: str
    model: str
    streams: bool
    headers: Mapping[str, str]
    """By lower-case name."""
    body: JsonObject


FaultScript = Callable[[Call], Fault | None]


def no_faults(_call: Call) -> Fault | None:
    """Every call is answered."""
    return None


def in_order(faults: Iterable[Fault | None]) -> FaultScript:
    """The n-th call meets the n-th entry; later calls are answered."""
    listed = tuple(faults)
    return lambda call: listed[call.number - 1] if call.number <= len(listed) else None


def by_share(shares: Iterable[tuple[Fault, float]], *, seed: int = 0) -> FaultScript:
    """Each fault meets its share (0 … 1) of the calls: by chance, but the same for the same seed and call number.

    Raises ValueError if the shares are more than all calls.
    """
    drawn = tuple(shares)
    if not 0 <= sum(share for _, share in drawn) <= 1 + 1e-9 or any(share < 0 for _, share in drawn):
        raise ValueError("The shares of faults must each be at least 0 and together at most 1.")

    def script(call: Call) -> Fault | None:
        rest = Random(f"{seed}/{call.number}").random()  # noqa: S311
        for fault, share in drawn:
            if rest < share:
                return fault
            rest -= share
        return None

    return script


def retiring(model: str, *, shrinks_from: int, gone_from: int) -> FaultScript:
    """A model that is on notice: from a call on more and more are throttled, and from another on it is not there.

    Of the calls of the notice a share that grows evenly from none to all is turned away. Calls of other models are
    answered, and count all the same.

    Raises ValueError unless 1 <= shrinks_from < gone_from.
    """
    if not 1 <= shrinks_from < gone_from:
        raise ValueError("A model's notice begins before its end, at call 1 or later.")
    gone = ErrorAnswer(ErrorCode.MODEL_NOT_FOUND, f"Model not exist: {model}.")

    def script(call: Call) -> Fault | None:
        if call.model != model or call.number < shrinks_from:
            return None
        if call.number >= gone_from:
            return gone
        turned_away = [_triangle(call.number - shrinks_from + n, gone_from - shrinks_from) for n in (0, 1)]
        return NAMED_FAULTS["rate_quota"] if turned_away[0] < turned_away[1] else None

    return script


def _triangle(calls: int, of: int) -> int:
    """How many of the first calls are turned away when their share grows evenly from none to all `of` them."""
    return calls * (calls - 1) // (2 * of)


def rough_service(seed: int = 0) -> FaultScript:
    """A bad day: 10 % throttled, 5 % server errors, 3 % dropped, 2 % lost after billing, 2 % truncated."""
    shares = {
        "rate_quota": 0.08,
        "burst_rate": 0.02,
        "internal_error": 0.02,
        "serving_error": 0.01,
        "bad_gateway": 0.01,
        "gateway_timeout": 0.01,
        "dropped": 0.03,
        "lost": 0.02,
        "truncated": 0.02,
    }
    return by_share(((NAMED_FAULTS[name], share) for name, share in shares.items()), seed=seed)
