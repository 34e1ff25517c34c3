"""The batches of the emulated service: checked, answered line by line, billed at the batch price.

Statuses, limits and the shapes of files: the product's page on its Batch API. Only lines that succeed are billed.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from qwenocr_assets.emulator.batch_faults import BatchFault, BatchScript
from qwenocr_assets.emulator.batch_files import MOST_FILE_BYTES, FileStore, StoredFile
from qwenocr_assets.engine.wire.answers import WireAnswer, data_of
from qwenocr_assets.engine.wire.errors import ErrorCode, WireError, invalid_parameter
from qwenocr_assets.engine.wire.values import JsonObject

ENDPOINT = "/v1/chat/completions"
MOST_LINES = 50_000
MOST_LINE_BYTES = 6 * 10**6
_WINDOW = re.compile(r"(\d+)([hd])")
_ERRORS = {
    "error": (500, "internal_error", "An internal error has occured, please try again later."),
    "refused": (400, "data_inspection_failed", "Input data may contain inappropriate content."),
}

AnswerLine = Callable[[str, bytes], Awaitable[WireAnswer]]
"""Answers and bills one line, by its model and body. Raises WireError for a refusal."""
OffersBatches = Callable[[str], bool]


@dataclass(slots=True)
class Batch:
    """One batch and how far it is."""

    number: int
    id: str
    input: StoredFile
    window: str
    metadata: JsonObject
    fault: BatchFault
    created_at: int
    status: str = "validating"
    ended_at: int | None = None
    cancelled: bool = False
    total: int = 0
    completed: int = 0
    failed: int = 0
    errors: list[JsonObject] = field(default_factory=list)
    output_file_id: str | None = None
    error_file_id: str | None = None
    torn: int = 0

    def as_json(self) -> JsonObject:
        def at(status: str) -> int | None:
            return self.ended_at if self.status == status else None

        return {
            "id": self.id,
            "object": "batch",
            "endpoint": ENDPOINT,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "input_file_id": self.input.id,
            "completion_window": self.window,
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": self.created_at,
            "in_progress_at": self.created_at,
            "expires_at": None,
            "finalizing_at": self.ended_at,
            "completed_at": at("completed"),
            "failed_at": at("failed"),
            "expired_at": at("expired"),
            "cancelling_at": None,
            "cancelled_at": at("cancelled"),
            "request_counts": {"total": self.total, "completed": self.completed, "failed": self.failed},
            "metadata": self.metadata,
        }


class Batches:
    """The batches of one account. `seconds` pass before a batch is begun, by the event loop's clock."""

    def __init__(
        self, answer: AnswerLine, offers: OffersBatches, script: BatchScript, seconds: float
    ) -> None:
        self.files = FileStore()
        self._answer = answer
        self._offers = offers
        self._script = script
        self._seconds = seconds
        self._batches: dict[str, Batch] = {}
        self._running: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """End what runs: the account is forgotten."""
        for task in self._running:
            task.cancel()

    def get(self, batch_id: str) -> Batch:
        """A batch. Raises WireError when there is none of this id."""
        if batch_id not in self._batches:
            raise WireError(ErrorCode.NOT_FOUND, f"Batch {batch_id} does not exist.")
        return self._batches[batch_id]

    def all(self) -> list[Batch]:
        """The newest first."""
        return list(self._batches.values())[::-1]

    def create(self, asked: JsonObject) -> Batch:
        """Create a batch and begin it. Raises WireError for what the service refuses at once."""
        file = self.files.get(str(asked.get("input_file_id")))
        if file is None:
            raise invalid_parameter(f"input_file_id {asked.get('input_file_id')} does not exist.")
        if asked.get("endpoint") != ENDPOINT:
            raise invalid_parameter(f"endpoint {asked.get('endpoint')} is not supported.")
        window = str(asked.get("completion_window"))
        if not _is_window(window):
            raise invalid_parameter("completion_window has to be between 24h and 336h (14d).")
        metadata = asked.get("metadata") or {}
        if len(str(metadata.get("ds_name", ""))) > 100 or len(str(metadata.get("ds_description", ""))) > 200:
            raise invalid_parameter("ds_name or ds_description is too long.")
        number = len(self._batches) + 1
        fault = self._script(number)
        batch_id = f"batch_{uuid4()}" + ("/+ä" if fault.odd_ids else "")
        batch = Batch(number, batch_id, file, window, metadata, fault, int(time.time()))
        self._batches[batch_id] = batch
        task = asyncio.get_running_loop().create_task(self._run(batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return batch

    def cancel(self, batch_id: str) -> Batch:
        """Ask for its end. Raises WireError when it has ended or does not exist."""
        batch = self.get(batch_id)
        if batch.ended_at is not None:
            raise invalid_parameter(f"Batch {batch_id} is {batch.status}.")
        batch.cancelled = True
        batch.status = "cancelling"
        return batch

    async def _run(self, batch: Batch) -> None:
        batch.errors = _problems(batch.input.path, batch.fault, self._offers)
        if self._seconds:
            await asyncio.sleep(self._seconds)
        if batch.errors:
            batch.status, batch.ended_at = "failed", int(time.time())
            return
        batch.total = sum(1 for _ in _lines(batch.input.path))
        if not batch.cancelled:
            batch.status = "in_progress"
        results = _Results(self.files, batch)
        drawn = random.Random(batch.number)  # noqa: S311  the same faults each time
        answered = 0
        ends_after = None if batch.fault.expires_after is None else batch.fault.expires_after * batch.total
        try:
            for line in _lines(batch.input.path):
                if batch.cancelled or (ends_after is not None and answered >= ends_after):
                    break
                results.add(*await self._line(line, batch, drawn.random()))
                answered += 1
                await asyncio.sleep(0)
        finally:
            results.stop()
        batch.output_file_id, batch.error_file_id = results.close(drawn)
        expired = ends_after is not None and answered < batch.total
        batch.ended_at = int(time.time())
        batch.status = "cancelled" if batch.cancelled else "expired" if expired else "completed"

    async def _line(self, line: bytes, batch: Batch, draw: float) -> tuple[bytes, bool]:
        """One result line, and whether it is a success."""
        asked = orjson.loads(line)
        fault = batch.fault
        kind = (
            "error"
            if fault.only_error_file or draw < fault.error_share
            else "refused"
            if draw < fault.error_share + fault.refused_share
            else None
        )
        request_id = str(uuid4())
        if kind is None:
            body = asked["body"]
            try:
                answer = await self._answer(str(body.get("model")), orjson.dumps(body))
            except WireError as refused:
                status, code, message = refused.code.status, refused.code.compatible, refused.message
            else:
                said = data_of(answer.pieces[-1]) or {}
                if answer.status == 200:
                    batch.completed += 1
                    return _result(asked["custom_id"], 200, request_id, said, None), True
                error = said.get("error") or {}
                status, code, message = answer.status, str(error.get("code")), str(error.get("message"))
        else:
            status, code, message = _ERRORS[kind]
        batch.failed += 1
        error = {"code": code, "message": message}
        return _result(asked["custom_id"], status, request_id, {"error": error}, error), False


class _Results:
    """The result lines of one batch: on disk as they come, then shuffled into the two files."""

    def __init__(self, files: FileStore, batch: Batch) -> None:
        self._files = files
        self._batch = batch
        self._scratch = files.new("scratch", "scratch", "scratch")
        self._file = self._scratch.path.open("wb")
        self._spans: dict[bool, list[tuple[int, int]]] = {True: [], False: []}

    def add(self, line: bytes, is_success: bool) -> None:
        self._spans[is_success].append((self._file.tell(), len(line)))
        self._file.write(line)

    def stop(self) -> None:
        """No line comes any more."""
        self._file.close()

    def close(self, order: random.Random) -> tuple[str | None, str | None]:
        """The ids of the output and the error file; None for one that would be empty."""
        odd_error = "file-batch_output" if self._batch.fault.only_error_file else "file-batch_error"
        ids = tuple(
            self._write(prefix, self._spans[is_success], order) if self._spans[is_success] else None
            for prefix, is_success in (("file-batch_output", True), (odd_error, False))
        )
        self._files.delete(self._scratch.id)
        return ids[0], ids[1]

    def _write(self, prefix: str, spans: list[tuple[int, int]], order: random.Random) -> str:
        stored = self._files.new(prefix, f"{prefix}.jsonl", "batch_output")
        order.shuffle(spans)
        with self._scratch.path.open("rb") as source, stored.path.open("wb") as target:
            for start, length in spans:
                source.seek(start)
                target.write(source.read(length))
        return stored.id


def _result(
    custom_id: Any, status: int, request_id: str, body: JsonObject, error: JsonObject | None
) -> bytes:
    response = {"status_code": status, "request_id": request_id, "body": body}
    line = {"id": str(uuid4()), "custom_id": custom_id, "response": response, "error": error}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())


def _problems(path: Path, fault: BatchFault, offers: OffersBatches) -> list[JsonObject]:
    """Why the file is refused as a whole; empty when it is not."""
    if fault.fails:
        return [_problem(fault.fails, "The input file is refused.", 1)]
    if path.stat().st_size > MOST_FILE_BYTES:
        return [_problem("file_too_large", "The file is larger than 500 MB.", None)]
    seen: set[str] = set()
    model = None
    number = 0
    for number, line in enumerate(_lines(path), start=1):
        if number > MOST_LINES:
            return [_problem("too_many_lines", f"More than {MOST_LINES} requests.", number)]
        if len(line) > MOST_LINE_BYTES:
            return [_problem("line_too_large", "The line is larger than 6 MB.", number)]
        try:
            asked = orjson.loads(line)
            custom_id, url, named = asked["custom_id"], asked["url"], asked["body"]["model"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return [_problem("invalid_json_line", "The line is no request.", number)]
        model = model or named
        if url != ENDPOINT:
            return [_problem("mismatched_url", f"The url {url} is not the endpoint.", number)]
        if custom_id in seen:
            return [_problem("duplicate_custom_id", f"{custom_id} occurs twice.", number)]
        if named != model:
            return [_problem("mismatched_model", "A file is for one model.", number)]
        seen.add(custom_id)
    if number == 0:
        return [_problem("empty_file", "The file holds no request.", None)]
    if not offers(str(model)):
        return [_problem("model_not_found", f"The model {model} is not supported by the Batch API.", 1)]
    return []


def _problem(code: str, message: str, line: int | None) -> JsonObject:
    return {"code": code, "message": message, "param": None, "line": line}


def _is_window(window: str) -> bool:
    found = _WINDOW.fullmatch(window)
    return found is not None and 24 <= int(found[1]) * (24 if found[2] == "d" else 1) <= 336
