"""What the service's hosts are, by their names alone: which kind, in which of its regions, with which limits.

Forms and limits: the product's page on regions and hosts, as of September 2026. Headers of November 2025 still said
298 seconds for the shared ones.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

SHARED_HOST_SECONDS = 600.0
_WORKSPACE_SECONDS = 3600.0
_TRIAL_REQUESTS_PER_MINUTE = 1000


class HostKind(StrEnum):
    """Whose host it is."""

    SHARED = "shared"
    """For everybody; the older form."""
    WORKSPACE = "workspace"
    """One workspace's own, which reaches that workspace only: what the service recommends."""
    TRIAL = "trial"
    """For trying out: a limit over all models together, and no promise."""
    PLAN = "plan"
    """Of a subscription for coding tools, with keys of its own."""
    OTHER = "other"
    """Not the service's: a proxy, or a server of one's own."""


_FORMS = (
    (HostKind.PLAN, r"token-plan\.(?P<region>[^.]+)\.maas\.aliyuncs\.com"),
    (HostKind.PLAN, r"coding[^.]*\.dashscope\.aliyuncs\.com"),
    (HostKind.TRIAL, r"trial\.(?P<region>[^.]+)\.maas\.aliyuncs\.com"),
    (HostKind.WORKSPACE, r"[^.]+\.(?P<region>[^.]+)\.maas\.aliyuncs\.com"),
    (HostKind.SHARED, r"(?P<region>cn-hongkong)\.dashscope\.aliyuncs\.com"),
    (HostKind.SHARED, r"dashscope[^.]*\.aliyuncs\.com"),
)


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the service, or another."""

    kind: HostKind
    service_region: str | None = None
    """The service's region that its name carries."""

    @property
    def time_limit_seconds(self) -> float:
        """How long it works at one answer before it gives up; of a server that is not the service's it is a guess."""
        return _WORKSPACE_SECONDS if self.kind is HostKind.WORKSPACE else SHARED_HOST_SECONDS

    @property
    def requests_per_minute(self) -> int | None:
        """The most of all models together; None where each model has a limit of its own."""
        return _TRIAL_REQUESTS_PER_MINUTE if self.kind is HostKind.TRIAL else None


def host_at(address: str) -> Host:
    """The host of an address like `https://llm-abc.cn-beijing.maas.aliyuncs.com/api/v1`."""
    name = (urlsplit(address).hostname or "").lower()
    for kind, form in _FORMS:
        if match := re.fullmatch(form, name):
            return Host(kind, match.groupdict().get("region"))
    return Host(HostKind.OTHER)
