"""Faults sorted by what to do about them: status, code and message together."""

import pytest

from qwenocr_assets.qwenocr.errors import (
    NotOffered,
    PageRefused,
    Retryable,
    RunRefused,
    ServiceError,
    ServiceFault,
    Throttled,
    classify,
)

CASES: list[tuple[int, str, str, type[ServiceError]]] = [
    (400, "InvalidParameter", "The image length and width do not meet the model restrictions", PageRefused),
    (400, "InvalidParameter", "Exceeded limit on max bytes per data-uri item : 10485760", PageRefused),
    (400, "invalid_parameter_error", "Range of max_tokens should be [1, 8192]", PageRefused),
    (400, "InvalidParameter", "Failed to download multimodal content", Retryable),
    (400, "DataInspectionFailed", "Input data may contain inappropriate content.", PageRefused),
    (400, "data_inspection_failed", "Output data may contain inappropriate content.", PageRefused),
    (400, "Arrearage", "Access denied, please make sure your account is in good standing.", RunRefused),
    (400, "InvalidParameter.UnsupportedTask", "no weights for formulas", NotOffered),
    (400, "InvalidParameter.UnsupportedScript", "written in Cyrillic", NotOffered),
    (400, "InvalidParameter", "Model not exist.", RunRefused),
    (401, "InvalidApiKey", "Invalid API-key provided.", RunRefused),
    (401, "invalid_api_key", "Incorrect API key provided.", RunRefused),
    (401, "", "", RunRefused),
    (403, "AccessDenied.Unpurchased", "Access to model denied.", RunRefused),
    (403, "AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted.", RunRefused),
    (404, "ModelNotFound", "The model does not exist.", RunRefused),
    (404, "model_not_found", "The model does not exist.", RunRefused),
    (429, "Throttling.RateQuota", "Requests rate limit exceeded", Throttled),
    (429, "limit_requests", "You exceeded your current requests list.", Throttled),
    (429, "Throttling.BurstRate", "Request rate increased too quickly", Throttled),
    (429, "Throttling.AllocationQuota", "Allocated quota exceeded", Throttled),
    (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", RunRefused),
    (429, "insufficient_quota", "You exceeded your current quota", Throttled),
    (429, "PostpaidBillOverdue", "The bill is overdue", RunRefused),
    (500, "InternalError", "An internal error has occurred", Retryable),
    (500, "InternalError.Algo", "list index out of range", PageRefused),
    (500, "RequestTimeOut", "Request timed out", Retryable),
    (503, "ModelUnavailable", "Model is unavailable", Retryable),
    (502, "", "not JSON: '<html>'", Retryable),
    (0, "", "no answer came (ReadTimeout)", Retryable),
    (200, "Throttling", "Requests throttling triggered.", Throttled),
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
        if expected is RunRefused:
            assert error.next_step, code
