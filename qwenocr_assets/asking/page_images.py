"""The images of pages that are asked about: each is read once for all tasks, and from a bucket beside the asking."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.storage.bulk import read_whole
from qwenocr_assets.storage.data_folder import DataFolder, is_local

_KEPT = 16
"""Images that stay in memory when they were read: the tasks of a page are asked one after the other."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page image lies, below the data folder."""

    uri: str
    media_type: str
    own_text: str | None = None
    """As `own_text.to_json` writes it, where it was kept."""


class PageImages:
    """The images of a batch's pages, in a running event loop."""

    def __init__(self, data: DataFolder) -> None:
        self._data = data
        self._read: OrderedDict[str, asyncio.Task[bytes]] = OrderedDict()

    async def of(self, page: Page) -> ImageBytes:
        """A page's image.

        Raises:
            RejectedInput: it cannot be read.
        """
        try:
            if is_local(self._data.root):
                content = (self._data.root / page.uri).read_bytes()
            else:
                content = await self._shared(page.uri)
        except OSError as error:
            why = error.strerror or error
            raise RejectedInput(
                f"the page image {page.uri} cannot be read ({why})", "Materialize the intake's pages again."
            ) from error
        return ImageBytes(content, page.media_type)

    async def _shared(self, uri: str) -> bytes:
        reading = self._read.get(uri)
        if reading is None or reading.cancelled():
            reading = asyncio.create_task(asyncio.to_thread(read_whole, self._data.root / uri))
            self._read[uri] = reading
            while len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return await asyncio.shield(reading)
