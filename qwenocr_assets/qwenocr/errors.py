"""What the service can answer instead of a result, sorted by what to do about it.

ServiceError
├── Retryable            the same call may succeed: server errors, dropped connections, time limits
│   ├── Throttled        the account's limit was met: wait, and it does not count as an attempt
│   │   └── ThrottledBurst   calls rose too quickly: wait, and rise more slowly
│   ├── Unreadable       an answer came that nobody can read; it may be billed, so it is asked for only once more
│   ├── RefusedForNow    trouble of the service that looks like a fault of the request, and heals
│   ├── FetchFailed      the service could not fetch the image from its address
│   └── UploadExpired    the temporary upload is gone: upload again
├── PageRefused          this page or these options will never succeed; other pages will
│   └── NotOffered       the model or engine cannot do this task or read this script
├── Unfunded             the budget said no; nothing was sent
└── RunRefused           every further call would fail the same way: key, arrears, unknown model
    └── ServiceDown      the service has failed every call for too long

Codes and their meaning: the service's error reference.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from qwenocr_assets.errors import ExitCode, QwenocrError


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """An error as it came: HTTP status (0 when no answer came), the service's code and message."""

    status: int
    code: str
    message: str
    request_id: str | None = None


class ServiceError(QwenocrError):
    """Anything the service answered that is no result."""

    def __init__(self, fault: ServiceFault, next_step: str = "") -> None:
        super().__init__(f"{fault.code or 'error'} (HTTP {fault.status}): {fault.message}", next_step)
        self.fault = fault


class Retryable(ServiceError):
    """The same call may succeed later."""

    exit_code = ExitCode.TRY_AGAIN

    most_calls: ClassVar[int | None] = None
    """Calls after which asking again has no sense; None leaves it to the client's `max_attempts`."""


class Throttled(Retryable):
    """The account's rate limit was met; waiting helps, and does not count as an attempt."""


class ThrottledBurst(Throttled):
    """Calls rose too quickly: the rate has to rise more slowly."""


class Unreadable(Retryable):
    """A 200 without an answer, an odd status, or bytes that cannot be unpacked.

    What it cost is unknown, so it is asked for once more and then given up.
    """

    most_calls = 2


class RefusedForNow(Retryable):
    """The service says that a field is missing which every request has: it did so once for a day, and was mended.

    Asked once more, then later: by the next run, by the sensor that asks again, or by `qwenocr retry`.
    """

    most_calls = 2


class FetchFailed(Retryable):
    """The service could not fetch the image from the address it was given."""

    most_calls = 2


class UploadExpired(Retryable):
    """The temporary upload or its policy has expired."""


class PageRefused(ServiceError):
    """This page will never be answered with these options; the rest of the batch goes on."""

    exit_code = ExitCode.NOTHING_READABLE


class NotOffered(PageRefused):
    """The model or engine cannot do this task or read this script."""


class Unfunded(ServiceError):
    """The budget has no money left for this call. Nothing was sent; it resumes when there is money again."""

    exit_code = ExitCode.OUT_OF_MONEY


class RunRefused(ServiceError):
    """Every further call would fail the same way, so the run stops after saving what it has."""

    exit_code = ExitCode.CONFIGURATION


