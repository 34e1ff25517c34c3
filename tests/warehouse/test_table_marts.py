"""Tables as rectangles, stitched over pages, and documents as Markdown."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.export import export_query
from qwenocr_assets.warehouse.one_table import document_table_sql
from qwenocr_assets.warehouse.publish import working_file

Put = Callable[..., Path]
Query = Callable[[str], list[tuple[Any, ...]]]

PARSING = "table_parsing"


def cells(
    page_id: str, *rows: str, task: str = PARSING, table: int = 0, header_rows: int = 0
) -> list[dict[str, Any]]:
    """Rows of cells separated by |, the first ones headers."""
    return [
        {
            "page_id": page_id,
            "task": task,
            "table_index": table,
            "row_index": row,
            "column_index": column,
            "row_span": 1,
            "column_span": 1,
            "is_header": row < header_rows,
            "text": text.strip(),
            "number": Decimal(text.strip()) if re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?\s*", text) else None,
        }
        for row, line in enumerate(rows)
        for column, text in enumerate(line.split("|"))
    ]


def table(found: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The row of `tables` for some cells."""
    return {
        "page_id": found[0]["page_id"],
        "task": found[0]["task"],
        "table_index": found[0]["table_index"],
        "row_count": max(cell["row_index"] + cell["row_span"] for cell in found),
        "column_count": max(cell["column_index"] + cell["column_span"] for cell in found),
        "header_row_count": len({cell["row_index"] for cell in found if cell["is_header"]}),
        "cell_count": len(found),
        "is_complete": True,
        **more,
    }


@pytest.fixture
def put_tables(put: Put) -> Callable[..., None]:
    """Write a document with these tables; each a list of cells."""

    def write(*tables: list[dict[str, Any]]) -> None:
        put("documents", "b1", {"document_id": "d1", "name": "a.pdf"})
        put("pages", "b1", *({"page_id": page} for page in sorted({t[0]["page_id"] for t in tables})))
        put("table_cells", "b1", *(cell for found in tables for cell in found))
        put("tables", "b1", *map(table, tables))

    return write


def test_a_spanning_cell_stands_in_every_place_it_covers(
    put_tables: Callable[..., None], query: Query
) -> None:
    found = cells("d1-p1", "a | b | c", "d | e | 7", header_rows=1)
    wide = [{**found[0], "column_span": 2}, found[2], found[3], found[5]]
    put_tables(wide)
    assert query("SELECT row_index, is_header, cells, numbers FROM marts.table_rows") == [
        (0, True, ["a", "a", "c"], [None, None, None]),
        (1, False, ["d", "", "7"], [None, None, Decimal(7)]),
    ]


HEAD = "Item | Price"


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param(
            [cells("d1-p1", HEAD, "a | 1", header_rows=1), cells("d1-p2", HEAD, "b | 2", header_rows=1)],
            [(0, 0, "Item", 1), (0, 1, "a", 1), (0, 2, "b", 2)],
            id="header repeated",
        ),
        pytest.param(
            [cells("d1-p1", HEAD, "a | 1", header_rows=1), cells("d1-p2", "b | 2"), cells("d1-p3", "c | 3")],
            [(0, 0, "Item", 1), (0, 1, "a", 1), (0, 2, "b", 2), (0, 3, "c", 3)],
            id="three pages, header on the first",
        ),
        pytest.param(
            [
                cells("d1-p1", HEAD, "a | 1", header_rows=1),
                cells("d1-p2", "Name | Age", "b | 2", header_rows=1),
            ],
            [(0, 0, "Item", 1), (0, 1, "a", 1), (1, 0, "Name", 2), (1, 1, "b", 2)],
            id="another header",
        ),
        pytest.param(
            [cells("d1-p1", "a | 1"), cells("d1-p2", "b | 2 | 3")],
            [(0, 0, "a", 1), (1, 0, "b", 2)],
            id="another width",
        ),
        pytest.param(
            [cells("d1-p1", "a | 1"), cells("d1-p3", "b | 2")],
            [(0, 0, "a", 1), (1, 0, "b", 3)],
            id="a page between",
        ),
        pytest.param(
            [cells("d1-p1", "a | 1"), cells("d1-p1", "b | 2", table=1), cells("d1-p2", "c | 3")],
            [(0, 0, "a", 1), (1, 0, "b", 1), (1, 1, "c", 2)],
            id="two on a page",
        ),
    ],
)
def test_tables_that_go_on_over_pages(
    put_tables: Callable[..., None], query: Query, tables: Any, expected: Any
) -> None:
    put_tables(*tables)
    found = query(
        "SELECT stitched_index, row_number, cells[1], page_number FROM marts.stitched_tables ORDER BY ALL"
    )
    assert found == expected


def test_a_document_as_markdown(put: Put, query: Query) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf"})
    put("pages", "b1", {"page_id": "d1-p1"}, {"page_id": "d1-p2"})
    blocks = [
        ("title", None, "On Walls"),
        ("section", 1, "Methods"),
        ("paragraph", None, "We $x$ walked."),
        ("list_item", 1, "one"),
        ("list_item", 2, "two"),
        ("formula", None, "a=b"),
        ("table", None, "Costs\na\tb"),
    ]
    put(
        "document_blocks",
        "b1",
        *(
            {
                "page_id": "d1-p1",
                "task": "document_parsing",
                "block_index": index,
                "block_type": kind,
                "level": level,
                "text": text,
            }
            for index, (kind, level, text) in enumerate(blocks)
        ),
    )
    parsed = cells("d1-p1", "a | b", "1 | x", task="document_parsing")
    recognised = cells("d1-p2", HEAD, "Bolt | 1", header_rows=1)
    put("table_cells", "b1", *parsed, *recognised)
    put("tables", "b1", table(parsed), table(recognised))
    put("text_lines", "b1", {"page_id": "d1-p2", "line_index": 0, "text": "A line", "reading_index": 0})
    ((markdown,),) = query("SELECT markdown FROM marts.document_markdown")
    assert markdown.split("\n\n") == [
        "# On Walls",
        "## Methods",
        "We $x$ walked.",
        "* one",
        "  * two",
        "$$\na=b\n$$",
        "| a | b |\n| --- | --- |\n| 1 | x |",
        "A line",
        "| Item | Price |\n| --- | --- |\n| Bolt | 1 |",
    ]


