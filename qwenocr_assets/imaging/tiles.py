"""Strips longer than the service takes: cut into overlapping tiles, and the rows of the tiles put together again.

A line of text that runs along the strip through several tiles comes in as many pieces; lines across it come once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

_TILE_ASPECT = 50
"""Length of a tile, as a multiple of the strip's breadth: well within the limit, and few tiles."""
_OVERLAP = 3
"""How far tiles overlap, as a multiple of the breadth: a line of text as high as the strip is broad fits in."""
_INDEX_COLUMNS = ("line_index", "table_index", "block_index", "formula_index")


def tile_boxes(width: int, height: int, max_aspect: float) -> list[Box]:
    """The tiles of a picture in order along its length; the whole picture if it is not too long."""
    breadth, length = min(width, height), max(width, height)
    if length <= max_aspect * breadth:
        return [(0, 0, width, height)]
    tile, overlap = _TILE_ASPECT * breadth, _OVERLAP * breadth
    starts = list(range(0, max(1, length - overlap), tile - overlap))
    spans = [(start, min(start + tile, length)) for start in starts]
    if width > height:
        return [(start, 0, end, height) for start, end in spans]
    return [(0, start, width, end) for start, end in spans]


def join_tiles(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], pages: Iterable[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of tiles as rows of their pages, in page coordinates; all other rows as they are.

    `tables` are the row tables by name, `pages` the rows of `pages`. Of what two tiles see in their overlap, the tile
    in whose own half it lies keeps it; rows without a box are kept from every tile. Indices count on from tile to
    tile, and a `path` that an earlier tile has too gets the tile's number, as in `total#2`.
    """
    cores = _cores(pages)
    joined: dict[str, list[Mapping[str, Any]]] = {}
    for name, rows in tables.items():
        counters: dict[tuple[str, str, str], dict[tuple[str, int], int]] = defaultdict(dict)
        paths: set[tuple[str, str, str]] = set()
        joined[name] = []
        for row in rows:
            place = cores.get(row["page_id"])
            if place is None:
                joined[name].append(dict(row))
            elif place.keeps(row):
                moved = place.moved(row)
                _renumber(moved, row["page_id"], place.index, counters, paths)
                joined[name].append(moved)
    return joined


class _Place:
    """Where a tile lies on its page, and the part of its length that is its own."""

    def __init__(self, page: Mapping[str, Any], low: float, high: float) -> None:
        self.page_id: str = page["tile_of"]
        self.index = int(page["page_id"].rsplit("-t", 1)[1])
        self._left, self._top = page["tile_left_px"], page["tile_top_px"]
        self._across = page["width_px"] >= page["height_px"]
        self._low, self._high = low, high

    def keeps(self, row: Mapping[str, Any]) -> bool:
        low, high = ("left_px", "right_px") if self._across else ("top_px", "bottom_px")
        if row.get(low) is None or row.get(high) is None:
            return True
        centre = (row[low] + row[high]) / 2 + (self._left if self._across else self._top)
        return bool(self._low <= centre < self._high)

    def moved(self, row: Mapping[str, Any]) -> dict[str, Any]:
        moved = {**row, "page_id": self.page_id}
        for column, by in (
            ("left_px", self._left),
            ("right_px", self._left),
            ("top_px", self._top),
            ("bottom_px", self._top),
        ):
            if moved.get(column) is not None:
                moved[column] += by
        if quad := moved.get("quad_px"):
            moved["quad_px"] = [value + (self._top if i % 2 else self._left) for i, value in enumerate(quad)]
        if rectangle := moved.get("rotate_rect"):
            moved["rotate_rect"] = [rectangle[0] + self._left, rectangle[1] + self._top, *rectangle[2:]]
        return moved


def _cores(pages: Iterable[Mapping[str, Any]]) -> dict[str, _Place]:
    """Each tile's own part: up to the middle of its overlaps."""
    of_page: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for page in pages:
        if page.get("tile_of"):
            of_page[page["tile_of"]].append(page)
    places: dict[str, _Place] = {}
    for tiles in of_page.values():
        spans = [_span(tile) for tile in tiles]
        for number, tile in enumerate(tiles):
            low = (spans[number - 1][1] + spans[number][0]) / 2 if number else float("-inf")
            last = number == len(tiles) - 1
            high = float("inf") if last else (spans[number][1] + spans[number + 1][0]) / 2
            places[tile["page_id"]] = _Place(tile, low, high)
    return places


def _span(tile: Mapping[str, Any]) -> tuple[float, float]:
    """Start and end of a tile along its page's length."""
    if tile["width_px"] >= tile["height_px"]:
        return tile["tile_left_px"], tile["tile_left_px"] + tile["width_px"]
    return tile["tile_top_px"], tile["tile_top_px"] + tile["height_px"]


def _renumber(
    row: dict[str, Any],
    tile_id: str,
    tile_index: int,
    counters: dict[tuple[str, str, str], dict[tuple[str, int], int]],
    paths: set[tuple[str, str, str]],
) -> None:
    for column in _INDEX_COLUMNS:
        if column in row:
            given = counters[row["page_id"], row["task"], column]
            row[column] = given.setdefault((tile_id, row[column]), len(given))
    if "path" in row:
        key = (row["page_id"], row["task"], row["path"])
        if key in paths:
            row["path"] = f"{row['path']}#{tile_index}"
        paths.add((row["page_id"], row["task"], row["path"]))
