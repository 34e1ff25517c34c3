"""A look at the inbox: what has changed in it, and the batches that come of it.

Each look is bounded in time and goes on where the last one stopped. All that is remembered is in the inbox index; all
that counts is in the manifests, so a look may be killed at any point and the index may be lost.
"""

from dataclasses import dataclass
from datetime import datetime

from qwenocr_assets.intake.inbox.batches import Bounds, cut_ready, learn_batches
from qwenocr_assets.intake.inbox.copies import release_copies
from qwenocr_assets.intake.inbox.hashing import hash_still
from qwenocr_assets.intake.inbox.index import Deadline, InboxIndex
from qwenocr_assets.intake.inbox.listing import list_changes, verify
from qwenocr_assets.storage.data_folder import DataFolder


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which each step stops; each does at least one file, folder or batch."""

    all: float = 30.0
    listing: float = 10.0
    hashing: float = 10.0
    cutting: float = 8.0
    verifying: float = 1.5


def look_at_inbox(
    index: InboxIndex,
    data: DataFolder,
    bounds: Bounds,
    settle_seconds: float,
    now: datetime,
    patience: Patience | None = None,
) -> None:
    """Bring the index up to date, and cut batches from files that have lain still for `settle_seconds`.

    Raises:
        StorageError: the index or the data folder cannot be written.
    """
    patience = patience or Patience()
    at, until = now.timestamp(), Deadline(patience.all)
    if not learn_batches(index, data, until):
        return  # nothing is cut before all batches are known
    list_changes(index, at, until.within(patience.listing))
    hash_still(index, settle_seconds, at, until.within(patience.hashing))
    release_copies(index)
    if learn_batches(index, data, until):  # `qwenocr run` may have cut some meanwhile
        cut_ready(index, data, bounds, at, until.within(patience.cutting))
    verify(index, at, until.within(patience.verifying if index.is_local else patience.listing))
