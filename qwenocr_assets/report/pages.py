"""One page's rows as it is shown: fields, lists, tables, lines, blocks and formulas, with what marks them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import inf

from qwenocr_assets.report.findings import EXTRACTION
from qwenocr_assets.report.languages import language_of
from qwenocr_assets.report.marks import Marker
from qwenocr_assets.report.views import (
    BlockView,
    Cell,
    Field,
    FieldList,
    FormulaView,
    Mark,
    PageView,
    TableView,
    TextView,
)
from qwenocr_assets.rows import (
    DocumentBlockRow,
    KeyValueRow,
    PageRow,
    RowsByTable,
    TableCellRow,
    TableRow,
    TextLineRow,
)
from qwenocr_assets.tables.places.line_boxes import runs_leftwards

Places = dict[tuple[str, str], str]
"""The anchor of each task and place of a page."""

_IN_LIST = re.compile(r'(?P<list>[^\[\]]+)\[(?P<row>\d+)\](?:\.(?P<plain>[^.\[\]]+)|\["(?P<quoted>.+)"\])')

_NO_NUMBER = re.compile(r"[^0-9.,-]")
_MAY_BE_DECIMAL = re.compile(r"-?\d{1,3},\d{3}")
"""1,234: with a comma for the decimal point it would be another number."""


def page_view(page: PageRow, rows: RowsByTable, marker: Marker) -> tuple[PageView, Places]:
    """The page with this row of `pages`, its `rows` by table; and the anchors of what stands on it."""
    anchor = f"p{page['page_number']}"
    places: Places = {}
    fields = [_field(row, f"{anchor}-f{i}", marker, places) for i, row in enumerate(rows["key_values"])]
    fields += _added(page["page_id"], anchor, fields, marker)
    tables = _tables(rows, anchor, marker, places)
    texts = _texts(rows["text_lines"], anchor, marker)
    single, lists = _lists(fields)
    cells = [cell.mark for table in tables for row in table.rows for cell in row]
    lines = [line for text in texts for line in text.lines]
    marks = (*lines, *(table.mark for table in tables), *cells, *(field.mark for field in fields))
    view = PageView(
        page_id=page["page_id"],
        number=page["page_number"],
        anchor=anchor,
        uri=page["uri"],
        media_type=page["media_type"],
        width_px=page["width_px"] or 0,
        height_px=page["height_px"] or 0,
        fields=single,
        field_lists=lists,
        tables=tables,
        texts=texts,
        blocks=tuple(_blocks(rows["document_blocks"])),
        formulas=tuple(FormulaView(row["latex"], row["problem"]) for row in rows["formulas"]),
        marks=tuple(mark for mark in marks if mark.box is not None),
    )
    return view, places


def _field(row: KeyValueRow, anchor: str, marker: Marker, places: Places) -> Field:
    places[row["task"], row["path"]] = anchor
    mark = marker.mark(row, "field", anchor, row["path"], row["value"] or "")
    # what was read out of the model's value says nothing of the one a person put in its place
    reading = _reading(row) if mark.correction is None or mark.correction.action == "confirmed" else ""
    return Field(mark, row["path"], row["value_number"] is not None, reading, row["presence"])


def _added(page_id: str, anchor: str, known: Sequence[Field], marker: Marker) -> Iterator[Field]:
    """The values that people added and the answer does not have."""
    places = {field.mark.place for field in known}
    for number, (place, correction) in enumerate(marker.added(page_id, EXTRACTION, places), start=len(known)):
        mark = Mark(
            anchor=f"{anchor}-f{number}",
            kind="field",
            page_id=page_id,
            task=EXTRACTION,
            place=place,
            text="",
            level="good",
            score=None,
            ground=None,
            to_look_at=False,
            reasons=(),
            correction=correction,
            box=None,
            box_page_id=page_id,
            language=None,
        )
        yield Field(mark, place, is_number=False, reading="", presence=None)


def _reading(row: KeyValueRow) -> str:
    """How a value was understood, where that says more than the value itself: of days, and of numbers that might
    be another one."""
    value = row["value"] or ""
    if row["value_date"] is not None:
        said = row["value_date"].isoformat()
        return "" if said == value else f"= {said}"
    number = row["value_number"]
    if not isinstance(number, Decimal) or _is_plain(value, number):
        return ""
    return f"= {number.normalize():,f}" + (f" {row['currency']}" if row["currency"] else "")


def _is_plain(value: str, number: Decimal) -> bool:
    """Whether a text can be taken for no other number: with its points as they are and its commas left out."""
    written = _NO_NUMBER.sub("", value)
    try:
        return Decimal(written.replace(",", "")) == number and not _MAY_BE_DECIMAL.fullmatch(written)
    except InvalidOperation:
        return False


def _in_page_order(fields: Iterable[Field]) -> list[Field]:
    """From the top down and from the left, as they are on the page; those without a place last."""
    return sorted(fields, key=_place_on_page)


def _place_on_page(field: Field) -> tuple[float, float]:
    box = field.mark.box
    return (inf, 0.0) if box is None else (min(y for _, y in box.corners), min(x for x, _ in box.corners))


def _left(column: str, by_place: Mapping[tuple[int, str], Field]) -> float:
    """Where a column of a list is, by the box furthest to the left."""
    boxes = [f.mark.box for (_, name), f in by_place.items() if name == column and f.mark.box is not None]
    return min((x for box in boxes for x, _ in box.corners), default=inf)


def _lists(fields: Sequence[Field]) -> tuple[tuple[Field, ...], tuple[FieldList, ...]]:
    """The fields that stand alone, and those that are keys of objects in lists."""
    single: list[Field] = []
    found: dict[str, dict[tuple[int, str], Field]] = defaultdict(dict)
    for field in fields:
        match = _IN_LIST.fullmatch(field.mark.place)
        if match is None:
            single.append(field)
        else:
            found[match["list"]][int(match["row"]), match["plain"] or match["quoted"]] = field
    lists = []
    for name, by_place in found.items():
        named = dict.fromkeys(column for _, column in by_place)
        columns = tuple(sorted(named, key=lambda column: _left(column, by_place)))
        numbers = sorted({row for row, _ in by_place})
        rows = tuple(tuple(by_place.get((number, column)) for column in columns) for number in numbers)
        lists.append(FieldList(name, columns, rows))
    return tuple(_in_page_order(single)), tuple(lists)


def _tables(rows: RowsByTable, page: str, marker: Marker, places: Places) -> tuple[TableView, ...]:
    cells: dict[tuple[str, int], list[TableCellRow]] = defaultdict(list)
    for row in rows["table_cells"]:
        cells[row["task"], row["table_index"]].append(row)
    views = []
    for number, table in enumerate(rows["tables"]):
        anchor = f"{page}-t{number}"
        place = f"table {table['table_index']}"
        places[table["task"], place] = anchor
        own = sorted(
            cells[table["task"], table["table_index"]], key=lambda c: (c["row_index"], c["column_index"])
        )
        grid: list[list[Cell]] = [[] for _ in range(table["row_count"])]
        for row in own:
            grid[row["row_index"]].append(_cell(row, anchor, marker, places, table["header_row_count"]))
        leftwards = sum(runs_leftwards(row["text"]) for row in own)
        views.append(
            TableView(
                mark=marker.mark(table, "table", anchor, place, table["caption"] or place.capitalize()),
                rows=tuple(map(tuple, grid)),
                is_right_to_left=leftwards * 2 > sum(any(map(str.isalpha, row["text"])) for row in own),
                notes=tuple(_notes(table)),
            )
        )
    return tuple(views)


def _cell(row: TableCellRow, table: str, marker: Marker, places: Places, header_rows: int) -> Cell:
    place = f"table {row['table_index']} row {row['row_index']} column {row['column_index']}"
    anchor = f"{table}-r{row['row_index']}c{row['column_index']}"
    places[row["task"], place] = anchor
    scope = ("col" if row["row_index"] < header_rows else "row") if row["is_header"] else None
    mark = marker.mark(row, "cell", anchor, place, row["text"])
    return Cell(mark, row["number"] is not None, row["row_span"], row["column_span"], scope)


def _notes(table: TableRow) -> Iterator[str]:
    if not table["is_complete"]:
        yield "The answer breaks off inside this table."
    if table["totals_wrong"]:
        yield f"{table['totals_wrong']} of {table['totals_checked']} printed totals differ from the sum above."
    if table["cells_not_found"]:
        yield f"{table['cells_not_found']} cells are not found on the page."
    if table["lines_unused"]:
        yield f"{table['lines_unused']} lines between its cells or right below are in no cell."
    if table["parent_table_index"] is not None:
        yield f"Stands inside a cell of table {table['parent_table_index']}."


def _texts(rows: Sequence[TextLineRow], page: str, marker: Marker) -> tuple[TextView, ...]:
    by_task: dict[str, list[TextLineRow]] = defaultdict(list)
    for row in rows:
        by_task[row["task"]].append(row)
    views = []
    for task_number, (task, own) in enumerate(by_task.items()):
        own.sort(key=lambda r: r["reading_index"] if r["reading_index"] is not None else r["line_index"])
        lines: list[Mark] = [
            marker.mark(row, "line", f"{page}-x{task_number}-{i}", f"line {i + 1}", row["text"])
            for i, row in enumerate(own)
        ]
        views.append(TextView(task, tuple(lines)))
    return tuple(views)


def _blocks(rows: Sequence[DocumentBlockRow]) -> Iterator[BlockView]:
    for row in rows:
        text = row["text"] or row["latex"]
        yield BlockView(row["block_type"], row["level"] or 0, text, language_of(text))
