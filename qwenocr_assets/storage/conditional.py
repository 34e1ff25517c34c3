"""Writing a file only where nobody else has written it since: what several machines share without a lock.

On S3 the store itself compares (`If-Match`, `If-None-Match`); a server that ignores these headers is none for more than
one machine. Other file systems of fsspec have no such condition in common: there the version is looked at right before
the write, and whoever writes holds a lease.
"""

import uuid
from typing import Any

from upath import UPath

from qwenocr_assets.errors import Overtaken
from qwenocr_assets.storage.data_folder import is_local, write_atomically

_S3 = ("s3", "s3a")
_REFUSED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404", "412")
"""Codes of S3 for a condition that does not hold; the second: another conditional put is on its way; `NoSuchKey` and
404: what should be replaced is gone."""


def version_of(path: UPath) -> str | None:
    """What tells this state of a file from any other, as the store has it now; None when there is no file."""
    path.fs.invalidate_cache()  # another machine may have written since it was listed
    try:
        info = path.fs.info(path.path)
    except FileNotFoundError:
        return None
    return str(info["ETag"]) if path.protocol in _S3 else str(path.fs.ukey(path.path))


def write_if(
    path: UPath, data: bytes, version: str | None, *, metadata: dict[str, str] | None = None
) -> None:
    """Write a file, whole, if it is still in this version; with None, if there is none yet.

    A put that the client repeats, because the answer to the first was lost, finds its own content and is done.

    Raises:
        Overtaken: it is in another version by now; nothing was written.
    """
    if path.protocol in _S3:
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
    response = getattr(error.__cause__, "response", None) or {}
    return isinstance(error, FileExistsError) or response.get("Error", {}).get("Code") in _REFUSED


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
