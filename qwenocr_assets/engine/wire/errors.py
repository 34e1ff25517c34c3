"""Refusals in the service's words: a status, a code in each dialect, a message.

Codes and texts follow the service's page of error messages. Three things have no counterpart there:

* formula_recognition, for which there are no weights, is `InvalidParameter.UnsupportedTask`, and a page in a
  script that the installed weights cannot read is `InvalidParameter.UnsupportedScript` (in the other dialect
  `invalid_parameter_error.unsupported_task`, `….unsupported_script`): permanent for this page and task;
* an installation without weights is `ModelNotFound`, permanent for every page.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from qwenocr_assets.engine.errors import (
    EngineError,
    MissingWeights,
    UnreadableImage,
    UnsupportedScript,
    UnsupportedTask,
)

_ALGORITHM = "<400> InternalError.Algo.InvalidParameter: "
"""The service puts this before what its model, and not its gateway, finds wrong."""


class WireCode(Protocol):
    """A kind of error: its HTTP status, and its code in each dialect."""

    @property
    def status(self) -> int: ...
    @property
    def native(self) -> str: ...
    @property
    def compatible(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ServiceCode:
    """A code that the engine itself never gives."""

    status: int
    native: str
    compatible: str


class ErrorCode(Enum):
    """The codes that the engine and its emulated account give, as (HTTP status, native, OpenAI-compatible)."""

    INVALID_PARAMETER = (400, "InvalidParameter", "invalid_parameter_error")
    UNSUPPORTED_TASK = (400, "InvalidParameter.UnsupportedTask", "invalid_parameter_error.unsupported_task")
    UNSUPPORTED_SCRIPT = (
        400,
        "InvalidParameter.UnsupportedScript",
        "invalid_parameter_error.unsupported_script",
    )
    NOT_FOUND = (404, "NotFound", "not_found")
    MODEL_NOT_FOUND = (404, "ModelNotFound", "model_not_found")
    METHOD_NOT_ALLOWED = (405, "InvalidParameter", "invalid_parameter_error")
    RATE_QUOTA = (429, "Throttling.RateQuota", "limit_requests")
    ALLOCATION_QUOTA = (429, "Throttling.AllocationQuota", "insufficient_quota")
    BURST_RATE = (429, "Throttling.BurstRate", "limit_burst_rate")
    INTERNAL_ERROR = (500, "InternalError", "internal_error")
    REQUEST_TIMEOUT = (500, "RequestTimeOut", "request_timeout")

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def native(self) -> str:
        return self.value[1]

    @property
    def compatible(self) -> str:
        return self.value[2]


class WireError(Exception):
    """A refusal, ready to be written in either dialect."""

    def __init__(self, code: WireCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid_parameter(message: str) -> WireError:
    """The request is wrong and will stay wrong."""
    return WireError(ErrorCode.INVALID_PARAMETER, message)


def refusal(error: EngineError) -> WireError:
    """What the engine cannot do, in the service's error shape."""
    match error:
        case UnsupportedScript():
            return WireError(ErrorCode.UNSUPPORTED_SCRIPT, str(error))
        case UnreadableImage():
            return invalid_parameter(f"{_ALGORITHM}{error}")
        case UnsupportedTask():
            return WireError(ErrorCode.UNSUPPORTED_TASK, str(error))
        case MissingWeights():
            return WireError(ErrorCode.MODEL_NOT_FOUND, str(error))
        case _:
            return WireError(ErrorCode.INTERNAL_ERROR, str(error))
