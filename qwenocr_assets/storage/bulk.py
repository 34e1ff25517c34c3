"""Many files of one folder at once: on object storage requests travel side by side instead of one after the other."""

from collections.abc import Sequence

from fsspec.core import has_magic
from upath import UPath


def list_names(folder: UPath) -> list[str]:
    """The names of the files of a folder as the store has them now, in no order; none where there is no folder."""
    folder.fs.invalidate_cache(folder.path)  # another process may have written since it was listed
    try:
        entries = folder.fs.ls(folder.path, detail=True)
    except FileNotFoundError:
        return []
    return [entry["name"].rpartition("/")[2] for entry in entries if entry["type"] == "file"]


def read_all(paths: Sequence[UPath]) -> list[bytes]:
    """The content of files of one file system, in their order.

    Raises:
        FileNotFoundError: one of them is not there.
    """
    if not paths:
        return []
    contents = paths[0].fs.cat_ranges([p.path for p in paths], None, None, on_error="return")
    for content in contents:
        if isinstance(content, BaseException):
            raise content
    return list(contents)


def remove_all(paths: Sequence[UPath]) -> None:
    """Remove files of one file system."""
    names = [path.path for path in paths]
    if any(map(has_magic, names)):  # what fsspec would take for a pattern
        for path in paths:
            path.unlink(missing_ok=True)
    elif names:
        paths[0].fs.rm(names)
