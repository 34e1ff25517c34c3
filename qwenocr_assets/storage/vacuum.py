"""Page images that no batch refers to any more."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from upath import UPath

from qwenocr_assets.schemas import PAGES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.scan import scan

GRACE = timedelta(days=7)
"""A run writes page images before the table that refers to them: younger ones are left alone."""


@dataclass(frozen=True, slots=True)
class Vacuum:
    """Page images without a page."""

    unreferenced: tuple[UPath, ...]
    size_bytes: int
    kept: int
    """Page images that are referred to, or too young to tell."""
    deleted: bool


def vacuum_pages(
    data: DataFolder, *, delete: bool = False, grace: timedelta = GRACE, now: datetime | None = None
) -> Vacuum:
    """Find page images that no row of `pages` refers to, and delete them when asked to.

    What an answer was read from is found by its hash, so a page that comes again is written again and not paid again.
    """
    before = (now or datetime.now(UTC)) - grace
    used = _referenced(data)
    folder = data.page_image("00", "").parent.parent
    unreferenced, size, kept = [], 0, 0
    for path in sorted(folder.glob("*/*")) if folder.exists() else []:
        stat = path.stat()
        if path.stem in used or datetime.fromtimestamp(stat.st_mtime, UTC) >= before:
            kept += 1
            continue
        unreferenced.append(path)
        size += stat.st_size
        if delete:
            path.unlink()
    return Vacuum(tuple(unreferenced), size, kept, delete)


def _referenced(data: DataFolder) -> set[str]:
    """The hashes of all page images that any batch's table refers to."""
    return set(filter(None, scan(data, PAGES, ["sha256"])["sha256"].to_pylist()))
