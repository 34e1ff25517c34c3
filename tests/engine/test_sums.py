"""What a page comes to: the one amount among many that is its total."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.engine.understanding.sums import total_is_open, total_of
from tests.engine.written_pages import receipt


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        pytest.param([], None, id="blank page"),
        pytest.param(["Tea | 3.20", "Cake | 4.50"], None, id="no total named"),
        pytest.param(["Tea | 3.20", "Total | 3.20"], "3.20", id="plain"),
        pytest.param(
            ["Subtotal | 9.00", "Sales tax (8%) | 0.72", "Total | 9.72"], "9.72", id="subtotal and tax"
        ),
        pytest.param(
            ["Total Qty 3 | 9.54", "Total (excl. GST) | 9.00", "Total GST | 0.54", "Rounding | 0.01",
             "Total (incl. GST) | 9.55", "Cash | 10.00", "Change | 0.45"],
            "9.55",
            id="quantity, tax and sums without tax are none",
        ),
        pytest.param(
            ["Total sales (lnclusive of GST) | 12.40", "GST Summary", "Total | 11.70 0.70"],
            "12.40",
            id="misread, and a summary under it",
        ),
        pytest.param(
            ["Total | 37.44", "Rounding adjustment | 0.01", "Rounded | 37.45", "VISA | 37.45"],
            "37.45",
            id="what was paid after rounding",
        ),
        pytest.param(["Total amount: RM 57.40", "Net total | RM 54.15"], "RM 57.40", id="currency before"),
        pytest.param(["小計 | ¥33,000", "消費税（10%） | ¥3,300", "合計 | ¥36,300"], "¥36,300", id="yen"),
        pytest.param(["Zwischensumme | 10,00 €", "Gesamtbetrag | 11,90 €"], "11,90 €", id="comma"),
        pytest.param(["Total | 8.00", "Total | 9.00", "Tea | 1.00"], "9.00", id="two totals"),
        pytest.param(["Tea | 4.00", "Total amount", "| 4.00"], "4.00", id="label above"),
    ],
)  # fmt: skip
def test_total(rows: list[str], total: str | None) -> None:
    assert total_of(receipt(*rows)) == total


@pytest.mark.parametrize(
    ("rows", "is_open"),
    [
        pytest.param([], True, id="blank page"),
        pytest.param(["Tea | 3.20", "Total | 3.20"], False, id="plain"),
        pytest.param(["Tea | 3.20", "Subtotal | 3.20"], True, id="only a subtotal"),
        pytest.param(["Subtotal | 9.00", "Tax | 0.72", "Total | 9.72"], False, id="subtotal and tax"),
        pytest.param(["Total | 8.00", "Total | 9.00", "Tea | 1.00"], True, id="two totals"),
        pytest.param(["Total | 9.00", "Total | 9.00", "Tea | 1.00"], False, id="the same total twice"),
        pytest.param(
            ["Total | 8.00", "Total | 9.00", "Cash | 10.00", "Change | 1.00"],
            False,
            id="what was paid decides",
        ),
        pytest.param(["Total | 8.00", "Total payable | 8.05"], False, id="one says more"),
    ],
)
def test_what_else_may_be_the_total(rows: list[str], is_open: bool) -> None:
    assert total_is_open(receipt(*rows)) == is_open


LABELS = st.sampled_from(["Total", "Subtotal", "Tax", "Cash", "Change", "Gesamtbetrag", "合计"]) | st.text(
    max_size=20
)
AMOUNTS = st.decimals(0, 10**6, places=2).map(lambda amount: f"{amount:,}") | st.text(max_size=12)


@given(st.lists(st.tuples(LABELS, AMOUNTS), max_size=8))
def test_any_page_has_a_total_that_it_prints_or_none(rows: list[tuple[str, str]]) -> None:
    texts = [f"{label} | {value}" for label, value in rows]
    total = total_of(receipt(*texts))
    assert total is None or any(total in text for text in texts)
