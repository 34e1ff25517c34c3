"""Faults sorted by what to do about them: status, code and message together."""

import re

import pytest

from qwenocr_assets.qwenocr.errors import (
    FetchFailed,
    NotOffered,
    PageRefused,
    RefusedForNow,
    Retryable,
    RunRefused,
    ServiceError,
    ServiceFault,
    Throttled,
    ThrottledBurst,
    UploadExpired,
    classify,
)

CASES: list[tuple[int, str, str, type[ServiceError]]] = [
    # the page, or its options
    (400, "InvalidParameter", "The image length and width do not meet the model restrictions", PageRefused),
    (400, "InvalidParameter", "Exceeded limit on max bytes per data-uri item : 10485760", PageRefused),
    (400, "InvalidParameter", "Multimodal file size is too large", PageRefused),
    (400, "InternalError.Algo.InvalidParameter", "Range of input length should be [1, 30000]", PageRefused),
    (400, "invalid_parameter_error", "Range of max_tokens should be [1, 8192]", PageRefused),
    (400, "InvalidParameter", "something new", PageRefused),
    (400, "DataInspectionFailed", "Input data may contain inappropriate content.", PageRefused),
    (400, "data_inspection_failed", "Output data may contain inappropriate content.", PageRefused),
    (413, "RequestTooLarge", "", PageRefused),
    (413, "", "not JSON: '<html>413 Request Entity Too Large'", PageRefused),
    (500, "InternalError.Algo", "list index out of range", PageRefused),
    (500, "InternalError", "Missing Content-Length of multimodal url", PageRefused),
    (400, "InvalidParameter.UnsupportedTask", "no weights for formulas", NotOffered),
    (400, "InvalidParameter.UnsupportedScript", "written in Cyrillic", NotOffered),
    # the account, the key, the model
    (400, "Arrearage", "Access denied, please make sure your account is in good standing.", RunRefused),
    (400, "InvalidParameter", "Model not exist.", RunRefused),
    (400, "InvalidParameter", "url error, please check url!", RunRefused),
    (401, "InvalidApiKey", "Invalid API-key provided.", RunRefused),
    (401, "invalid_api_key", "Incorrect API key provided.", RunRefused),
    (401, "NOT AUTHORIZED", "Access denied: Either you are not authorized.", RunRefused),
    (401, "", "", RunRefused),
    (403, "AccessDenied", "Access denied.", RunRefused),
    (403, "access_denied", "Access denied.", RunRefused),
    (403, "AccessDenied.Unpurchased", "Access to model denied.", RunRefused),
    (403, "Model.AccessDenied", "Model access denied.", RunRefused),
    (403, "Workspace.AccessDenied", "Workspace access denied.", RunRefused),
    (403, "AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted.", RunRefused),
    (404, "ModelNotFound", "The model does not exist.", RunRefused),
    (404, "model_not_found", "The model `m` does not exist.", RunRefused),
    (404, "Model.NotExist", "Model not exist.", RunRefused),
    (404, "model_not_supported", "", RunRefused),
    (404, "WorkSpaceNotFound", "", RunRefused),
    (404, "NotFound", "Not found!", RunRefused),
    (407, "", "not JSON: 'proxy'", RunRefused),
    (302, "", "not JSON: ''", RunRefused),
    (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", RunRefused),
    (429, "insufficient_quota", "Free allocated quota exceeded.", RunRefused),
    (429, "CommodityNotPurchased", "", RunRefused),
    (429, "PrepaidBillOverdue", "The bill is overdue", RunRefused),
    (429, "PostpaidBillOverdue", "The bill is overdue", RunRefused),
    # the account's limits
    (429, "Throttling", "Requests throttling triggered.", Throttled),
    (429, "Throttling.RateQuota", "Requests rate limit exceeded", Throttled),
    (429, "LimitRequests", "You exceeded your current requests list.", Throttled),
    (429, "limit_requests", "You exceeded your current requests list.", Throttled),
    (429, "Throttling.AllocationQuota", "Allocated quota exceeded", Throttled),
    (429, "insufficient_quota", "You exceeded your current quota", Throttled),
    (429, "", "Batch requests are being throttled", Throttled),
    (429, "", "not JSON: '<html>Too Many Requests'", Throttled),
    (200, "Throttling", "Requests throttling triggered.", Throttled),
    (429, "Throttling.BurstRate", "Request rate increased too quickly", ThrottledBurst),
    (429, "limit_burst_rate", "Request rate increased too quickly", ThrottledBurst),
    # the image's address
    (400, "InvalidParameter", "Failed to download multimodal content", FetchFailed),
    (
        400,
        "invalid_parameter_error",
        "Download the media resource timed out during the data inspection",
        FetchFailed,
    ),
    (403, "AccessDenied", "Invalid according to Policy: Policy expired.", UploadExpired),
    # what healed overnight, and what comes inside a 200
    (400, "InvalidParameter", "Required field missing.", RefusedForNow),
    (
        400,
        "invalid_parameter_error",
        "<400> InternalError.Algo: required field 'task' is missing",
        RefusedForNow,
    ),
    (500, "InternalError.Algo", "Missing required field: input", RefusedForNow),
    (200, "DataInspectionFailed", "Output data may contain inappropriate content.", PageRefused),
    (200, "", "Output data may contain inappropriate content.", PageRefused),
    (422, "", "Field required", PageRefused),
    # the service's own trouble
    (400, "InvalidParameter", "File parsing in progress, please try again later.", Retryable),
    (500, "InternalError", "An internal error has occurred", Retryable),
    (500, "internal_error", "An internal error has occurred", Retryable),
    (500, "InternalError.Algo", "inference internal error.", Retryable),
    (500, "InternalError.Timeout", "", Retryable),
    (500, "InternalError.FileUpload", "", Retryable),
    (500, "SystemError", "", Retryable),
    (500, "ModelServiceFailed", "", Retryable),
    (500, "RequestTimeOut", "Request timed out", Retryable),
    (503, "ModelServingError", "Too many requests", Retryable),
    (503, "ModelUnavailable", "Model is unavailable", Retryable),
    (503, "ServiceUnavailable", "", Retryable),
    (504, "GatewayTimeout", "", Retryable),
    (502, "", "not JSON: '<html>'", Retryable),
    (408, "", "", Retryable),
    (0, "", "no answer came (ReadTimeout)", Retryable),
    (200, "InternalError", "inside a 200", Retryable),
]


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"), CASES, ids=[f"{s} {c or '-'} {m[:30]}" for s, c, m, _ in CASES]
)
def test_class(status: int, code: str, message: str, expected: type[ServiceError]) -> None:
    assert type(classify(ServiceFault(status, code, message))) is expected


@pytest.mark.parametrize("code", ["INVALIDAPIKEY", "invalidApiKey", "Invalid_Api_Key"])
def test_letter_case_and_dialect_do_not_matter(code: str) -> None:
    assert isinstance(classify(ServiceFault(400, code, "")), RunRefused)


def test_an_error_that_stops_the_run_says_what_to_do() -> None:
    for status, code, message, expected in CASES:
        error = classify(ServiceFault(status, code, message))
        if issubclass(expected, RunRefused | Retryable) and expected is not UploadExpired:
            assert error.next_step, code
            assert re.search(rf"(?<! )[.!?:,] {re.escape(error.next_step)}$", str(error)), str(error)
