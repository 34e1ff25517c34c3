"""Wrong values planted in answers that look right, as a model makes them up: for testing whether anyone notices.

Key values and table cells are spoiled in four ways: a digit is another, rows change places or values with each other, a
row is left out, a field or row is made up. All else stays, the recognised lines too.
"""

import copy
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from qwenocr_assets.engine.wire.values import Answer, JsonObject, OcrRequest
from qwenocr_assets.qwenocr.tasks import Form, Task

Kind = Literal["digit", "swapped", "dropped", "invented"]
Place = tuple[str | int, ...]
"""Keys and indexes that lead to a value; for a cell (table, row, column), for what was left out (list,) or (table,)."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One value that is wrong now, or gone."""

    image_sha256: str
    task: Task
    kind: Kind
    place: Place


Note = Callable[[Kind, Place], None]


@dataclass
class Corruption:
    """Changes a share of the values of each answer, the same ones for the same seed, page and task."""

    share: float = 0.10
    seed: int = 0
    keep_notes: bool = True
    """False for a server that runs for ever."""
    planted: list[Planted] = field(default_factory=list)

    def __call__(self, request: OcrRequest, answer: Answer) -> Answer:
        task, sha256 = request.instruction.task, hashlib.sha256(request.image.data).hexdigest()
        dice = Random(f"{self.seed}/{task}/{sha256}")  # noqa: S311

        def note(kind: Kind, place: Place) -> None:
            if self.keep_notes:
                self.planted.append(Planted(sha256, task, kind, place))

        if task.spec.form is Form.KEY_VALUES and answer.ocr_result is not None:
            pairs = copy.deepcopy(answer.ocr_result["kv_result"])
            _spoil_pairs(pairs, dice, self.share, note)
            written = json.dumps(pairs, ensure_ascii=False, indent=4)
            return replace(answer, text=f"```json\n{written}\n```", ocr_result={"kv_result": pairs})
        if task.spec.form is Form.TABLES:
            return replace(answer, text=_spoil_tables(answer.text, dice, self.share, note))
        return answer


_OTHERS = 1 / 8
"""Of `share`: how likely a row is left out or swapped; with whole rows, all ways together make about the share."""


def _spoil_pairs(pairs: JsonObject, dice: Random, share: float, note: Note) -> None:
    noted = _Once(note)
    for key, items in pairs.items():
        if isinstance(items, list) and all(isinstance(item, dict) for item in items):
            rows = [{(name,): value for name, value in item.items()} for item in items]
            spoiled = _spoil_rows(rows, dice, share, noted, (key,))
            pairs[key] = [{name: value for (name,), value in row.items()} for row in spoiled]
    for holder, name, place in list(_leaves(pairs, ())):
        if place not in noted.places and dice.random() < share and (flipped := _flip(holder[name], dice)):
            holder[name] = flipped
            noted("digit", place)
    if dice.random() < share * len(pairs) * _OTHERS:
        pairs["contract_number"] = f"CN-{dice.randrange(10**6):06}"
        noted("invented", ("contract_number",))


class _Once:
    """Notes each value that is wrong once, and everything that is left out."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self.places: set[Place] = set()

    def __call__(self, kind: Kind, place: Place) -> None:
        if kind == "dropped" or place not in self.places:
            self._note(kind, place)
            self.places.add(place)


Row = dict[tuple[Any, ...], str]


def _spoil_rows(
    rows: list[Row], dice: Random, share: float, note: Note, within: Place, first: int = 0
) -> list[Row]:
    """Rows with some left out, mixed up and made up; the first and the last stay. `first` is the first's index."""
    if len(rows) < 3:
        return rows
    kept: list[Row] = []
    for index, row in enumerate(rows):
        if 0 < index < len(rows) - 1 and dice.random() < share * _OTHERS:
            for _ in row:
                note("dropped", within)
        else:
            kept.append(row)
    untouched = list(range(len(kept)))
    for one in range(len(kept)):
        if one in untouched and len(untouched) > 1 and dice.random() < share * _OTHERS:
            untouched.remove(one)
            other = untouched.pop(dice.randrange(len(untouched)))
            for place in _swap(kept[one], kept[other], dice):
                note("swapped", (*within, first + one, *place))
                note("swapped", (*within, first + other, *place))
    if dice.random() < share * _OTHERS * len(kept):
        kept.append({place: _made_up(value, dice) for place, value in kept[-1].items()})
        for place in kept[-1]:
            note("invented", (*within, first + len(kept) - 1, *place))
    return kept


def _swap(one: Row, other: Row, dice: Random) -> list[tuple[Any, ...]]:
    """Two rows change places, or the values of one column do; what is the same in both stays right."""
    differing = [place for place in one if place in other and one[place] != other[place]]
    places = differing if dice.random() < 1 / 2 else differing and [dice.choice(differing)]
    for place in places:
        one[place], other[place] = other[place], one[place]
    return places


def _made_up(text: str, dice: Random) -> str:
    """Other digits for digits, and another word order: something the page does not have."""
    if not any(c.isdigit() for c in text):
        return " ".join(reversed(text.split())) + f" {dice.randrange(10, 99)}"
    return re.sub(r"[0-9]", lambda _: str(dice.randrange(10)), text)


def _leaves(holder: Any, place: Place) -> Iterator[tuple[Any, Any, Place]]:
    for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
        if isinstance(value, dict | list):
            yield from _leaves(value, (*place, key))
        else:
            yield holder, key, (*place, key)


def _flip(text: Any, dice: Random) -> str | None:
    """The text with one digit changed; None when it has none."""
    digits = [at for at, sign in enumerate(text) if sign in "0123456789"] if isinstance(text, str) else []
    if not digits:
        return None
    at = dice.choice(digits)
    return str(text[:at] + dice.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :])


_TABLE = re.compile(r"<table>.*?</table>", re.S)
_ROW = re.compile(r"<tr>(.*?)</tr>", re.S)
_CELL = re.compile(r"<t([dh])([^>]*)>(.*?)</t\1>", re.S)
_SPAN = re.compile(r"(?:row|col)span=.(?:[2-9]|\d\d)")


def _spoil_tables(text: str, dice: Random, share: float, note: Note) -> str:
    """The tables of the engine's own HTML, spoiled; those with spans are left as they are."""
    number = -1

    def spoil(found: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return found[0] if _SPAN.search(found[0]) else _spoil_table(found[0], number, dice, share, note)

    return _TABLE.sub(spoil, text)


def _spoil_table(table: str, number: int, dice: Random, share: float, note: Note) -> str:
    header, *rows = [
        {(column,): html.unescape(cell[2]) for column, cell in enumerate(_CELL.findall(row))}
        for row in _ROW.findall(table)
    ] or [{}]
    noted = _Once(note)
    body = _spoil_rows(rows, dice, share, noted, (number,), first=1)
    for index, row in enumerate(body, 1):
        for column, value in row.items():
            place = (number, index, *column)
            if place not in noted.places and dice.random() < share and (flipped := _flip(value, dice)):
                row[column] = flipped
                noted("digit", place)
    return f"<table>\n{''.join(map(_tr, (header, *body)))}</table>"


def _tr(row: Row) -> str:
    cells = "".join(f"    <td>{html.escape(value, quote=False)}</td>\n" for value in row.values())
    return f"  <tr>\n{cells}  </tr>\n"
