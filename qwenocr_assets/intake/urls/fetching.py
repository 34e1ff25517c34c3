"""Fetch what a list of URLs names: bounded in bytes, seconds and redirects, and only from where it may.

A host's name is resolved once, every address it has is judged (`intake.urls.addresses`), and one of these very
addresses is connected to, so that a name cannot change between the judgement and the connection. Each redirect starts
over. Proxies and credentials of the environment are not used; those in a URL are sent to its own host only.
"""

import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import get_args
from urllib.parse import unquote_to_bytes

import anyio
import anyio.to_thread
import httpx
from upath import UPath

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.urls.addresses import Network, refusal
from qwenocr_assets.settings import Bucket, Settings

BUCKETS = get_args(Bucket)

_MOST_REDIRECTS = 5
_CONNECT_SECONDS = 10.0
_CHUNK_BYTES = 2**16
_AGAIN = "The next run of the intake tries it again."
_UNPACKED_HERE = ("", "identity", "gzip", "deflate")
"""Content encodings that are unpacked as they come, and cannot grow more than a thousandfold."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be fetched."""

    max_bytes: int = 100 * 2**20
    seconds: float = 60.0
    """For one file, from its name's resolution to its last byte."""
    allowed_networks: Sequence[Network] = ()
    """Networks that may be reached although they are not public."""
    buckets: Sequence[str] = ()
    """Protocols of buckets that may be read, with this machine's rights."""


def bounds_of(settings: Settings) -> Bounds:
    """What the settings allow."""
    return Bounds(
        max_bytes=int(settings.url_max_mb * 2**20),
        seconds=settings.url_seconds,
        allowed_networks=tuple(settings.url_networks),
        buckets=tuple(settings.url_buckets),
    )


async def fetch(url: str, bounds: Bounds) -> bytes:
    """The bytes behind a URL.

    Raises:
        RejectedInput: it may not be fetched, or cannot be; the message holds nothing of the URL but its host.
    """
    scheme = url.partition("://")[0].lower()
    try:
        with anyio.fail_after(bounds.seconds):
            if scheme in ("http", "https"):
                return await _fetch_http(url, bounds)
            return await _fetch_bucket(scheme, url, bounds)
    except TimeoutError as error:
        raise RejectedInput(f"It took longer than {bounds.seconds:g} seconds.", _AGAIN) from error
    except (ValueError, OSError) as error:  # what a strange address meets in the libraries below
        raise RejectedInput(
            f"It cannot be fetched ({type(error).__name__}).", "Correct the address."
        ) from error


async def _fetch_http(url: str, bounds: Bounds) -> bytes:
    target = _parsed(url)
    for _ in range(_MOST_REDIRECTS + 1):
        addresses = await _addresses(target, bounds.allowed_networks)
        async with _answer(target, addresses) as response:
            if not response.has_redirect_location:
                return await _content(response, bounds.max_bytes)
            target = _redirected(target, response.headers["location"])
    raise RejectedInput(
        f"It is redirected more than {_MOST_REDIRECTS} times.", "Give the address it leads to."
    )


