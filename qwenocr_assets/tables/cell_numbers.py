"""The numbers of a table's cells, decided by the cells around where a cell leaves it open."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from qwenocr_assets.tables.doubts.unread import days_or_times_among, errors_among, is_month, months_among
from qwenocr_assets.tables.grid import Grid
from qwenocr_assets.tables.typed_values import PLAIN_NUMBER, read_number
from qwenocr_assets.tables.values.amounts import Amount
from qwenocr_assets.tables.values.currencies import are_of_two
from qwenocr_assets.tables.values.neighbours import Neighbours, neighbours, settled
from qwenocr_assets.tables.values.notation import NO_NUMBER, TWO_CURRENCIES, TWO_READINGS, Notation


class CellNumbers(NamedTuple):
    """Per cell, in order."""

    numbers: list[Decimal | None]
    likely: list[Decimal | None]
    """The same, and of numbers with two readings one: what a cell's number might be, to tell numbers from words."""
    doubts: dict[int, str]
    """Why cells have no number although they hold one, by the cell's index."""


def cell_numbers(cells: Grid, notation: Notation) -> CellNumbers:
    """The numbers of a table's cells, as `typed_values` reads them."""
    numbers: list[Decimal | None] = []
    still_open: list[tuple[int, Amount]] = []
    mixed: dict[int, str] = {}
    money: dict[int, str] = {}
    is_plain = PLAIN_NUMBER.fullmatch if notation.decimal != "," else lambda _: None
    for at, (_, _, _, _, _, text) in enumerate(cells):  # there are very many: the commonest first
        if is_plain(text):
            numbers.append(Decimal(text.replace(",", "")))
            continue
        amount = read_number(text, notation)
        numbers.append(None if amount is None else amount.number)
        if amount is not None and amount.mixed:
            mixed[at] = TWO_CURRENCIES
        if amount is not None and amount.currency is not None:
            money[at] = amount.currency
        if amount is not None and amount.is_open:
            still_open.append((at, amount))
    mixed |= dict.fromkeys(_of_other_currencies(cells, money), TWO_CURRENCIES)
    likely, doubts = list(numbers), mixed | _without_dates(cells, numbers)
    doubts |= _without_errors(cells, numbers)
    if not still_open:
        return CellNumbers(numbers, likely, doubts)
    near = _neighbours(cells, {cells[at].column for at, _ in still_open})
    for at, open_amount in still_open:
        amount = settled(cells[at].text, open_amount, near[cells[at].column], notation.decimal)
        numbers[at] = likely[at] = amount.number
        if amount.number is None and amount.two is not None:
            likely[at], doubts[at] = amount.two[0], TWO_READINGS
    return CellNumbers(numbers, likely, doubts)


def _neighbours(cells: Grid, columns: set[int]) -> dict[int, Neighbours]:
    texts: dict[int, list[str]] = defaultdict(list)
    for cell in cells:
        texts[cell.column].append(cell.text)
    return neighbours({column: texts[column] for column in columns}, lambda: (cell.text for cell in cells))


def _of_other_currencies(cells: Grid, money: dict[int, str]) -> Iterator[int]:
    """Cells with another currency than most amounts of their column have, by index; a sum would mix them.

    `money` are the currencies of cells, by index. Of those that are as common as each other none is most.
    """
    columns: dict[int, list[int]] = defaultdict(list)
    for at in money:
        columns[cells[at].column].append(at)
    for places in columns.values():
        named = Counter(money[at] for at in places).most_common()
        usual = named[0][0] if len(named) > 1 and named[0][1] > named[1][1] else None
        if any(are_of_two(one, other) for one, _ in named for other, _ in named):
            yield from (at for at in places if usual is None or are_of_two(usual, money[at]))


def _without_dates(cells: Grid, numbers: list[Decimal | None]) -> dict[int, str]:
    """Takes months, days and times out of the numbers (`10.2024` below `09.2024`); the doubts, by the cell's index."""
    asked = {
        cell.column
        for cell in cells
        if (len(cell.text) in (6, 7) and is_month(cell.text)) or (len(cell.text) == 5 and cell.text[0] == "0")
    }
    doubts: dict[int, str] = {}
    for column in asked:
        places = [at for at, cell in enumerate(cells) if cell.column == column]
        texts = [cells[at].text for at in places]
        found = months_among(texts, [numbers[at] for at in places])
        found |= dict.fromkeys(days_or_times_among(texts))
        for place, doubt in found.items():
            numbers[places[place]] = None
            if doubt is not None:
                doubts[places[place]] = doubt
    return doubts


def _without_errors(cells: Grid, numbers: list[Decimal | None]) -> dict[int, str]:
    """Takes errors in brackets below numbers out of the numbers; the doubts, by the cell's index."""
    columns = {
        cell.column for at, cell in enumerate(cells) if cell.text[:1] == "(" and numbers[at] is not None
    }
    if not columns - {0}:
        return {}
    labelled = {cell.row for cell in cells if cell.column == 0 and cell.text}
    doubts: dict[int, str] = {}
    for column in columns - {0}:
        places = [at for at, cell in enumerate(cells) if cell.column == column]
        rows = [cells[at].row in labelled for at in places]
        for place in errors_among([cells[at].text for at in places], rows):
            numbers[places[place]] = None
            doubts[places[place]] = NO_NUMBER
    return doubts
