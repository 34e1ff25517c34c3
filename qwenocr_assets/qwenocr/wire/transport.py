"""The one seam to the network, and the way to an app inside this process."""

from collections.abc import Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pkgutil import resolve_name
from types import MappingProxyType
from urllib.request import getproxies

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from qwenocr_assets.errors import ConfigurationError

_CONNECT_SECONDS = 10.0
ACCEPTED_ENCODINGS = "gzip, deflate"
"""Set outright: httpx asks for all that it finds decoders for, and those of others cannot be bounded."""
_KEEP_ALIVE_SECONDS = 45.0
"""Below what gateways keep an idle connection for: one closed at the far end loses the call that is sent on it."""

_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


def open_http(
    *, concurrency: int, timeout_seconds: float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """An HTTP client for hundreds of slow requests in flight; `transport` takes the network's place.

    httpx's own pool searches all its connections for every request and collapses above 64 in flight, so aiohttp
    carries them. Proxies are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`); without any, aiohttp is not made
    to look for them, which costs it two turns of a thread for every request.
    """
    if transport is not None:
        return http_over(transport, timeout_seconds=timeout_seconds)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=concurrency, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=httpx.create_ssl_context()
        )
        return aiohttp.ClientSession(
            connector=connector, trust_env=bool(getproxies()), cookie_jar=aiohttp.DummyCookieJar()
        )

    return http_over(AiohttpTransport(client=session), timeout_seconds=timeout_seconds)


def http_over(
    transport: httpx.AsyncBaseTransport | None,
    *,
    timeout_seconds: float,
    base_url: str = "",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> httpx.AsyncClient:
    """An HTTP client over a transport; None is httpx's own, which will do for one request after the other."""
    return httpx.AsyncClient(
        transport=transport,
        base_url=base_url,
        # a host that cannot be reached is told from one that is slow, also where little time is given
        timeout=httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds / 2)),
        headers={**headers, "Accept-Encoding": ACCEPTED_ENCODINGS},
        # not kept: with one byte above 127 in a cookie, httpx 0.28 can build no later request
        # (`Request.__init__` writes the header `Cookie` as ASCII)
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


@cache
def transport_to(app: str) -> httpx.ASGITransport:
    """The way to the ASGI app that `module:factory` makes; one a process, for the engine's models take a second.

    Raises:
        ConfigurationError: what the app needs is not installed.
    """
    try:
        return httpx.ASGITransport(resolve_name(app)())
    except ImportError as error:
        raise ConfigurationError(
            f"The embedded engine is not installed ({error}).",
            "Run `pip install -e '.[engine]'`, or choose a cloud region (QWENOCR_REGION).",
        ) from error


def was_sent(error: Exception) -> bool:
    """Whether the request may have reached the service, and so may be billed, although no answer came.

    The transport reports a dropped connection as a failed one, so the error behind it decides where there is one.
    """
    return not isinstance(error.__cause__ or error, _NEVER_SENT)


def describe(error: Exception) -> str:
    """What went wrong on the way, in words."""
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {cause}".rstrip(": ")