class ServiceDown(RunRefused):
    """The service failed every call, probes included, for longer than the run is willing to wait."""

    exit_code = ExitCode.TRY_AGAIN


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a fault is taken for. Every condition that is set must hold; codes and texts are compared bare."""

    error: type[ServiceError]
    next_step: str = ""
    statuses: range | tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    text: str = ""
    """A pattern searched in the message, letter case ignored."""

    def fits(self, fault: ServiceFault) -> bool:
        return (
            (not self.statuses or fault.status in self.statuses)
            and (not self.codes or _code_is_one_of(fault.code, self.codes))
            and (not self.text or re.search(self.text, fault.message, re.IGNORECASE) is not None)
        )


_KEY = "Check the API key: each key belongs to one region (Model Studio console, API Keys)."
_ACCESS = (
    "Activate Model Studio for this account, or grant the workspace access to the model, in its console; being listed "
    "is no grant. Once it is granted: `qwenocr retry`."
)
_FREE_TIER = "The free quota is used up: switch off 'free tier only' in the Model Studio console."
_BILL = "Settle the bill in the billing console, then run again."
_MODEL = "Choose a model of the region: `qwenocr models` lists them, `qwenocr models --live` says which were retired."
_INSPECTED = (
    "The service's content inspection refused it, and will again: ask another region, or read it yourself."
)
_HEALS = "The service's own trouble, as far as is known: run again later, or `qwenocr retry --class RefusedForNow`."
_WORKSPACE = "Check the workspace in the base URL and that the key belongs to it."
_URL = "Check region, base_url and protocol: this address does not offer the model."
_SMALLER = "Lower max_pixels for its route, or send it smaller."
_LATER = "Run again later."
_SHORTER = "The answer took longer than the service allows: lower max_tokens or let long answers stream."

_PERMANENT_500 = r"missing content-length of multimodal url|list index out of range"
_FETCH = r"(failed to|timed out).*(download|multimodal|media resource)|download.*(failed|timed out)"

_RULES: tuple[_Rule, ...] = (
    # account, key, model: nothing further will succeed
    _Rule(RunRefused, _KEY, codes=("invalidapikey", "notauthorized", "unauthorized")),
    _Rule(
        RunRefused,
        "The account is in arrears: settle it in the billing console, then run again.",
        codes=("arrearage",),
    ),
    _Rule(
        RunRefused,
        _BILL,
        codes=("prepaidbilloverdue", "postpaidbilloverdue"),
    ),
    _Rule(RunRefused, _ACCESS, codes=("commoditynotpurchased", "unpurchased")),
    _Rule(RunRefused, _FREE_TIER, codes=("freetieronly",)),
    _Rule(RunRefused, _FREE_TIER, text=r"free allocated quota exceeded|free tier .*exhausted"),
    _Rule(UploadExpired, "", statuses=(400, 403), text="policy expired"),
    _Rule(RunRefused, _WORKSPACE, codes=("workspaceaccessdenied", "workspacenotfound")),
    _Rule(RunRefused, _ACCESS, codes=("accessdenied", "modelaccessdenied")),
    _Rule(RunRefused, _MODEL, codes=("modelnotfound", "modelnotexist", "modelnotsupported")),
    _Rule(RunRefused, _MODEL, statuses=(400, 404), text=r"model .{0,80}(not exist|not found)"),
    _Rule(RunRefused, _URL, statuses=(400,), text=r"url error"),
    # the embedded engine's own codes; its messages say what to do
    _Rule(NotOffered, codes=("unsupportedtask", "unsupportedscript")),
    # limits of the account
    _Rule(ThrottledBurst, _LATER, codes=("burstrate", "limitburstrate")),
    _Rule(Throttled, _LATER, codes=("throttling", "ratequota", "limitrequests", "insufficientquota")),
    _Rule(Throttled, _LATER, codes=("allocationquota",)),
    _Rule(Throttled, _LATER, statuses=(429,)),
    # the page itself
    _Rule(PageRefused, _INSPECTED, codes=("datainspectionfailed",)),
    _Rule(PageRefused, _INSPECTED, text=r"inappropriate content"),
    _Rule(FetchFailed, "Give the image's bytes instead of its address.", text=_FETCH),
    _Rule(Retryable, _LATER, text="file parsing in progress"),
    _Rule(
        RefusedForNow,
        _HEALS,
        statuses=(200, 400, *range(500, 600)),
        text=r"required (field|parameter)s?\b.{0,40}\bmissing|missing (a )?required (field|parameter)",
    ),
    _Rule(PageRefused, _SMALLER, codes=("requesttoolarge",)),
    _Rule(PageRefused, _SMALLER, statuses=(413,)),
    _Rule(
        PageRefused,
        _SMALLER,
        text=r"max bytes per data-uri|file size is too large|range of input length",
    ),
    _Rule(PageRefused, "Lower max_tokens for its route.", text=r"range of max_tokens"),
    _Rule(
        PageRefused,
        "Sides must be over 10 px and the longer at most 200 times the shorter.",
        text=r"length and width do not meet",
    ),
    _Rule(PageRefused, codes=("invalidparameter", "invalidparametererror", "badrequest")),
    # the service's own trouble
    _Rule(PageRefused, "The service cannot read this image.", statuses=range(500, 600), text=_PERMANENT_500),
    _Rule(Retryable, _SHORTER, codes=("requesttimeout",)),
    _Rule(
        Retryable, _LATER, codes=("internalerror", "systemerror", "serviceunavailable", "modelservingerror")
    ),
    _Rule(Retryable, _LATER, codes=("modelunavailable", "modelservicefailed", "gatewaytimeout")),
    _Rule(Retryable, _LATER, statuses=(0, 408, *range(500, 600))),
    # no code that is known: the status decides
    _Rule(RunRefused, _KEY, statuses=(401,)),
    _Rule(RunRefused, _ACCESS, statuses=(403,)),
    _Rule(RunRefused, "Check base_url and the model's name.", statuses=(404,)),
    _Rule(
        RunRefused,
        "A proxy asks for a login: check HTTPS_PROXY.",
        statuses=(407,),
    ),
    _Rule(RunRefused, "Check base_url: it leads elsewhere.", statuses=(301, 302, 303, 307, 308)),
    _Rule(Unreadable, statuses=(*range(100, 200), *range(300, 400), *range(600, 1000))),
)
"""In this order; the first that fits decides, and what none fits is refused for this page only."""


def classify(fault: ServiceFault) -> ServiceError:
    """The error class for a fault, by status, code and message together: a status alone misleads.

    The two dialects write codes differently (`Throttling.RateQuota`, `limit_requests`), so they are compared
    without letter case, dots and underscores, whole and by the part after the last dot.
    """
    for rule in _RULES:
        if rule.fits(fault):
            return rule.error(fault, rule.next_step)
    return PageRefused(fault)


def error_classes() -> tuple[str, ...]:
    """The names of all classes of the tree, sorted."""
    found: set[str] = set()
    waiting: list[type[ServiceError]] = [ServiceError]
    while waiting:
        below = waiting.pop().__subclasses__()
        found.update(error.__name__ for error in below)
        waiting += below
    return tuple(sorted(found))


def _code_is_one_of(code: str, codes: tuple[str, ...]) -> bool:
    """`Throttling.RateQuota` is one of (`throttling`) and of (`ratequota`)."""
    return any(_bare(part) in codes for part in (code, *code.split(".")))


def _bare(code: str) -> str:
    return "".join(c for c in code.lower() if c.isalnum())
