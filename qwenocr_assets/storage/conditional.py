"""Writing a file only where nobody else has written it since: what several machines share without a lock.

On S3 the store itself compares (`If-Match`, `If-None-Match`); a server that ignores these headers is none for more than
one machine. Other file systems of fsspec have no such condition in common: there the version is looked at right before
the write, and whoever writes holds a lease.
"""

import uuid
from collections.abc import Callable
from typing import Any

from upath import UPath

from qwenocr_assets.errors import Overtaken
from qwenocr_assets.storage.data_folder import is_local, write_atomically

S3 = ("s3", "s3a")
_UNDER_WAY = "ConditionalRequestConflict"
_REFUSED = ("PreconditionFailed", _UNDER_WAY, "NoSuchKey", "404", "412")
"""Codes of S3 for a condition that does not hold; the second: another conditional put is on its way; `NoSuchKey` and
404: what should be replaced is gone."""


def version_of(path: UPath) -> str | None:
    """What tells this state of a file from any other, as the store has it now; None when there is no file."""
    path.fs.invalidate_cache()  # another machine may have written since it was listed
    try:
        info = path.fs.info(path.path)
    except FileNotFoundError:
        return None
    return str(info["ETag"]) if path.protocol in S3 else str(path.fs.ukey(path.path))


def write_if(
    path: UPath, data: bytes, version: str | None, *, metadata: dict[str, str] | None = None
) -> None:
    """Write a file, whole, if it is still in this version; with None, if there is none yet.

    A put that the client repeats, because the answer to the first was lost, finds its own content and is done.

    Raises:
        Overtaken: it is in another version by now; nothing was written.
    """
    if path.protocol in S3:
        condition: dict[str, Any] = {"mode": "create"} if version is None else {"IfMatch": version}
        if metadata:
            condition["Metadata"] = metadata
        try:
            path.fs.pipe_file(path.path, data, **condition)
        except OSError as error:
            if not _is_refused(error):
                raise
            if _content(path) != data:
                raise _overtaken(path) from error
        return
    if version_of(path) != version:
        raise _overtaken(path)
    write_atomically(path, data)


def write_while(path: UPath, data: bytes, check: Callable[[], None]) -> None:
    """Write a file, whole, for who may lose the right to: never over what was written by who had it afterwards.

    `check` raises where the right is lost. What stands there is looked at before it is checked, and replaced only if
    it still stands there: a put that travels for longer than a lease is refused when it arrives.

    Raises:
        Overtaken: who has the right now has written it meanwhile.
    """
    check()
    if path.protocol not in S3:
        write_atomically(path, data)
        return
    try:
        write_if(path, data, None)
    except Overtaken:  # there is one already
        version = version_of(path)
        check()
        write_if(path, data, version)


def remove_if(path: UPath, version: str | None) -> bool:
    """Remove a file if it is still in this version; returns whether it was."""
    if path.protocol not in S3:
        if version_of(path) != version:
            return False
        path.unlink()
        return True
    bucket, _, key = path.path.partition("/")
    try:
        path.fs.call_s3("delete_object", Bucket=bucket, Key=key, IfMatch=version)
    except OSError as error:
        if not _is_refused(error):
            raise
        return False
    path.fs.invalidate_cache(path.path)
    return True


def put_unless_there(path: UPath, data: bytes) -> None:
    """Put a file on S3 that is named after its content, by one request, unless it is there."""
    try:
        path.fs.pipe_file(path.path, data, mode="create")
    except OSError as error:
        if not _is_refused(error):
            raise
        if _code(error) == _UNDER_WAY:  # another put of the same, which may fail yet
            write_atomically(path, data)


def keeps_conditions(folder: UPath) -> bool:
    """Whether the store refuses a second put of a file that is only to be made: tried, with a file of its own.

    Raises:
        OSError: the store cannot be written.
    """
    probe = folder / f".conditions-{uuid.uuid4().hex}"
    write_if(probe, b"first", None)
    try:
        write_if(probe, b"second", None)
    except Overtaken:
        return True
    finally:
        probe.unlink()
    return False


def _is_refused(error: OSError) -> bool:
    return isinstance(error, FileExistsError) or _code(error) in _REFUSED


def _code(error: OSError) -> str | None:
    """What S3 calls what was wrong."""
    response: dict[str, Any] = getattr(error.__cause__, "response", None) or {}
    code: str | None = response.get("Error", {}).get("Code")
    return code


def _content(path: UPath) -> bytes | None:
    path.fs.invalidate_cache()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _overtaken(path: UPath) -> Overtaken:
    where = path.path if is_local(path) else str(path)
    return Overtaken(
        f"{where} was written by another run meanwhile.",
        "Run the same command again: it looks at what is there.",
    )
