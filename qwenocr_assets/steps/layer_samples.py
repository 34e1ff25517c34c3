"""Before the own text of PDF pages stands for reading them, some lines of each are read by the embedded engine."""

from collections.abc import Collection, Sequence

import anyio

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.imaging.pdf.layer_sample import Sample, is_said, sample_of
from qwenocr_assets.own_text import stored_lines
from qwenocr_assets.qwenocr import Client, ImageBytes, NotOffered, Request, Task
from qwenocr_assets.rows import PageRow, ReadyPageRow
from qwenocr_assets.schemas import is_ready
from qwenocr_assets.storage.data_folder import DataFolder

_AT_ONCE = 4
"""Pages in memory; the engine reads as many at a time as there are processors."""
_DOUBT = "Lines of the page are recognised otherwise than its own text says."


def doubt_layers(pages: Sequence[PageRow], document_ids: Collection[str], data: DataFolder) -> list[PageRow]:
    """Rows of `pages` with a note where the own text of these documents' pages is not what one sees.

    Free, and only where the embedded engine is installed; without it, text that is all there is taken at its word.
    """
    used = [
        page
        for page in pages
        if is_ready(page)
        and page["document_id"] in document_ids
        and page.get("text_layer")
        and not page.get("text_layer_doubt")
    ]
    if not used:
        return list(pages)
    try:
        doubted = anyio.run(_doubted, used, data)
    except ConfigurationError:
        return list(pages)
    return [{**page, "text_layer_doubt": _DOUBT} if page["page_id"] in doubted else page for page in pages]


async def _doubted(pages: Sequence[ReadyPageRow], data: DataFolder) -> set[str]:
    """Ids of pages that read otherwise. Raises `ConfigurationError` where the embedded engine is not installed."""
    at_once = anyio.Semaphore(_AT_ONCE)
    doubted: set[str] = set()
    async with Client("local") as client:

        async def look_at(page: ReadyPageRow) -> None:
            async with at_once:
                content = await anyio.to_thread.run_sync((data.root / page["uri"]).read_bytes)
                sample = sample_of(content, stored_lines(page["text_layer"] or "[]"))
                if sample is not None and not await _is_confirmed(client, sample):
                    doubted.add(page["page_id"])

        async with anyio.create_task_group() as group:
            for page in pages:
                group.start_soon(look_at, page)
    return doubted


async def _is_confirmed(client: Client, sample: Sample) -> bool:
    reply = await client.ask(Request(ImageBytes(sample.picture, "image/png"), Task.TEXT_RECOGNITION))
    if reply.answer is not None:
        return is_said(sample, reply.answer.text)
    if isinstance(reply.error, NotOffered):
        return is_said(sample, None)
    return True  # there are no weights: nothing is recognised, nothing contradicted
