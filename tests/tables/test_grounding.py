"""Values → boxes among the page's lines."""

from typing import Any

import pytest

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.places.grounding import ground_cells, ground_key_values, ground_lines
from qwenocr_assets.tables.places.likeness import normalised
from qwenocr_assets.tables.places.page_lines import PageLines
from qwenocr_assets.tables.typed_values import typed_value


def line(
    text: str,
    left: float = 0.0,
    top: float = 0.0,
    right: float = 100.0,
    bottom: float = 10.0,
    quad: list[float] | None = None,
) -> Row:
    row: dict[str, Any] = {
        "text": text,
        "left_px": left,
        "top_px": top,
        "right_px": right,
        "bottom_px": bottom,
    }
    return row | {"quad_px": quad or [left, top, right, top, right, bottom, left, bottom]}


def value(text: str | None, key: str = "key", item: tuple[str, int] | None = None) -> Row:
    """A row of key_values; `item` is the list and the index it stands in."""
    typed = typed_value(text or "")
    return {
        "value": text,
        "key": key,
        "list_index": item and item[1],
        "parent_path": item and f"{item[0]}[{item[1]}]",
        "value_number": typed.number,
        "value_date": typed.day,
    }


def box(row: Row) -> tuple[float, ...] | None:
    left = row.get("left_px")
    return None if left is None else (left, row["top_px"], row["right_px"], row["bottom_px"])


def grounded(text: str | None, lines: list[Row]) -> tuple[str | None, Any]:
    (row,) = ground_key_values([value(text)], PageLines(lines), {})
    return row.get("ground"), box(row)


@pytest.mark.parametrize(
    ("text", "of", "ground", "expected"),
    [
        ("Jane Doe", "Jane Doe", "line", (0, 0, 100, 10)),
        ("jane  doe", " JANE DOE", "line", (0, 0, 100, 10)),
        ("￥39.90", "¥39.90", "line", (0, 0, 100, 10)),
        ("１２３", "123", "line", (0, 0, 100, 10)),
        ("南京 南駅", "南京南駅", "line", (0, 0, 100, 10)),
        ("Straße", "STRASSE", "line", (0, 0, 100, 10)),
        ("eee", "ooo eee ooo", "within_line", pytest.approx((100 * 3.65 / 10.3, 0, 100 * 6.65 / 10.3, 10))),
        ("50", "Total 50.", "within_line", None),
        ("337.50", "¥337.50 CNY", "within_line", None),
        ("南駅", "南京南駅ab", "within_line", None),
        ("12A席", "4号車 12A席", "within_line", None),
        ("art", "start", "not_found", None),
        ("37.50", "¥337.50", "not_found", None),
        ("337", "¥337.50", "not_found", None),
        ("50", "¥337.50", "not_found", None),
        ("7", "2017", "not_found", None),
        ("Smith", "Jane Doe", "not_found", None),
        ("Doe Jane", "Jane Doe", "not_found", None),
        ("2024-11-14", "Date: 14 November 2024", "same_value", None),
        ("2024-11-14", "2024年11月14日", "same_value", (0, 0, 100, 10)),
        ("2025-04-03", "03/04/2025", "same_value", (0, 0, 100, 10)),
        ("2024-11-15", "Date: 14 November 2024", "not_found", None),
        ("1234.5", "Sum 1,234.50 EUR", "same_value", None),
        ("1234.5", "Sum 1.234,50 EUR", "same_value", None),
        ("1234.6", "Sum 1,234.50 EUR", "not_found", None),
        ("Brightwater Marina", "Brightwater Marlna", "fuzzy", (0, 0, 100, 10)),
        ("Brightwater Marina", "To: Brightwater Marlna, Astoria", "fuzzy", None),
        ("INV-2025-10482", "INV2025-10482", "fuzzy", (0, 0, 100, 10)),
        ("INV-2025-10483", "INV-2025-10482", "not_found", None),
        ("Brightwater Marina", "Brightwood Harbour", "not_found", None),
        ("Smyth", "Smith", "fuzzy", (0, 0, 100, 10)),
        ("Bolt", "Belt", "not_found", None),
        (None, "Jane Doe", None, None),
        ("", "Jane Doe", None, None),
        (" ", "Jane Doe", None, None),
    ],
)
def test_one_line(text: Any, of: str, ground: str | None, expected: Any) -> None:
    found, place = grounded(text, [line(of)])
    assert found == ground
    assert (place is not None) == (ground not in (None, "not_found"))
    if expected is not None:
        assert place == expected


