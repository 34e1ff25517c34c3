"""Values → boxes among the page's lines."""

from typing import Any

import pytest

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.grounding import ground_rows, normalised


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


def grounded(value: str | None, lines: list[Row]) -> tuple[str | None, Any]:
    (row,) = ground_rows([{"value": value}], lines, column="value")
    box = tuple(row.get(name) for name in ("left_px", "top_px", "right_px", "bottom_px"))
    return row.get("ground"), box


NOWHERE: tuple[float | None, ...] = (None,) * 4


@pytest.mark.parametrize(
    ("value", "text", "ground", "box"),
    [
        ("Jane Doe", "Jane Doe", "line", (0, 0, 100, 10)),
        ("jane  doe", " JANE DOE", "line", (0, 0, 100, 10)),
        ("￥39.90", "¥39.90", "line", (0, 0, 100, 10)),
        ("１２３", "123", "line", (0, 0, 100, 10)),
        ("南京 南駅", "南京南駅", "line", (0, 0, 100, 10)),
        ("Straße", "STRASSE", "line", (0, 0, 100, 10)),
        ("Doe", "Jane Doe..", "within_line", (50, 0, 80, 10)),
        ("337.50", "¥337.50 CNY", "within_line", pytest.approx((100 / 11, 0, 700 / 11, 10))),
        ("南駅", "南京南駅ab", "within_line", (40, 0, 80, 10)),
        ("12A席", "4号車 12A席", "within_line", pytest.approx((500 / 10, 0, 100, 10))),
        ("50", "Total 50.", "within_line", pytest.approx((600 / 9, 0, 800 / 9, 10))),
        ("art", "start", "not_found", NOWHERE),
        ("37.50", "¥337.50", "not_found", NOWHERE),
        ("337", "¥337.50", "not_found", NOWHERE),
        ("50", "¥337.50", "not_found", NOWHERE),
        ("7", "2017", "not_found", NOWHERE),
        ("Smith", "Jane Doe", "not_found", NOWHERE),
        ("Doe Jane", "Jane Doe", "not_found", NOWHERE),
        (None, "Jane Doe", None, NOWHERE),
        ("", "Jane Doe", None, NOWHERE),
        (" ", "Jane Doe", None, NOWHERE),
    ],
)
def test_one_line(value: Any, text: str, ground: str | None, box: Any) -> None:
    assert grounded(value, [line(text)]) == (ground, box)


def test_a_whole_line_goes_before_a_part_of_one() -> None:
    lines = [line("Total 50"), line("50", top=20.0, bottom=30.0)]
    assert grounded("50", lines) == ("line", (0, 20, 100, 30))


def test_a_value_is_not_found_across_lines() -> None:
    assert grounded("Jane Doe", [line("Jane"), line("Doe")]) == ("not_found", NOWHERE)


def test_equal_values_are_paired_with_their_places_in_order() -> None:
    lines = [line("10", top=top, bottom=top + 5) for top in (0.0, 10.0, 20.0)]
    rows = ground_rows([{"text": "10"}] * 4, lines, column="text")
    assert [row["top_px"] for row in rows] == [0, 10, 20, 20]


@pytest.mark.parametrize(
    "lines",
    [[], [{"text": "a", "quad_px": None}], [line("")]],
    ids=["no lines", "no boxes", "no text"],
)
def test_a_page_without_lines_with_boxes_grounds_nothing(lines: list[Row]) -> None:
    assert grounded("a", lines) == (None, NOWHERE)


@pytest.mark.parametrize(
    ("quad", "box"),
    [
        pytest.param([0, 0, 80, 0, 80, 10, 0, 10], (40, 0, 80, 10), id="upright"),
        pytest.param([80, 10, 0, 10, 0, 0, 80, 0], (0, 0, 40, 10), id="upside down"),
        pytest.param([0, 80, 0, 0, 10, 0, 10, 80], (0, 0, 10, 40), id="reading upwards"),
        pytest.param([0, 0, 10, 0, 10, 80, 0, 80], (0, 40, 10, 80), id="written downwards"),
        pytest.param([0, 0, 80, 40, 75, 50, -5, 40], (35, 20, 80, 50), id="tilted"),
    ],
)
def test_the_box_is_cut_along_the_text(quad: Any, box: Any) -> None:
    xs, ys = quad[0::2], quad[1::2]
    whole = line("一二三四", min(xs), min(ys), max(xs), max(ys), quad=[float(v) for v in quad])
    assert grounded("三四", [whole]) == ("within_line", pytest.approx(box))


def test_rows_keep_what_they_had() -> None:
    (row,) = ground_rows([{"value": "a", "path": "p"}], [line("a")], column="value")
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
