"""Rows read from the tiles of a page, put together as rows of the page.

A line in the overlap of two tiles is seen twice: the one that is whole is kept, and what both cut is joined. Lines
without boxes are compared by their text. Other rows belong to the tile in whose own part their middle lies.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.places.tile_lines import once
from qwenocr_assets.tables.places.tiles import Tile, tiles_of
from qwenocr_assets.tables.text_lines import in_reading_order

_INDEX_COLUMNS = ("line_index", "table_index", "block_index", "formula_index")
_LINES = "text_lines"


def join_tiles(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], pages: Iterable[Mapping[str, Any]]
) -> dict[str, list[Row]]:
    """Rows of tiles as rows of their pages, in page coordinates; all other rows as they are.

    `tables` are the row tables by name, `pages` the rows of `pages`. Indices count on from tile to tile, a `path` that
    an earlier tile has too gets the tile's number, as in `total#2`, and lines are put in the reading order of the page.
    """
    tiles = tiles_of(pages)
    return {name: _joined(name, rows, tiles) for name, rows in tables.items()}


def _joined(name: str, rows: Sequence[Mapping[str, Any]], tiles: Mapping[str, Tile]) -> list[Row]:
    """The rows of one table, those of each page and task where its first one stood."""
    groups: dict[tuple[str, str], list[tuple[Tile, dict[str, Any]]]] = {}
    places: list[Mapping[str, Any] | tuple[str, str]] = []
    for row in rows:
        tile = tiles.get(row["page_id"])
        if tile is None:
            places.append(row)
            continue
        key = (tile.page_id, row["task"])
        if key not in groups:
            groups[key] = []
            places.append(key)
        moved = tile.on_page(row, tiles)
        if name == _LINES or row.get("ground_page_id") or tile.owns(moved):
            groups[key].append((tile, moved))
    joined: list[Row] = []
    for place in places:
        if isinstance(place, tuple):
            joined += _of_page(name, groups[place])
        else:
            joined.append(dict(place))
    return joined


def _of_page(name: str, seen: list[tuple[Tile, dict[str, Any]]]) -> list[Row]:
    kept = once(seen) if name == _LINES else seen
    counters: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    paths: set[str] = set()
    for tile, row in kept:
        for column in _INDEX_COLUMNS:
            if column in row:
                row[column] = counters[column].setdefault((tile.index, row[column]), len(counters[column]))
        if "path" in row:
            if row["path"] in paths:
                row["path"] = f"{row['path']}#{tile.index}"
            paths.add(row["path"])
    rows = [row for _, row in kept]
    return in_reading_order(rows) if name == _LINES else list(rows)