ADDRESS = [
    line("Bill to: Brightwater", 0, 0, 200, 10),
    line("Ship to: Acme", 300, 0, 450, 10),
    line("Marina LLC,", 0, 12, 110, 22),
    line("Tools", 300, 12, 350, 22),
    line("77 Wharf Street", 0, 24, 150, 34),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Brightwater Marina LLC, 77 Wharf Street", ("across_lines", (0, 0, 200, 34))),
        ("Brightwater Marina LLC", ("across_lines", (0, 0, 200, 22))),
        ("Acme Tools", ("across_lines", (300, 0, 450, 22))),
        ("Brightwater Tools", ("not_found", None)),
        ("Marina LLC, 7", ("not_found", None)),
    ],
)
def test_a_value_over_several_lines(text: str, expected: Any) -> None:
    assert grounded(text, ADDRESS) == expected


def test_the_score_says_how_alike_they_are() -> None:
    page = PageLines([line("Brightwater Marlna")])
    rows = ground_key_values([value("Brightwater Marina"), value("Nobody"), value("")], page, {})
    assert [row.get("ground_score") for row in rows] == [pytest.approx(17 / 18, abs=1e-4), 0.0, None]


def test_a_value_of_another_page_is_named_as_such() -> None:
    other = PageLines([line("Jane Doe", 1, 2, 3, 4)])
    rows = ground_key_values([value("Jane Doe"), value("Jan")], PageLines([line("x")]), {"d/2": other})
    assert [(row["ground"], row.get("ground_page_id"), box(row)) for row in rows] == [
        ("other_page", "d/2", (1, 2, 3, 4)),
        ("not_found", None, None),
    ]


def test_lines_without_boxes_give_ground_but_no_box() -> None:
    (row,) = ground_key_values([value("Jane")], PageLines([{"text": "Jane"}]), {})
    assert (row["ground"], box(row)) == ("line", None)


def test_a_whole_line_goes_before_a_part_of_one() -> None:
    lines = [line("Total 50"), line("50", top=20.0, bottom=30.0)]
    assert grounded("50", lines) == ("line", (0, 20, 100, 30))


def test_a_value_stands_beside_its_label() -> None:
    lines = [line("10", top=0, bottom=10), line("Total:", top=50, bottom=60), line("10", 200, 50, 220, 60)]
    (row,) = ground_key_values([value("10", key="total")], PageLines(lines), {})
    assert row["top_px"] == 50


ROWS = [
    line(text, x, y, x + 20, y + 10)
    for y, texts in ((0, "2 bolt 7"), (20, "7 nut 2"), (40, "7 pin 7"))
    for x, text in zip((0, 100, 200), texts.split(), strict=True)
]


def test_repeated_values_stand_in_their_own_rows_and_columns() -> None:
    items = [("bolt", "2", "7"), ("nut", "7", "2"), ("pin", "7", "7")]
    values = [
        value(text, key, ("items", index))
        for index, (name, count, price) in enumerate(items)
        for key, text in (("name", name), ("price", price), ("count", count))
    ]
    rows = ground_key_values(values, PageLines(ROWS), {})
    assert [(row["left_px"], row["top_px"]) for row in rows] == [
        (x, y) for y in (0, 20, 40) for x in (100, 200, 0)
    ]


def test_repeated_cells_stand_in_their_own_rows_and_columns() -> None:
    texts = [["2", "bolt", "7"], ["7", "nut", "2"], ["7", "pin", "7"]]
    cells = [
        {
            "task": "table_parsing",
            "table_index": 0,
            "row_index": row,
            "column_index": column,
            "row_span": 1,
            "column_span": 1,
            "text": text,
            "number": typed_value(text).number,
        }
        for row, line_of in enumerate(texts)
        for column, text in enumerate(line_of)
    ]
    rows = ground_cells(cells, PageLines(ROWS), {})
    assert [(row["left_px"], row["top_px"]) for row in rows] == [
        (x, y) for y in (0, 20, 40) for x in (0, 100, 200)
    ]


def test_equal_values_without_anything_else_are_paired_in_reading_order() -> None:
    lines = [line("10", top=top, bottom=top + 5) for top in (0.0, 10.0, 20.0)]
    rows = ground_lines([{"text": "10"}] * 3, PageLines(lines))
    assert [row["top_px"] for row in rows] == [0, 10, 20]


