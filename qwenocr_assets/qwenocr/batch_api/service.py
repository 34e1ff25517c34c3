"""The service's files and batches over HTTP: nothing is repeated here that could do something twice.

Calls and shapes: product guide, page Batch API (OpenAI compatible), as the official `openai` SDK sends them.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from qwenocr_assets.qwenocr.batch_api.limits import ENDPOINT, MOST_LISTED
from qwenocr_assets.qwenocr.errors import ServiceError, ServiceFault, Unreadable, classify
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.wire.json_calls import JsonCalls

_READ_SECONDS = 120.0

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
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        region.require_host()
        self._calls = JsonCalls(
            region,
            region.compatible_url,
            key,
            read_seconds=_READ_SECONDS,
            transport=transport,
            pause=pause,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.http.close()

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
        while True:
            page = self._calls.asked("/batches", query)
            jobs = page.get("data") or []  # the service writes null for none
            yield from (_job(job) for job in jobs)
            if not page.get("has_more") or not jobs:
                return
            query["after"] = _id(jobs[-1])

    @contextlib.contextmanager
    def lines(self, file_id: str) -> Iterator[Iterator[bytes]]:
        """The lines of a result file as they come; it is never held as a whole. It has no Content-Type."""
        headers = {"Accept": "application/binary"}
        try:
            with self._calls.http.stream(
                "GET", f"/files/{quote(file_id, safe='')}/content", headers=headers
            ) as response:
                if response.status_code != 200:
                    response.read()
                    raise classify(self._calls.fault(response))
                yield map(self._calls.without_secrets, _lines(response.iter_bytes()))
        except httpx.TransportError as error:
            raise classify(ServiceFault(0, "", self._calls.described(error))) from None

    def delete(self, file_id: str) -> bool:
        headers = {"Content-Type": "application/json"}
        answer = self._calls.call("DELETE", f"/files/{quote(file_id, safe='')}", headers=headers)
        return bool(answer.get("deleted"))


def was_certainly_refused(error: ServiceError) -> bool:
    """Whether a call that failed with this error certainly did nothing: the service said no by itself."""
    return 400 <= error.fault.status < 500 and error.fault.status != 408


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their ends; pieces of a line are joined once."""
    begun: list[bytes] = []
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            begun.append(line)
            if joined := b"".join(begun).strip():
                yield joined
            begun.clear()
        begun.append(rest)
    if joined := b"".join(begun).strip():
        yield joined


def _id(answer: Mapping[str, Any]) -> str:
    if not answer.get("id"):
        raise Unreadable(ServiceFault(200, "", "the answer has no id"))
    return str(answer["id"])


def _job(raw: Mapping[str, Any]) -> ServiceJob:
    given = raw.get("request_counts")
    counts: Mapping[str, Any] = given if isinstance(given, dict) else {}
    return ServiceJob(
        id=_id(raw),
        status=str(raw.get("status") or ""),
        input_file_id=raw.get("input_file_id") or None,
        output_file_id=raw.get("output_file_id") or None,
        error_file_id=raw.get("error_file_id") or None,
        total=int(counts.get("total") or 0),
        completed=int(counts.get("completed") or 0),
        failed=int(counts.get("failed") or 0),
        problem=_problem(raw.get("errors")),
    )


def _problem(errors: Any) -> str | None:
    """`errors` of a failed batch: a list of code, message, line."""
    found = errors.get("data") if isinstance(errors, dict) else None
    texts = [
        f"{e.get('code')}: {e.get('message')}" + (f" (line {e['line']})" if e.get("line") else "")
        for e in found or ()
        if isinstance(e, dict)
    ]
    return "; ".join(texts[:3]) or None
