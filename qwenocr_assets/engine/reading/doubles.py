"""Doubled characters in narrow print: the recogniser needs three steps along a line for `ll`, and has fewer there.

It takes a step every 8 pixels of a line scaled to 48 in height; where a character has about two of them, a doubled one
is read as one, and surely so: `100.00` as `100.0`. Made half as long again, such a line has the steps. Reading all
narrow lines so would cost a tenth more time; short ones are words and amounts of tables and forms, where one character
counts most.
"""

from dataclasses import replace
from itertools import groupby

import cv2
import numpy as np

from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.weights import Reading

_STEPS_A_HEIGHT = 6
"""Steps of the recogniser along a piece of a line that is as long as the line is high."""
_NARROW = 2.1
"""Print with fewer steps than this a character is narrow."""
_MOST_CHARACTERS = 16
_STRETCHED = 1.5
_SURE = 0.7
"""How certain the reading of the stretched line has to be."""
_DOUBTFUL = 0.5
"""What remains of the certainty of a number that has got a digit more."""


def may_lack_doubles(crop: Picture, reading: Reading) -> bool:
    """Whether a doubled character may have been read as one in a short line."""
    characters = len("".join(reading.text.split()))
    height, width = crop.shape[:2]
    return 0 < characters <= _MOST_CHARACTERS and _STEPS_A_HEIGHT * width < _NARROW * characters * height


def stretched(crop: Picture) -> Picture:
    """The line half as long again."""
    height, width = crop.shape[:2]
    return np.asarray(cv2.resize(crop, (round(width * _STRETCHED), height)), np.uint8)


def with_doubles(reading: Reading, again: Reading) -> Reading:
    """What to take, given a line's reading and that of the line stretched: the second one where it has more doubles.

    A number that has grown so is not certain any more.
    """
    if again.least_score < _SURE or not _has_more_doubles(again.text, reading.text):
        return reading
    if any(character.isdigit() for character in again.text):
        return replace(again, least_score=min(again.least_score, _DOUBTFUL))
    return again


def _has_more_doubles(text: str, other: str) -> bool:
    """Whether the texts differ in nothing but characters that the first has several times where the other has fewer."""
    runs = [[(character, len(list(run))) for character, run in groupby(each)] for each in (text, other)]
    same = [character for character, _ in runs[0]] == [character for character, _ in runs[1]]
    return same and text != other and all(a >= b for (_, a), (_, b) in zip(*runs, strict=True))
