"""Lines that several tiles of a page have seen, each once."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from qwenocr_assets.tables.places.tiles import Tile

_SAME = 0.5
"""Share of the smaller box that two boxes of one line have in common at least."""
_TOUCHES = 0.25
"""How near to its tile's edge a line counts as cut, in line heights."""
_MOST_REPEATED = 30
"""Lines without boxes that may be in an overlap."""
_LEAST_SHARED_PX = 48
"""Tiles that share less have been cut between lines, and repeat none."""

Seen = tuple[Tile, dict[str, Any]]
"""A line, and the tile that saw it; its coordinates are those of the page."""


def once(seen: Sequence[Seen]) -> list[Seen]:
    """The lines of one page and task in the order given, each once."""
    by_tile: dict[int, list[Seen]] = {}
    for tile, row in seen:
        by_tile.setdefault(tile.index, []).append((tile, row))
    dead: set[int] = set()
    for first, second in combinations(by_tile.values(), 2):
        if _overlap(first[0][0], second[0][0]):
            dead |= _repeated_boxes(first, second, dead)
            dead |= _repeated_texts(first, second)
    return [(tile, row) for tile, row in seen if id(row) not in dead]


def _overlap(a: Tile, b: Tile) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom


def _repeated_boxes(first: list[Seen], second: list[Seen], dead: set[int]) -> set[int]:
    """Which lines with boxes the other tile has better. What both have cut is joined in the first one."""
    lost: set[int] = set()
    a_tile, b_tile = first[0][0], second[0][0]
    of_first = [row for _, row in first if _lies_in(row, b_tile) and id(row) not in dead]
    of_second = [row for _, row in second if _lies_in(row, a_tile) and id(row) not in dead]
    for a in of_first:
        for b in of_second:
            if id(a) in lost or id(b) in lost:
                continue
            if _continues(a, b, a_tile, b_tile):
                _join(a, b)
                lost.add(id(b))
            elif _shared(a, b) >= _SAME:
                lost.add(id(b) if _is_better(a, a_tile, b, b_tile) else id(a))
    return lost


def _lies_in(row: Mapping[str, Any], tile: Tile) -> bool:
    return row.get("left_px") is not None and (
        row["left_px"] < tile.right
        and tile.left < row["right_px"]
        and row["top_px"] < tile.bottom
        and tile.top < row["bottom_px"]
    )


def _sides(row: Mapping[str, Any]) -> tuple[float, float, float, float]:
    return row["left_px"], row["top_px"], row["right_px"], row["bottom_px"]


def _shared(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """What two boxes have in common, as a share of the smaller one."""
    p, q = _sides(a), _sides(b)
    across, down = min(p[2], q[2]) - max(p[0], q[0]), min(p[3], q[3]) - max(p[1], q[1])
    smaller = min((s[2] - s[0]) * (s[3] - s[1]) for s in (p, q))
    return across * down / smaller if across > 0 and down > 0 and smaller > 0 else 0.0


def _continues(a: Mapping[str, Any], b: Mapping[str, Any], a_tile: Tile, b_tile: Tile) -> bool:
    """Whether `a` runs out of its tile on the right and `b` comes into its own from the left, in the same row."""
    p, q = _sides(a), _sides(b)
    near = _TOUCHES * min(p[3] - p[1], q[3] - q[1])
    in_one_row = min(p[3], q[3]) - max(p[1], q[1]) >= _SAME * min(p[3] - p[1], q[3] - q[1])
    cut = p[2] >= a_tile.right - near and q[0] <= b_tile.left + near
    return in_one_row and cut and q[0] < p[2] and a_tile.right < b_tile.right


def _is_better(a: Mapping[str, Any], a_tile: Tile, b: Mapping[str, Any], b_tile: Tile) -> bool:
    """Whether `a` lies further from the edges at which its tile ends and the other one goes on."""
    return _room(a, a_tile, b_tile) >= _room(b, b_tile, a_tile)


def _room(row: Mapping[str, Any], tile: Tile, other: Tile) -> float:
    left, top, right, bottom = _sides(row)
    room = []
    if tile.left > other.left:
        room.append(left - tile.left)
    if tile.top > other.top:
        room.append(top - tile.top)
    if tile.right < other.right:
        room.append(tile.right - right)
    if tile.bottom < other.bottom:
        room.append(tile.bottom - bottom)
    return min(room, default=0.0)


def _join(a: dict[str, Any], b: Mapping[str, Any]) -> None:
    """Let `a` go on where `b` does."""
    a["text"] = joined_text(
        a["text"], b["text"], (a["left_px"], a["right_px"]), (b["left_px"], b["right_px"])
    )
    a["right_px"] = b["right_px"]
    a["top_px"], a["bottom_px"] = min(a["top_px"], b["top_px"]), max(a["bottom_px"], b["bottom_px"])
    if a.get("quad_px") and b.get("quad_px"):
        a["quad_px"] = [*a["quad_px"][:2], *b["quad_px"][2:6], *a["quad_px"][6:]]
    if a.get("rotate_rect"):
        left, top, right, bottom = _sides(a)
        middle = ((left + right) / 2, (top + bottom) / 2)
        a["rotate_rect"] = [*middle, right - left, bottom - top, a["rotate_rect"][4]]


def joined_text(a: str, b: str, a_span: tuple[float, float], b_span: tuple[float, float]) -> str:
    """A line's text from its beginning and its end, which share what lies where their spans overlap.

    The longest text that ends the one and begins the other is where they meet; up to two characters that the cut went
    through may stand behind it or before it. Without one, both are cut in the middle of the overlap.
    """
    for length in range(min(len(a), len(b)), 1, -1):
        for behind in range(3):
            for before in range(3):
                end = len(a) - behind
                if end >= length and a[end - length : end] == b[before : before + length]:
                    return a[:end] + b[before + length :]
    middle = (b_span[0] + a_span[1]) / 2
    kept = round(len(a) * (middle - a_span[0]) / max(a_span[1] - a_span[0], 1))
    dropped = round(len(b) * (middle - b_span[0]) / max(b_span[1] - b_span[0], 1))
    return a[:kept] + b[max(dropped, 0) :]


def _repeated_texts(first: list[Seen], second: list[Seen]) -> set[int]:
    """Lines without boxes that the second tile repeats, and what the cut between the two went through."""
    a_tile, b_tile = first[0][0], second[0][0]
    shared = min(
        min(a_tile.right, b_tile.right) - max(a_tile.left, b_tile.left),
        min(a_tile.bottom, b_tile.bottom) - max(a_tile.top, b_tile.top),
    )
    ending = [row for _, row in first if row.get("left_px") is None]
    beginning = [row for _, row in second if row.get("left_px") is None]
    if shared < _LEAST_SHARED_PX:
        return set()
    texts_a, texts_b = [row["text"] for row in ending], [row["text"] for row in beginning]
    for length in range(min(_MOST_REPEATED, len(ending), len(beginning)), 0, -1):
        for behind in (0, 1):
            for before in (0, 1):
                end = len(texts_a) - behind
                if end >= length and texts_a[end - length : end] == texts_b[before : before + length]:
                    return {id(row) for row in (*ending[end:], *beginning[: before + length])}
    return set()
