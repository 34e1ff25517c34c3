"""Pictures of pages with their boxes: files to open, and one to look at at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from upath import UPath

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.draw import draw_boxes, preview
from qwenocr_assets.rows import PageRow, TextLineRow
from qwenocr_assets.schemas import is_ready
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically

_MOST_PICTURES = 12
"""Pages drawn per batch: enough to see whether reading went well, few enough to cost nothing next to it."""
_PICTURE_SIDE_PX = 1600
_SHOWN_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class BatchPictures:
    """Where the pictures are, and the first one as a JPEG small enough for an event log."""

    folder: UPath
    first: bytes | None


def draw_batch(
    data: DataFolder, batch_id: str, pages: Sequence[PageRow], lines: Sequence[TextLineRow]
) -> BatchPictures:
    """Draw the lines of a batch's first pages over their images."""
    quads: dict[str, list[list[float]]] = defaultdict(list)
    for line in lines:
        if (quad := line.get("quad_px")) is not None:
            quads[line["page_id"]].append(quad)
    drawn: list[bytes] = []
    for page in pages:
        if page["page_id"] not in quads or not is_ready(page):
            continue
        if len(drawn) == _MOST_PICTURES:
            break
        image = (data.root / page["uri"]).read_bytes()
        try:
            drawn.append(draw_boxes(image, quads[page["page_id"]], max_side_px=_PICTURE_SIDE_PX))
        except RejectedInput:
            continue  # passed on untouched, and damaged further in: the answer says what was made of it
        write_atomically(data.boxes_picture(batch_id, page["page_id"]), drawn[-1])
    first = preview(drawn[0], max_bytes=_SHOWN_BYTES) if drawn else None
    return BatchPictures(data.boxes_picture(batch_id, "").parent, first)