def _parsed(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise RejectedInput("It is no valid URL.", "Correct it.") from error
    if not target.host:
        raise RejectedInput("The URL names no host.", "Correct it.")
    return target


def _redirected(target: httpx.URL, location: str) -> httpx.URL:
    try:
        following = target.join(location)
    except httpx.InvalidURL as error:
        raise RejectedInput("It is redirected to what is no URL.", "Give the address it leads to.") from error
    if following.scheme not in ("http", "https") or not following.host:
        raise RejectedInput(
            f"It is redirected to a {following.scheme}: address.", "Only http and https are followed."
        )
    return following


async def _addresses(target: httpx.URL, allowed: Sequence[Network]) -> list[str]:
    """The addresses of a URL's host, all of which may be connected to."""
    try:
        # also what looks like no address is one to the system: 2130706433, 0x7f.1, 127.1
        found = await anyio.getaddrinfo(target.host, target.port or 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RejectedInput(f"The host {target.host} cannot be found.", _AGAIN) from error
    addresses = list(dict.fromkeys(str(place[0]).partition("%")[0] for *_, place in found))
    for address in addresses:
        if (reason := refusal(address, allowed)) is not None:
            raise RejectedInput(
                f"{target.host} is {reason}: it is not fetched.",
                "If it shall be, add its network to url_networks in pipeline.toml.",
            )
    return addresses


@asynccontextmanager
async def _answer(target: httpx.URL, addresses: Sequence[str]) -> AsyncIterator[httpx.Response]:
    """The answer of the first of these addresses that takes a connection.

    Each call has a transport of its own: a connection that was made to one name never serves another.
    """
    for last, address in ((address is addresses[-1], address) for address in addresses):
        async with httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False) as transport:
            try:
                response = await transport.handle_async_request(_request(target, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    raise _failed(target, error) from error
                continue
            except httpx.HTTPError as error:
                raise _failed(target, error) from error
            try:
                yield response
            except httpx.HTTPError as error:
                raise _failed(target, error) from error
            finally:
                await response.aclose()
            return


def _request(target: httpx.URL, address: str) -> httpx.Request:
    """A GET to this address, which meets the host of the URL as any other client's would."""
    headers = {
        "host": target.netloc.decode("ascii"),
        "user-agent": "qwenocr-assets",
        "accept": "*/*",
        "accept-encoding": "identity",
    }
    if target.userinfo:
        headers["authorization"] = f"Basic {b64encode(unquote_to_bytes(target.userinfo)).decode()}"
    bare = target.copy_with(host=address, userinfo=b"", fragment=None)
    timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)  # the whole fetch has its own limit
    extensions = {"timeout": timeout.as_dict(), "sni_hostname": target.raw_host.decode("ascii")}
    return httpx.Request("GET", bare, headers=headers, extensions=extensions)


async def _content(response: httpx.Response, max_bytes: int) -> bytes:
    if not response.is_success:
        raise RejectedInput(f"The server answered {_status(response.status_code)}.", _AGAIN)
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _UNPACKED_HERE:
        raise RejectedInput(f"The server sent it packed ({encoding}), unasked.", "Download it yourself.")
    told = response.headers.get("content-length", "")
    if told.isdigit() and int(told) > max_bytes:
        raise _too_large(max_bytes)
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes(_CHUNK_BYTES):
            content += chunk
            if len(content) > max_bytes:
                raise _too_large(max_bytes)
    except httpx.DecodingError as error:
        raise RejectedInput("What the server sent cannot be unpacked.", _AGAIN) from error
    return bytes(content)


async def _fetch_bucket(scheme: str, url: str, bounds: Bounds) -> bytes:
    if scheme not in BUCKETS or "::" in url:
        raise RejectedInput(
            f"URLs of {scheme or 'no protocol'} are not fetched from lists.",
            f"Lists may name http, https and, where url_buckets allows them, {', '.join(BUCKETS)}.",
        )
    if scheme not in bounds.buckets:
        raise RejectedInput(
            f"Lists may not name {scheme} here.",
            f"If they shall, add {scheme} to url_buckets in pipeline.toml.",
        )
    return await anyio.to_thread.run_sync(_read_bucket, scheme, url, bounds.max_bytes, abandon_on_cancel=True)


def _read_bucket(scheme: str, url: str, max_bytes: int) -> bytes:
    try:
        with UPath(url).open("rb") as file:
            content = bytes(file.read(max_bytes + 1))
    except ImportError as error:
        raise RejectedInput(
            f"What reads {scheme} is not installed.", f"Install the fsspec file system for {scheme}."
        ) from error
    except FileNotFoundError as error:
        raise RejectedInput("There is no such file.", _AGAIN) from error
    except Exception as error:  # each file system has errors of its own
        raise RejectedInput(f"It cannot be read ({type(error).__name__}).", _AGAIN) from error
    if len(content) > max_bytes:
        raise _too_large(max_bytes)
    return content


def _too_large(max_bytes: int) -> RejectedInput:
    return RejectedInput(
        f"It is larger than {max_bytes / 2**20:,.4g} MiB.", "Raise url_max_mb, or drop the file itself."
    )


def _failed(target: httpx.URL, error: httpx.HTTPError) -> RejectedInput:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return RejectedInput(
                f"{target.host} has no certificate that can be trusted ({cause.reason}).",
                "Correct the address, or name the authority's certificate in SSL_CERT_FILE.",
            )
        cause = cause.__cause__ or cause.__context__
    what = (
        "cannot be reached" if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else "broke off"
    )
    return RejectedInput(f"{target.host} {what}.", _AGAIN)


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


@cache
def _tls() -> ssl.SSLContext:
    """The authorities that are trusted; `SSL_CERT_FILE` and `SSL_CERT_DIR` count."""
    return httpx.create_ssl_context()
