"""An inbox with a clock of its own, for tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from upath import UPath

from qwenocr_assets.intake.documents import document_id
from qwenocr_assets.intake.inbox.batches import Bounds
from qwenocr_assets.intake.inbox.index import InboxIndex, open_index
from qwenocr_assets.intake.inbox.look import Patience, look_at_inbox
from qwenocr_assets.intake.inbox.status import inbox_status
from qwenocr_assets.intake.left_out import USUAL, LeftOut
from qwenocr_assets.intake.manifest import Manifest, ManifestFile, read_manifest
from qwenocr_assets.schemas import DOCUMENTS, PAGES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table

SETTLE = 10


@dataclass
class Inbox:
    """An inbox with a clock of its own."""

    root: UPath
    data: DataFolder
    url: str
    bounds: Bounds = field(default_factory=lambda: Bounds(4, 1000, 0))
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    left_out: LeftOut = USUAL

    def drop(self, name: str, content: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    @contextmanager
    def index(self) -> Iterator[InboxIndex]:
        with open_index(self.url, self.root, self.left_out) as index:
            yield index

    def look(self, seconds: float = 30, patience: Patience | None = None) -> None:
        self.now += timedelta(seconds=seconds)
        with self.index() as index:
            look_at_inbox(index, self.data, self.bounds, SETTLE, self.now, patience)

    def manifests(self) -> list[Manifest]:
        return [read_manifest(self.data, batch_id) for batch_id in self.data.batch_ids()]

    def batched(self) -> list[tuple[str, int]]:
        """Every file of every batch, with its version, sorted."""
        return sorted((file.name, file.version) for m in self.manifests() for file in m.files)

    def states(self) -> dict[str, str]:
        with self.index() as index:
            found = inbox_status(index, 100)
        return {file.name: str(file.state) for file in found.files}

    def counts(self) -> dict[str, int]:
        with self.index() as index:
            return {str(s): n for s, n in inbox_status(index, 0).counts.items() if n}

    def read_all(self, is_read: Callable[[ManifestFile], bool] = lambda _: True) -> None:
        """Store pages of every batch's documents, as the pipeline does; what could not be read has none."""
        for manifest in self.manifests():
            ids = [(file, document_id(file.sha256, file.name)) for file in manifest.files]
            write_table(
                self.data,
                DOCUMENTS,
                manifest.batch_id,
                [
                    {
                        "batch_id": manifest.batch_id,
                        "document_id": key,
                        "name": file.name,
                        "uri": file.uri,
                        "sha256": file.sha256,
                        "size_bytes": file.size_bytes,
                        "status": "accepted",
                    }
                    for file, key in ids
                ],
            )
            write_table(
                self.data,
                PAGES,
                manifest.batch_id,
                [
                    {
                        "batch_id": manifest.batch_id,
                        "document_id": key,
                        "page_id": f"{key}-p1",
                        "page_number": 1,
                        "status": "ready",
                    }
                    for file, key in ids
                    if is_read(file)
                ],
            )
