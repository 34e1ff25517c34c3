"""Words and signs of CLDR, the Unicode consortium's data of how languages write; `bench/cldr_words.py` writes them."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Cldr(NamedTuple):
    """What `cldr.json` holds; words are case-folded and without dots at their end."""

    months: Mapping[str, tuple[int, ...]]
    """Names of months; several numbers where languages disagree: `listopad` is October and November."""
    weekdays: Mapping[str, tuple[int, ...]]
    """Names of days of the week, Monday 0; several numbers where languages disagree."""
    decimals: Mapping[str, int]
    """ISO 4217 codes with the decimals that amounts have in practice."""
    signs: Mapping[str, tuple[str, ...]]
    """Signs of currencies with the codes they may stand for, and words for the euro."""


@cache
def cldr() -> Cldr:
    """The data, read once."""
    found = json.loads(Path(__file__).with_name("cldr.json").read_bytes())
    return Cldr(
        {name: tuple(numbers) for name, numbers in found["months"].items()},
        {name: tuple(numbers) for name, numbers in found["weekdays"].items()},
        found["decimals"],
        {sign: tuple(codes) for sign, codes in found["signs"].items()},
    )
