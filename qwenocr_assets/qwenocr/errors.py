"""What the service can answer instead of a result, sorted by what to do about it.

ServiceError
├── Retryable            the same call may succeed: server errors, dropped connections, time limits
│   └── Throttled        the account's limit was met: wait, and it does not count as an attempt
├── PageRefused          this page or these options will never succeed; other pages will
│   └── NotOffered       the model or engine cannot do this task or read this script
└── RunRefused           every further call would fail the same way: key, arrears, unknown model
    └── ServiceDown      the service has failed every call for too long

Codes and their meaning: the service's error reference. The two dialects write them differently
(`Throttling.RateQuota`, `limit_requests`), so they are compared without case, dots and underscores.
"""

from dataclasses import dataclass

from qwenocr_assets.errors import QwenocrError


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


class Throttled(Retryable):
    """The account's rate limit was met; waiting helps, and does not count as an attempt."""


class PageRefused(ServiceError):
    """This page will never be answered with these options; the rest of the batch goes on."""


class NotOffered(PageRefused):
    """The model or engine cannot do this task or read this script."""


class RunRefused(ServiceError):
    """Every further call would fail the same way, so the run stops after saving what it has."""


class ServiceDown(RunRefused):
    """The service failed every call, probes included, for longer than the run is willing to wait."""


_RUN_REFUSED: dict[str, str] = {
    "invalidapikey": "Check the API key: each key belongs to one region.",
    "notauthorized": "Check the API key: each key belongs to one region.",
    "arrearage": "The account is in arrears: settle it in the billing console, then run again.",
    "accessdenied": "The account may not use this model: activate Model Studio in its console.",
    "accessdeniedunpurchased": "Activate Model Studio for this account in its console.",
    "modelaccessdenied": "Grant the workspace access to the model in the console.",
    "workspaceaccessdenied": "Check that the key belongs to the workspace.",
    "allocationquotafreetieronly": "The free quota is used up: switch off 'free tier only' in the console.",
    "modelnotfound": "Choose a model of the region: see `qwenocr doctor`.",
    "modelnotexist": "Choose a model of the region: see `qwenocr doctor`.",
    "modelnotsupported": "Choose a model of the region: see `qwenocr doctor`.",
    "workspacenotfound": "Check the workspace in the base URL.",
    "commoditynotpurchased": "Activate Model Studio for this account in its console.",
    "prepaidbilloverdue": "Settle the bill in the billing console, then run again.",
    "postpaidbilloverdue": "Settle the bill in the billing console, then run again.",
}
_NOT_OFFERED = ("unsupportedtask", "unsupportedscript")
"""Codes of the embedded engine; its messages say themselves what to do."""

_PERMANENT_TEXTS: tuple[str, ...] = (
    "missing content-length of multimodal url",
    "list index out of range",
)
_PERMANENT_QUOTA_TEXT = "free allocated quota exceeded"


def classify(fault: ServiceFault) -> ServiceError:
    """The error class for a fault, by status, code and message together: a status alone misleads."""
    code = _bare(fault.code)
    last = _bare(fault.code.rsplit(".", 1)[-1])
    message = fault.message.lower()
    if code in _RUN_REFUSED:
        return RunRefused(fault, _RUN_REFUSED[code])
    if last in _NOT_OFFERED:
        return NotOffered(fault)
    if fault.status == 401:
        return RunRefused(fault, _RUN_REFUSED["invalidapikey"])
    if fault.status == 403:
        return RunRefused(fault, _RUN_REFUSED["accessdenied"])
    if fault.status == 404:
        return RunRefused(fault, "Check the base URL and the model's name.")
    if fault.status == 400 and "model not exist" in message:
        return RunRefused(fault, _RUN_REFUSED["modelnotexist"])
    if fault.status == 429 or code.startswith(("throttling", "limit")) or code == "insufficientquota":
        if _PERMANENT_QUOTA_TEXT in message:
            return RunRefused(fault, _RUN_REFUSED["allocationquotafreetieronly"])
        return Throttled(fault)
    if fault.status in (0, 408) or fault.status >= 500 or code in ("internalerror", "requesttimeout"):
        if any(text in message for text in _PERMANENT_TEXTS):
            return PageRefused(fault)
        return Retryable(fault, "Run again later.")
    if "download" in message and "multimodal" in message:
        return Retryable(fault, "The service could not fetch the image.")
    return PageRefused(fault)


def _bare(code: str) -> str:
    return "".join(c for c in code.lower() if c.isalnum())
