"""Where the tiles of a page lie on it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import hypot, inf
from typing import Any

_ON_THE_SAME_PAGE = "line"
"""How a value is grounded that stands on another tile of its page: for the page, that is no other page."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile, in pixels of its page. One pixel of its image is `across` × `down` of these."""

    page_id: str
    """The page's."""
    index: int
    left: float
    top: float
    right: float
    bottom: float
    across: float
    down: float
    core: tuple[float, float, float, float]
    """Left, top, right, bottom of the part that is its own: up to the middle of its overlaps, endless outwards."""

    def owns(self, row: Mapping[str, Any]) -> bool:
        """Whether the middle of a row that lies `on_page` is in the tile's own part; rows without a box are."""
        left, top, right, bottom = self.core
        if row.get("left_px") is None or row.get("top_px") is None:
            return True
        across, down = (row["left_px"] + row["right_px"]) / 2, (row["top_px"] + row["bottom_px"]) / 2
        return bool(left <= across < right and top <= down < bottom)

    def on_page(self, row: Mapping[str, Any], tiles: Mapping[str, "Tile"]) -> dict[str, Any]:
        """A row of the tile as one of its page; `tiles` are those of all pages, by their own page id."""
        moved = {**row, "page_id": self.page_id}
        from_tile = self
        if (elsewhere := tiles.get(row.get("ground_page_id") or "")) is not None:
            from_tile = elsewhere
            moved["ground_page_id"] = elsewhere.page_id
            if elsewhere.page_id == self.page_id:
                moved |= {"ground": _ON_THE_SAME_PAGE, "ground_page_id": None}
        from_tile._move_boxes(moved)
        return moved

    def _move_boxes(self, row: dict[str, Any]) -> None:
        for column in ("left_px", "right_px"):
            if row.get(column) is not None:
                row[column] = self.left + row[column] * self.across
        for column in ("top_px", "bottom_px"):
            if row.get(column) is not None:
                row[column] = self.top + row[column] * self.down
        if quad := row.get("quad_px"):
            row["quad_px"] = [
                self.top + value * self.down if i % 2 else self.left + value * self.across
                for i, value in enumerate(quad)
            ]
        if rectangle := row.get("rotate_rect"):
            x, y, width, height, angle = rectangle
            scaled = (width * self.across, height * self.down)
            row["rotate_rect"] = [self.left + x * self.across, self.top + y * self.down, *scaled, angle]


def tiles_of(pages: Iterable[Mapping[str, Any]]) -> dict[str, Tile]:
    """The tiles among rows of `pages`, by their own page id."""
    wholes: dict[str, Mapping[str, Any]] = {}
    of_page: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for page in pages:
        if page.get("tile_of"):
            of_page[page["tile_of"]].append(page)
        else:
            wholes[page["page_id"]] = page
    found: dict[str, Tile] = {}
    for page_id, tiles in of_page.items():
        boxes = {tile["page_id"]: _box(tile, wholes.get(page_id)) for tile in tiles}
        for tile in tiles:
            own = tile["page_id"]
            others = [box for other, box in boxes.items() if other != own]
            left, top, right, bottom = boxes[own]
            found[own] = Tile(
                page_id,
                int(own.rsplit("-t", 1)[1]),
                left,
                top,
                right,
                bottom,
                (right - left) / tile["width_px"],
                (bottom - top) / tile["height_px"],
                _core(boxes[own], others),
            )
    return found


_Box = tuple[float, float, float, float]


def _box(tile: Mapping[str, Any], whole: Mapping[str, Any] | None) -> _Box:
    """Left, top, right, bottom on the page; a tile whose bytes were too many has been scaled down."""
    across = down = 1.0
    if whole is not None and whole.get("to_original") and tile.get("to_original"):
        (a, b, _, d, e, _), (p, q, _, s, t, _) = tile["to_original"], whole["to_original"]
        across, down = hypot(a, d) / hypot(p, s), hypot(b, e) / hypot(q, t)
    left, top = tile["tile_left_px"], tile["tile_top_px"]
    return left, top, left + tile["width_px"] * across, top + tile["height_px"] * down


def _core(box: _Box, others: Iterable[_Box]) -> _Box:
    left, top, right, bottom = box
    core = [-inf, -inf, inf, inf]
    for other in others:
        across, down = min(right, other[2]) - max(left, other[0]), min(bottom, other[3]) - max(top, other[1])
        if across <= 0 or down <= 0:
            continue
        low, high, axis = (top, bottom, 1) if across > down else (left, right, 0)
        if other[axis] > low:
            core[axis + 2] = min(core[axis + 2], (other[axis] + high) / 2)
        else:
            core[axis] = max(core[axis], (other[axis + 2] + low) / 2)
    return core[0], core[1], core[2], core[3]