@pytest.mark.parametrize("lines", [[], [line("")]], ids=["no lines", "no text"])
def test_a_page_without_lines_grounds_nothing(lines: list[Row]) -> None:
    assert grounded("a", lines) == (None, None)


@pytest.mark.parametrize(
    ("quad", "expected"),
    [
        pytest.param([0, 0, 80, 0, 80, 10, 0, 10], (40, 0, 80, 10), id="upright"),
        pytest.param([80, 10, 0, 10, 0, 0, 80, 0], (0, 0, 40, 10), id="upside down"),
        pytest.param([0, 80, 0, 0, 10, 0, 10, 80], (0, 0, 10, 40), id="reading upwards"),
        pytest.param([0, 0, 10, 0, 10, 80, 0, 80], (0, 40, 10, 80), id="written downwards"),
        pytest.param([0, 0, 80, 40, 75, 50, -5, 40], (35, 20, 80, 50), id="tilted"),
    ],
)
def test_the_box_is_cut_along_the_text(quad: Any, expected: Any) -> None:
    xs, ys = quad[0::2], quad[1::2]
    whole = line("一二三四", min(xs), min(ys), max(xs), max(ys), quad=[float(v) for v in quad])
    assert grounded("三四", [whole]) == ("within_line", pytest.approx(expected))


def test_a_line_that_runs_leftwards_is_cut_from_its_right_end() -> None:
    _, place = grounded("سعر", [line("سعر جديد")])
    assert place[2] == pytest.approx(100)
    assert place[0] > 50


def test_rows_keep_what_they_had() -> None:
    (row,) = ground_key_values([{**value("a"), "path": "p"}], PageLines([line("a")]), {})
    assert row["path"] == "p"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  A  b\n", "a b"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("出発 日時", "出発日時"),
        ("出発 ABC 日時", "出発abc日時"),
        ("한국 사람", "한국 사람"),
        ("ｶﾀｶﾅ", "カタカナ"),
    ],
)
def test_how_texts_are_compared(text: str, expected: Any) -> None:
    assert normalised(text) == expected


def test_values_that_a_page_has_very_often_are_found_in_their_rows() -> None:
    """A table of 60 rows with the same word in two columns, one of them under a header that stands there twice."""
    lines = [line("Goods on board", 100, 0, 200, 10), line("Goods on board", 300, 0, 400, 10)]
    cells: list[Row] = []
    for row in range(1, 61):
        top = 20.0 * row
        lines += [line(f"Ship {row}", 0, top, 60, top + 10)]
        lines += [line("Yes", left, top, left + 30, top + 10) for left in (120.0, 320.0)]
        cells += [_cell(row, column, text) for column, text in enumerate((f"Ship {row}", "Yes", "Yes"))]
    heads = [_cell(0, 1, "Goods on board"), _cell(0, 2, "Goods on board")]

    found = ground_cells([*heads, *cells], PageLines(lines), {})

    assert {
        (row["row_index"], row["column_index"]): (row["left_px"], row["top_px"]) for row in found[2:]
    } == {
        (row, column): (left, 20.0 * row)
        for row in range(1, 61)
        for column, left in enumerate((0.0, 120.0, 320.0))
    }


def _cell(row: int, column: int, text: str) -> Row:
    return {
        "task": "table_parsing",
        "table_index": 0,
        "row_index": row,
        "column_index": column,
        "row_span": 1,
        "column_span": 1,
        "text": text,
        "number": None,
    }


@pytest.mark.parametrize("text", ["Jane Doe", "Jane", "Jane Doe of Elm Street", "Jane Dae of the Elm"])
@pytest.mark.parametrize("doubt", [None, "unit_assumed"])
def test_a_box_is_as_doubtful_as_the_line_that_it_is_from(text: str, doubt: str | None) -> None:
    lines = [line("Jane Doe", 0, 0, 100, 10), line("of Elm Street", 0, 12, 100, 22)]
    page = PageLines([one | {"box_doubt": doubt} for one in lines])
    (row,) = ground_key_values([value(text)], page, {})
    if box(row) is not None:
        assert row["box_doubt"] == doubt
    else:
        assert text == "Jane Dae of the Elm"
    (elsewhere,) = ground_key_values([value("Jane Doe")], PageLines([line("x")]), {"other": page})
    assert (elsewhere["ground"], elsewhere["box_doubt"]) == ("other_page", doubt)
