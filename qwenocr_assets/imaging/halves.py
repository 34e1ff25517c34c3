"""Pages whose answer came to its output limit, cut in two halves that are asked about by themselves.

A half is a tile of its page. Which pages were cut is told by the rows of `pages` alone, so that a page made anew stays
cut.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any

import orjson

from qwenocr_assets.imaging.encoding import encode
from qwenocr_assets.imaging.limits import SERVICE_LIMITS
from qwenocr_assets.imaging.normalising import plain
from qwenocr_assets.imaging.page_rows import tile_id
from qwenocr_assets.imaging.pictures.headers import decoding, open_image
from qwenocr_assets.imaging.tiles import cut_in_two
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.rows import PageRow, ReadyPageRow
from qwenocr_assets.schemas import is_ready
from qwenocr_assets.statuses import PageStatus
from qwenocr_assets.storage.bulk import make_file
from qwenocr_assets.storage.data_folder import DataFolder

_STEP = "half"
_LEAST_PX = 200
"""A picture of fewer pixels along its length is not cut any more."""


def with_halves(
    rows: Sequence[PageRow], before: Iterable[PageRow], page_ids: Collection[str], data: DataFolder
) -> list[PageRow]:
    """Rows of `pages` in which these pages or tiles are two tiles each.

    What `before`, the rows of an earlier run, has in halves stays so, as long as the page's picture is the same.
    """
    earlier = {key: list(group) for key, group in groupby(before, key=_page)}
    result: list[PageRow] = []
    for key, group in groupby(rows, key=_page):
        made = list(group)
        kept = earlier.get(key, [])
        if _halves(kept) and _pictures(made) == _uncut(kept):
            made = [{**row, "batch_id": made[0]["batch_id"]} for row in kept]
        result += _cut(made, page_ids, data)
    return result


def _page(row: PageRow) -> tuple[str, int]:
    return row["document_id"], row["page_number"]


def _changes(row: PageRow | ReadyPageRow) -> list[dict[str, Any]]:
    return orjson.loads(row.get("changes") or b"[]")  # type: ignore[no-any-return]


def _halves(rows: Iterable[PageRow]) -> list[dict[str, Any]]:
    """What is said of the cuts that rows come from."""
    return [change for row in rows for change in _changes(row) if change["step"] == _STEP]


def _pictures(rows: Iterable[PageRow]) -> set[str]:
    return {sha256 for row in rows if (sha256 := row.get("sha256"))}


def _uncut(rows: Sequence[PageRow]) -> set[str]:
    """The pictures that rows had before any of them was cut: a half names the one that it was cut from first."""
    found: set[str] = set()
    for row in rows:
        if cuts := _halves([row]):
            found.add(cuts[0]["of"])
        elif sha256 := row.get("sha256"):
            found.add(sha256)
    return found


def _cut(rows: list[PageRow], page_ids: Collection[str], data: DataFolder) -> list[PageRow]:
    """The rows of one page, with those of its pictures cut that are among `page_ids`."""
    result: list[PageRow] = []
    last = max((_index(row) for row in rows), default=0)
    for row in rows:
        if row["page_id"] not in page_ids or not is_ready(row) or row["height_px"] < _LEAST_PX:
            result.append(row)
            continue
        if not row.get("tile_of"):
            result.append(_as_tiled(row))
        result += _two(row, last, data)
        last += 2
    return result


def _index(row: PageRow) -> int:
    return int(row["page_id"].rsplit("-t", 1)[1]) if row.get("tile_of") else 0


def _as_tiled(row: ReadyPageRow) -> PageRow:
    return {
        "batch_id": row["batch_id"],
        "document_id": row["document_id"],
        "page_id": row["page_id"],
        "page_number": row["page_number"],
        "width_px": row["width_px"],
        "height_px": row["height_px"],
        "dpi": row.get("dpi"),
        "file_dpi": row.get("file_dpi"),
        "status": PageStatus.TILED,
        "reason": "Its answer came to the output limit: read again as 2 tiles. Each is a request.",
        "to_original": row["to_original"],
    }


def _two(row: ReadyPageRow, last: int, data: DataFolder) -> Iterable[PageRow]:
    media_type = MediaType(row["media_type"])
    content = (data.root / row["uri"]).read_bytes()
    image = open_image(content, media_type)
    with decoding(media_type):
        image, _ = plain(image)
    a, b, c, d, e, f = row["to_original"]
    for number, (top, bottom) in enumerate(cut_in_two(image), start=1):
        encoded = encode(
            image.crop((0, top, image.width, bottom)),
            lossy=media_type not in (MediaType.PNG, MediaType.TIFF, MediaType.BMP),
            limits=SERVICE_LIMITS,
        )
        sha256 = hashlib.sha256(encoded.content).hexdigest()
        file = data.page_image(sha256, encoded.media_type.suffix)
        make_file(file, encoded.content)
        cut = {"step": _STEP, "number": number, "of": row["sha256"]}
        whole = row.get("tile_of") or row["page_id"]
        yield {
            **row,
            "page_id": tile_id(whole, last + number),
            "tile_of": whole,
            "tile_left_px": row.get("tile_left_px") or 0,
            "tile_top_px": (row.get("tile_top_px") or 0) + top,
            "sha256": sha256,
            "pixels_sha256": encoded.pixels_sha256,
            "uri": str(file.relative_to(data.root)),
            "media_type": encoded.media_type.value,
            "size_bytes": len(encoded.content),
            "width_px": encoded.width_px,
            "height_px": encoded.height_px,
            "origin": "converted",
            "changes": orjson.dumps([*_changes(row), cut, *encoded.changes]).decode(),
            "to_original": [a, b, b * top + c, d, e, e * top + f],
            "text_layer": None,
        }
