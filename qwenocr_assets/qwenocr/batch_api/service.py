"""The service's files and batches over HTTP: nothing is repeated here that could do something twice.

Calls and shapes: product guide, page Batch API (OpenAI compatible), as the official `openai` SDK sends them.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from qwenocr_assets.qwenocr.batch_api.limits import ENDPOINT, MOST_LISTED
from qwenocr_assets.qwenocr.errors import ServiceError, ServiceFault, Unreadable
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.wire.json_calls import JsonCalls

CALL_SECONDS = 120.0
_FILE_SECONDS = 3600.0
"""Files have up to 500 MB on their way in, and more on their way back."""
_MOST_PAGES = 100
_MOST_COUNTED = 10**9
_MOST_NAME = 500
_MOST_PROBLEM = 2_000

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
"""Statuses after which nothing changes; the others are validating, in_progress, finalizing and cancelling."""


@dataclass(frozen=True, slots=True)
class ServiceJob:
    """A batch as the service describes it."""

    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    """Absent when nothing succeeded, whatever the status."""
    error_file_id: str | None = None
    """Absent when nothing failed; a completed batch may have one."""
    total: int = 0
    completed: int = 0
    failed: int = 0
    problem: str | None = None
    """Why the input file was refused as a whole."""

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class BatchService:
    """The files and batches of one account in one region."""

    def __init__(
        self,
        region: Region,
        key: SecretStr | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        region.require_host()
        self._calls = JsonCalls(
            region,
            region.compatible_url,
            key,
            seconds=CALL_SECONDS,
            transport=transport,
            pause=pause,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.close()

    def upload(self, path: Path) -> str:
        """Upload an input file, read piece by piece; its id.

        Raises:
            ServiceError: the service refused it, or it cannot be told whether it came.
        """
        with path.open("rb") as file:
            answer = self._calls.call(
                "POST",
                "/files",
                data={"purpose": "batch"},
                files={"file": (path.name, file, "application/octet-stream")},
                seconds=_FILE_SECONDS,
            )
        return _id(answer)

    def create(self, input_file_id: str, metadata: Mapping[str, str], window: str) -> ServiceJob:
        """Create a batch. It is called once: who cannot tell whether it came has to look for the batch.

        Raises:
            ServiceError: refused, or (`Retryable`) nobody knows.
        """
        body = {
            "completion_window": window,
            "endpoint": ENDPOINT,
            "input_file_id": input_file_id,
            "metadata": dict(metadata),
        }
        return _job(self._calls.call("POST", "/batches", json=body))

    def retrieve(self, job_id: str) -> ServiceJob:
        return _job(self._calls.asked(f"/batches/{quote(job_id, safe='')}"))

    def cancel(self, job_id: str) -> ServiceJob:
        """Ask for the end of a batch; what is finished by then stays, and is billed."""
        headers = {"Content-Type": "application/json"}
        return _job(self._calls.call("POST", f"/batches/{quote(job_id, safe='')}/cancel", headers=headers))

    def find(
        self, *, name: str | None = None, input_file_id: str | None = None, limit: int = MOST_LISTED
    ) -> Iterator[ServiceJob]:
        """Batches of the last 30 days, page by page; by `ds_name` and input file, if given."""
        query: dict[str, str | int] = {"limit": limit}
        if name is not None:
            query["ds_name"] = name
        if input_file_id is not None:
            query["input_file_ids"] = input_file_id
        for _ in range(_MOST_PAGES):
            page = self._calls.asked("/batches", query)
            listed = page.get("data")  # the service writes null for none
            jobs = [_job(job) for job in listed] if isinstance(listed, list) else []
            yield from jobs
            if not page.get("has_more") or not jobs:
                return
            query["after"] = jobs[-1].id

    def lines(self, file_id: str) -> AbstractContextManager[Iterator[bytes]]:
        """The lines of a result file as they come; it is never held as a whole. It has no Content-Type."""
        path = f"/files/{quote(file_id, safe='')}/content"
        return self._calls.lines(path, seconds=_FILE_SECONDS, accept="application/binary")

    def delete(self, file_id: str) -> bool:
        headers = {"Content-Type": "application/json"}
        answer = self._calls.call("DELETE", f"/files/{quote(file_id, safe='')}", headers=headers)
        return bool(answer.get("deleted"))


def is_the_services_word(error: ServiceError) -> bool:
    """Whether the service itself said so. A page of a gateway has no code, whatever its status."""
    return bool(error.fault.code)


def was_certainly_refused(error: ServiceError) -> bool:
    """Whether a call that failed with this error certainly did nothing: the service said no by itself."""
    return 400 <= error.fault.status < 500 and error.fault.status != 408 and is_the_services_word(error)


def _id(answer: Mapping[str, Any]) -> str:
    given = _text(answer.get("id"))
    if given is None:
        raise Unreadable(ServiceFault(200, "", "the answer has no id"))
    return given


def _job(raw: Any) -> ServiceJob:
    """Raises `Unreadable` for what is no job."""
    if not isinstance(raw, dict):
        raise Unreadable(ServiceFault(200, "", "a batch is listed that is no object"))
    given = raw.get("request_counts")
    counts: Mapping[str, Any] = given if isinstance(given, dict) else {}
    return ServiceJob(
        id=_id(raw),
        status=_text(raw.get("status")) or "",
        input_file_id=_text(raw.get("input_file_id")),
        output_file_id=_text(raw.get("output_file_id")),
        error_file_id=_text(raw.get("error_file_id")),
        total=_count(counts.get("total")),
        completed=_count(counts.get("completed")),
        failed=_count(counts.get("failed")),
        problem=_problem(raw.get("errors")),
    )


def _text(value: Any) -> str | None:
    """A name; None for what is none, and for one that no column takes."""
    return value if isinstance(value, str) and 0 < len(value) <= _MOST_NAME else None


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value <= _MOST_COUNTED else 0


def _problem(errors: Any) -> str | None:
    """`errors` of a failed batch: a list of code, message, line."""
    found = errors.get("data") if isinstance(errors, dict) else None
    texts = [
        f"{e.get('code')}: {e.get('message')}" + (f" (line {e['line']})" if e.get("line") else "")
        for e in (found if isinstance(found, list) else ())
        if isinstance(e, dict)
    ]
    return "; ".join(texts[:3])[:_MOST_PROBLEM] or None