@pytest.fixture
def published(put_tables: Callable[..., None], query: Query, data: DataFolder) -> Callable[..., Path]:
    """The warehouse with these tables in document a.pdf."""

    def build(*tables: list[dict[str, Any]]) -> Path:
        put_tables(*tables)
        query("FROM marts.stitched_tables, marts.documents_overview")
        return working_file(data)

    return build


def test_a_table_of_a_document_into_a_file(published: Callable[..., Path], tmp_path: Path) -> None:
    head = cells("d1-p1", "Item | Price | Price", "a | 1 | x", header_rows=1)
    warehouse = published(head, cells("d1-p2", "b | 22 | 3"))
    target = tmp_path / "table.csv"
    export_query(warehouse, document_table_sql(warehouse, "a.pdf", 0), target, "csv")
    lines = [line.split(",") for line in target.read_text().splitlines()]
    assert lines[0] == ["Item", "Price", "Price as written", "Price 2"]
    assert [(item, Decimal(price), text, other) for item, price, text, other in lines[1:]] == [
        ("a", 1, "1", "x"),
        ("b", 22, "22", "3"),
    ]


def test_an_exported_number_keeps_its_text(published: Callable[..., Path], tmp_path: Path) -> None:
    rows = cells("d1-p1", "Artikel | Betrag", "Seil | 12.50", "Lager | —", "Haken | 1.5", header_rows=1)
    warehouse = published(rows)
    target = tmp_path / "table.csv"
    export_query(warehouse, document_table_sql(warehouse, "a.pdf", 0), target, "csv")
    lines = [line.split(",") for line in target.read_text().splitlines()]
    assert [(line[1] and Decimal(line[1]), line[2]) for line in lines[1:]] == [
        (Decimal("12.5"), "12.50"),
        ("", "—"),
        (Decimal("1.5"), "1.5"),
    ]


@pytest.mark.parametrize(
    ("document", "number", "message"),
    [
        ("a.pdf", 1, "a.pdf has no table 1. It has 1, counted from 0."),
        ("b.pdf", 0, "There is no document b.pdf in the warehouse. Did you mean a.pdf?"),
    ],
)
def test_a_table_that_is_not_there(
    published: Callable[..., Path], document: str, number: int, message: str
) -> None:
    warehouse = published(cells("d1-p1", "a | 1"))
    with pytest.raises(WarehouseError, match=re.escape(message)):
        document_table_sql(warehouse, document, number)


@pytest.mark.parametrize(
    ("above", "below", "joined"),
    [
        pytest.param(
            "7 | Steel bolt, | 5", " | stainless | ", ["7", "Steel bolt, stainless", "5"], id="rest of a text"
        ),
        pytest.param(
            "7 | Steel bolt | 5",
            " | 10 mm, zinc | ",
            ["7", "Steel bolt 10 mm, zinc", "5"],
            id="no first cell",
        ),
        pytest.param("7 | Stain- | 5", " | less bolt | ", ["7", "Stainless bolt", "5"], id="a divided word"),
        pytest.param(
            "7 | Steel bolt, | ", " | stainless | 5", ["7", "Steel bolt, stainless", "5"], id="number behind"
        ),
        pytest.param("7 | ステンレス、 | 5", " | ボルト | ", ["7", "ステンレス、ボルト", "5"], id="Japanese"),
        pytest.param(
            "7 | برغي فولاذي | 5", " | مقاوم للصدأ | ", ["7", "برغي فولاذي مقاوم للصدأ", "5"], id="Arabic"
        ),
        pytest.param("7 | Bolt | 5", " | Total | 12", None, id="a number in both"),
        pytest.param("7 | Bolt | 5", "Hardware |  | ", None, id="a heading"),
        pytest.param("7 | Bolt | 5", "8 | Nut | ", None, id="a row without its number"),
        pytest.param("7 | Bolt | 5", "8 | Nut | 6", None, id="a row"),
    ],
)
def test_a_row_that_the_end_of_a_page_cut(
    put_tables: Callable[..., None], query: Query, above: str, below: str, joined: list[str] | None
) -> None:
    put_tables(
        cells("d1-p1", "No. | Item | Price", "6 | Rope | 3", above, header_rows=1),
        cells("d1-p2", below, "9 | Washer | 2"),
    )
    rows = query("SELECT cells, is_joined, page_number FROM marts.stitched_tables ORDER BY row_number")
    found = [row for row, is_joined, _ in rows if is_joined]
    assert found == ([joined] if joined else [])
    assert len(rows) == (4 if joined else 5)


def test_rows_that_stand_on_two_pages(put_tables: Callable[..., None], query: Query) -> None:
    put_tables(
        cells("d1-p1", HEAD, "Stainless bolt | 100", "Washer, wide | 200", header_rows=1),
        cells("d1-p2", HEAD, "Washer, wide | 200", "a | 1", header_rows=1),
        cells("d1-p4", "Washer, wide | 200"),
    )
    found = query("SELECT page_id, row_index, earlier_page_id, earlier_row_index FROM marts.repeated_rows")
    assert found == [("d1-p2", 1, "d1-p1", 2)]
