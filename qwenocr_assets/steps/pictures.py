"""Pictures of pages with their boxes: files to open, and one small sheet."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from upath import UPath

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.draw import contact_sheet, draw_boxes
from qwenocr_assets.rows import PageRow, TextLineRow
from qwenocr_assets.schemas import is_ready
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically

_MOST_PICTURES = 12
"""Pages drawn per batch: enough to see whether reading went well, few enough to cost nothing next to it."""
_PICTURE_SIDE_PX = 1600
_SHEET_PAGES = 6
_SHEET_BYTES = 30_000


@dataclass(frozen=True, slots=True)
class BatchPictures:
    """Where the pictures lie, and a contact sheet of the first few as JPEG."""

    folder: UPath
    sheet: bytes | None


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
    sheet = contact_sheet(drawn[:_SHEET_PAGES], max_bytes=_SHEET_BYTES) if drawn else None
    return BatchPictures(data.boxes_picture(batch_id, "").parent, sheet)
