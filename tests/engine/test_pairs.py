"""Pairs of labels and values on forms, by where they stand: each case is a form of its own."""

import pytest

from qwenocr_assets.engine.page.read_page import Cell, Table
from qwenocr_assets.engine.understanding.key_values import all_pairs
from tests.engine.written_pages import page

Placed = tuple[str, float, float]


@pytest.mark.parametrize(
    ("lines", "pairs"),
    [
        pytest.param(
            [("Name", 50, 50), ("Jane Doe", 300, 50), ("Born", 50, 80), ("in May", 300, 80)],
            {"Name": "Jane Doe", "Born": "in May"},
            id="two columns without colons",
        ),
        pytest.param(
            [("Maker", 50, 50), ("Huber", 200, 50), ("Paper", 500, 50), ("white", 700, 50),
             ("Filter", 50, 80), ("none", 200, 80), ("Glue", 500, 80), ("blue", 700, 80),
             ("Box", 50, 110), ("red", 200, 110), ("Lid", 500, 110), ("oak", 700, 110)],
            {"Maker": "Huber", "Paper": "white", "Filter": "none", "Glue": "blue", "Box": "red", "Lid": "oak"},
            id="four columns",
        ),
        pytest.param(
            [("Order", 50, 50), ("Dated", 300, 50), ("Ref", 500, 50),
             ("12", 50, 80), ("1 May", 300, 80), ("B-7", 500, 80)],
            {"Order": "12", "Dated": "1 May", "Ref": "B-7"},
            id="boxes in a row, labels over values",
        ),
        pytest.param(
            [("Opposing", 50, 50), ("counsel:", 50, 72), ("Anna Roe", 200, 72), ("12 Mill Lane", 200, 94)],
            {"Opposing counsel": "Anna Roe 12 Mill Lane"},
            id="label of two lines, value of two lines",
        ),
        pytest.param(
            [("Ship to", 50, 50), ("Roe Ltd", 50, 78), ("12 Mill Lane", 50, 100)],
            {"Ship to": "Roe Ltd, 12 Mill Lane"},
            id="an address keeps its lines apart",
        ),
        pytest.param(
            [("Reviewed and released by:", 50, 50), ("Roe", 150, 90)], {"Reviewed and released by": "Roe"},
            id="on the line under a long label",
        ),
        pytest.param(
            [(text, x, y) for y, row in ((50, "Aware Trial Loyal Other"), (80, "Direct Cross Retain Lead"),
                             (110, "One Two Three Four"))
             for text, x in zip(row.split(), (50, 200, 350, 500), strict=True)],
            {},
            id="lists side by side",
        ),
        pytest.param(
            [("Tour of the mill", 50, 50), ("Tour of the town", 300, 50),
             ("Visit to the park", 50, 80), ("Visit to the port", 300, 80)],
            {},
            id="two entries that are alike",
        ),
        pytest.param([("Invoice INV/2023/00027", 50, 50)], {"Invoice": "INV/2023/00027"}, id="a heading with a number"),
        pytest.param([("Invoice Monday", 50, 50)], {}, id="a heading without one"),
        pytest.param([("Trial:", 50, 50), ("_____", 150, 50)], {}, id="an empty line to write on"),
        pytest.param([("Judge:", 50, 50), ("Trial date:", 50, 80)], {}, id="the next label is no value"),
        pytest.param([("Full", 50, 50), ("x", 120, 50)], {"Full": "x"}, id="a ticked box"),
        pytest.param(
            [("Late fee: (from 1 May)", 50, 50), ("$150.00", 500, 50)], {"Late fee: (from 1 May)": "$150.00"},
            id="a remark behind the colon",
        ),
        pytest.param([("Name:", 50, 50), ("G. R: Roe", 110, 50)], {"Name": "G. R: Roe"}, id="a misread full stop"),
        pytest.param(
            [("Time", 50, 50), ("Carrier", 200, 50), ("Flight", 400, 50)], {}, id="a header is no pair"
        ),
        pytest.param(
            [("Chains:", 50, 50), ("This plan has done well with all of the chains where it", 130, 50),
             ("was tried, and less well elsewhere.", 50, 72)],
            {"Chains": "This plan has done well with all of the chains where it was tried, and less well elsewhere."},
            id="prose goes on under its label",
        ),
        pytest.param([("c:\\letters\\may.doc", 50, 50)], {}, id="a path"),
        pytest.param(
            [("Sent 5 May", 50, 50), ("P. 1/6", 700, 50), ("To:", 50, 90), ("Roe", 120, 90), ("f", 50, 400)],
            {"To": "Roe"},
            id="what stands at the edge of a page",
        ),
    ],
)  # fmt: skip
def test_pairs_of_a_form(lines: list[Placed], pairs: dict[str, str]) -> None:
    assert all_pairs(page(*lines)) == pairs


def test_labels_in_drawn_boxes_need_no_colon() -> None:
    """The grid is a form and no table of records, and its labels are those in capitals."""
    cells = (Cell(0, 0, 1, 1, "PHYSICAL STATE Solid."), Cell(1, 0, 1, 1, "DENSITY Not known."))
    box = Table(cells, (40, 40, 900, 200))
    lines = (("PHYSICAL STATE", 50, 50), ("Solid.", 50, 72), ("DENSITY", 50, 110), ("Not known.", 50, 132))
    assert all_pairs(page(*lines, tables=(box,))) == {"PHYSICAL STATE": "Solid.", "DENSITY": "Not known."}
    assert all_pairs(page(*lines)) == {}
