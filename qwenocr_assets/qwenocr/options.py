"""How a client calls the service: the options that are the same for all its requests."""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from qwenocr_assets.cores import core_count
from qwenocr_assets.qwenocr.regions import Region

Streaming = Literal["auto", "always", "never"]

_LONGER_SECONDS = 30.0
"""That the client waits longer than the host takes: an answer that is given up too early is paid for and lost."""
_CLOUD_IN_FLIGHT = 128
"""An answer takes seconds, and an account may make 20 calls a second."""


class ClientOptions(BaseModel):
    """How a client calls. Raises pydantic's `ValidationError`, a `ValueError`, for what cannot be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Requests in flight at once; by default 128; with the embedded engine 4 a core, at least 8.",
    )
    max_attempts: int = Field(4, ge=1, le=20, description="Calls per page and task before giving up.")
    timeout_seconds: float | None = Field(
        None,
        gt=0,
        lt=math.inf,
        description="Longest that a call may take, from connecting to the last byte; by default half a minute more "
        "than the host takes before it gives up: 3,630 s at a workspace's own, 630 s elsewhere.",
    )
    stream: Streaming = Field(
        "auto", description="Stream answers; auto streams tables and documents, whose answers are long."
    )

    def in_flight(self, region: Region) -> int:
        """Requests in flight at once.

        The embedded engine has enough with a page for each core to read: the tasks of a page are asked for one after
        the other.
        """
        return self.concurrency or (max(8, 4 * core_count()) if region.is_local else _CLOUD_IN_FLIGHT)

    def answer_seconds(self, region: Region) -> float:
        """Longest that a call may take."""
        return self.timeout_seconds or region.at.time_limit_seconds + _LONGER_SECONDS

    def streaming(self, region: Region) -> Streaming:
        """Whether answers stream; the embedded engine breaks no long answer off, so `auto` never streams there."""
        return "never" if region.is_local and self.stream == "auto" else self.stream
