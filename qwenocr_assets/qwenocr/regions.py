"""Regions: where the service is called, in which dialect, and where the data lies.

Addresses, residency and uploads of the known regions stand in `catalogue.json` (product guide, sections Supported
regions and Supported models; temporary uploads: the product's page on temporary file addresses). `region_at` moves a
region to any other address: a workspace's own host, a proxy, or a server of one's own.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.wire.hosts import Host, host_at

LOCAL = "local"
"""The region of the embedded engine."""
NATIVE_PATH = "/api/v1"
COMPATIBLE_PATH = "/compatible-mode/v1"
_OTHER_SERVERS_PATH = "/v1"
_NATIVE_GENERATION = "/services/aigc/multimodal-generation/generation"
_COMPATIBLE_GENERATION = "/chat/completions"
_RESPONSES = "/responses"
_ENDPOINTS = (_COMPATIBLE_GENERATION, _RESPONSES, _NATIVE_GENERATION)
"""What may follow a base path when a whole endpoint is copied from an example."""
_SERVICE_DOMAIN = ".aliyuncs.com"
_PRIVATE_DOMAINS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


class Protocol(StrEnum):
    """The dialect of requests and answers."""

    NATIVE = "native"
    """The service's own, `multimodal-generation`: built-in tasks, rotation, positions in pixels."""
    OPENAI = "openai"
    """OpenAI-compatible chat: every task is a prompt."""
    RESPONSES = "responses"
    """OpenAI-compatible Responses API: the one in which a PDF goes whole, and where built-in tasks have their names."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where the service is called, and the model taken when none is chosen."""

    name: str
    host: str
    """Scheme, host and, behind a proxy, a path; the dialects' base paths follow it. Never with a `/` at the end.

    Empty where the service has no host for everybody: then `base_url` has to name the workspace's own."""
    default_model: str
    protocol: Protocol = Protocol.NATIVE
    native_path: str = NATIVE_PATH
    compatible_path: str = COMPATIBLE_PATH
    offers_uploads: bool = False
    """Whether images can be uploaded first and named as `oss://…`."""
    residency: str = ""
    """Where the data is kept and computed with, in one sentence."""
    service_region: str = ""
    """The service's own name of it, which its workspaces' hosts carry; empty where there are none."""
    workspace: str | None = None
    app: str | None = None
    """The ASGI app that answers inside this process, as `module:factory`; None where the network leads to the service.

    The client knows the embedded engine by this name alone: it stands above the client, and may not be installed."""

    @property
    def is_local(self) -> bool:
        """Whether an app inside this process answers."""
        return self.app is not None

    @property
    def workspace_host(self) -> str:
        """The form of its workspaces' hosts."""
        return f"https://{{WorkspaceId}}.{self.service_region}.maas.aliyuncs.com"

    def require_host(self) -> None:
        """Raise `ConfigurationError` for a region that is only reached at a workspace's own host, without one."""
        if not self.host:
            raise ConfigurationError(
                f"Region {self.name} has no address of its own: each workspace has its host there.",
                f'Set base_url = "{self.workspace_host}" with the id of your workspace, from the console.',
            )

    @property
    def native_url(self) -> str:
        """The base of the native dialect, like `https://dashscope-intl.aliyuncs.com/api/v1`."""
        return self.host + self.native_path

    @property
    def compatible_url(self) -> str:
        """The base of the OpenAI-compatible dialect: what the `openai` SDK takes as `base_url`."""
        return self.host + self.compatible_path

    @property
    def generation_url(self) -> str:
        """Where requests go, in the region's dialect."""
        if self.protocol is Protocol.NATIVE:
            return self.native_url + _NATIVE_GENERATION
        is_chat = self.protocol is Protocol.OPENAI
        return self.compatible_url + (_COMPATIBLE_GENERATION if is_chat else _RESPONSES)

    @property
    def at(self) -> Host:
        """What its host is, by its name."""
        return host_at(self.host)

    def limits_scope(self, model: str) -> str:
        """What shares one limit of requests: a model at a host, or at a trial host all models."""
        return self.host if self.at.requests_per_minute is not None else f"{self.host} {model}"

    @property
    def headers(self) -> dict[str, str]:
        """Headers that every call to this region carries, beside the key."""
        return {"X-DashScope-WorkSpace": self.workspace} if self.workspace else {}


def region_at(region: Region, base_url: str, *, allow_http: bool = False) -> Region:
    """The region at another address; everything else about it stays.

    `base_url` may end in a dialect's base path (`/api/v1`, `/compatible-mode/v1`, `/v1`) or in a whole endpoint, or in
    neither: then the OpenAI-compatible base path is `/v1` for a server of one's own, and the service's for others.

    Raises:
        ConfigurationError: no http(s) address; one that carries a password or a query, where a key might hide; or
            http:// to a public host without `allow_http`.
    """
    url = _checked(base_url.strip(), allow_http)
    path = url.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        path = path.removesuffix(endpoint)
    speaks_as_the_service = (
        region.name != "custom"
        or region.protocol is Protocol.NATIVE
        or (url.hostname or "").endswith(_SERVICE_DOMAIN)
    )
    prefix, compatible_path = _split(path, speaks_as_the_service)
    return replace(region, host=f"{url.scheme}://{url.netloc}{prefix}", compatible_path=compatible_path)


def _split(path: str, speaks_as_the_service: bool) -> tuple[str, str]:
    """A path as what stands before the dialects' base paths, and the OpenAI-compatible one."""
    for base in (COMPATIBLE_PATH, NATIVE_PATH) if speaks_as_the_service else (COMPATIBLE_PATH,):
        if path.endswith(base):
            return path.removesuffix(base), COMPATIBLE_PATH
    if version := re.search(r"/v\d+$", path):
        return path[: version.start()], version.group()
    return path, COMPATIBLE_PATH if speaks_as_the_service else _OTHER_SERVERS_PATH


def _checked(base_url: str, allow_http: bool) -> SplitResult:
    try:
        url = urlsplit(base_url)
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise ConfigurationError(f"base_url is no address ({error}).", _EXAMPLE) from error
    if url.scheme not in ("https", "http") or not host:
        raise ConfigurationError("base_url must begin with https:// and name a host.", _EXAMPLE)
    if "@" in url.netloc or url.query or url.fragment:
        raise ConfigurationError(
            f"base_url ({url.scheme}://{host}…) holds more than an address: a password, a query or a fragment.",
            "Leave it out; keys belong into the environment or .env (DASHSCOPE_API_KEY_…).",
        )
    if url.scheme == "http" and not allow_http and not _is_private(host):
        raise ConfigurationError(
            f"base_url is http://{host}: the key and the documents would cross the internet unencrypted.",
            "Write https://, or set allow_http = true if that is meant. "
            "Addresses of this machine and of private networks need neither.",
        )
    return url


_EXAMPLE = 'For example: base_url = "https://llm-abc.ap-southeast-1.maas.aliyuncs.com" or "http://127.0.0.1:8000/v1".'


def _is_private(host: str) -> bool:
    """Whether a host is on this machine or in a private network, judged by its name alone (nothing is looked up)."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_DOMAINS)
    return address.is_loopback or address.is_private or address.is_link_local
