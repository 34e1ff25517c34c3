"""Lines made whole: what was cut off, broke apart or is too narrow is read once more, and taken where that is sure."""

from dataclasses import dataclass

import numpy as np

from qwenocr_assets.engine.page.geometry import Quads
from qwenocr_assets.engine.reading.doubles import may_lack_doubles, stretched, with_doubles
from qwenocr_assets.engine.reading.ends import goes_on, lengthened
from qwenocr_assets.engine.reading.orientation import Recognise
from qwenocr_assets.engine.reading.pictures import Picture, cut_out
from qwenocr_assets.engine.reading.uprights import broken_uprights, is_one_line
from qwenocr_assets.engine.reading.weights import Reading


@dataclass(frozen=True, slots=True)
class SeenLines:
    """Lines of an upright page: where they stand, what is cut out there, and how it reads."""

    quads: Quads
    crops: list[Picture]
    readings: list[Reading]


def seen_lines(upright: Picture, quads: Quads, recognise: Recognise) -> SeenLines:
    """What stands in the quads of an upright page, whole."""
    crops = [cut_out(upright, corners) for corners in quads]
    lines = SeenLines(quads, crops, list(recognise(crops)))
    lines = _with_whole_uprights(upright, _with_whole_ends(upright, lines, recognise), recognise)
    return _with_all_doubles(lines, recognise)


def _with_whole_ends(upright: Picture, lines: SeenLines, recognise: Recognise) -> SeenLines:
    """With what stands just beyond a line's end, where that surely reads as more of it."""
    longer = lengthened(upright, lines.quads, lines.crops)
    again = [cut_out(upright, corners) for corners in longer.values()]
    quads, crops, readings = lines.quads.copy(), list(lines.crops), list(lines.readings)
    for (index, corners), crop, reading in zip(longer.items(), again, recognise(again), strict=True):
        if goes_on(readings[index], reading):
            quads[index], crops[index], readings[index] = corners, crop, reading
    return SeenLines(quads, crops, readings)


def _with_whole_uprights(upright: Picture, lines: SeenLines, recognise: Recognise) -> SeenLines:
    """With lines that run up or down in one piece, where the whole surely reads as one word."""
    broken = broken_uprights(lines.quads, lines.readings)
    crops = [cut_out(upright, corners) for _, corners in broken]
    whole = [
        (pieces, corners, crop, reading)
        for (pieces, corners), crop, reading in zip(broken, crops, recognise(crops), strict=True)
        if is_one_line([lines.readings[piece] for piece in pieces], reading)
    ]
    gone = {piece for pieces, *_ in whole for piece in pieces}
    if not gone:
        return lines
    kept = [index for index in range(len(lines.quads)) if index not in gone]
    return SeenLines(
        np.array([*lines.quads[kept], *(corners for _, corners, *_ in whole)]),
        [*(lines.crops[index] for index in kept), *(crop for *_, crop, _ in whole)],
        [*(lines.readings[index] for index in kept), *(reading for *_, reading in whole)],
    )


def _with_all_doubles(lines: SeenLines, recognise: Recognise) -> SeenLines:
    """With both of two equal characters beside each other in short lines of narrow print."""
    narrow = [
        i
        for i, (crop, reading) in enumerate(zip(lines.crops, lines.readings, strict=True))
        if may_lack_doubles(crop, reading)
    ]
    readings = list(lines.readings)
    for index, again in zip(narrow, recognise([stretched(lines.crops[i]) for i in narrow]), strict=True):
        readings[index] = with_doubles(readings[index], again)
    return SeenLines(lines.quads, lines.crops, readings)
