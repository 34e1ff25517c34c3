"""Small questions to the service over HTTP, JSON in and out, beside those about pictures."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from qwenocr_assets.qwenocr.errors import Retryable, ServiceFault, Unreadable, classify
from qwenocr_assets.qwenocr.keys import require_fit
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.wire.redaction import Redactor

_CONNECT_SECONDS = 10.0
_MOST_CALLS = 4
_FIRST_PAUSE_SECONDS = 0.5


class JsonCalls:
    """One account's connection to a region. Everything raises a `ServiceError` for what is no answer."""

    def __init__(
        self,
        region: Region,
        base_url: str,
        key: SecretStr | None,
        *,
        read_seconds: float,
        most_calls: int = _MOST_CALLS,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        require_fit(key, region.host)
        secret = key.get_secret_value() if key is not None else ""
        headers = {**region.headers, **({"Authorization": f"Bearer {secret}"} if secret else {})}
        self._redact = Redactor([secret])
        self._pause = pause
        self._most_calls = most_calls
        self.http = httpx.Client(
            base_url=base_url,
            headers={**headers, "Accept": "application/json"},
            timeout=httpx.Timeout(read_seconds, connect=min(_CONNECT_SECONDS, read_seconds)),
            transport=transport,
        )

    def asked(self, path: str, query: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """A question that changes nothing, so it may be asked again."""
        for number in range(1, self._most_calls + 1):
            try:
                return self.call("GET", path, params=query)
            except Retryable:
                if number == self._most_calls:
                    raise
                self._pause(_FIRST_PAUSE_SECONDS * 2 ** (number - 1))
        raise AssertionError("unreachable")

    def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """One call, never repeated: what came back, a JSON object."""
        try:
            response = self.http.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise classify(ServiceFault(0, "", f"no answer came ({self.described(error)})")) from None
        if response.status_code != 200:
            raise classify(self.fault(response))
        try:
            answer = orjson.loads(self._redact.answer(response.text))
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise Unreadable(ServiceFault(200, "", "the answer is no JSON object"))
        return answer

    def fault(self, response: httpx.Response) -> ServiceFault:
        """What an answer that is none says, without secrets."""
        try:
            body = orjson.loads(self._redact.answer(response.text))
        except orjson.JSONDecodeError:
            body = None
        top = body if isinstance(body, dict) else {}
        nested = top.get("error")
        error = nested if isinstance(nested, dict) else top
        message = self._redact.message(str(error.get("message") or response.text[:200] or "no message"))
        return ServiceFault(response.status_code, str(error.get("code") or ""), message)

    def described(self, error: httpx.TransportError) -> str:
        """What went wrong on the way, without secrets."""
        return self._redact.message(f"{type(error).__name__}: {error}")

    def without_secrets(self, line: bytes) -> bytes:
        """A line of a file as it came, without secrets."""
        return self._redact.answer(line.decode(errors="surrogateescape")).encode(errors="surrogateescape")
