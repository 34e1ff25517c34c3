"""Look-alikes of Chinese and Japanese print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.engine.reading.cjk import corrected


def places(widths: list[float]) -> list[float]:
    """Middles of characters that are `widths` wide, along a line of their whole width."""
    ends = [sum(widths[: i + 1]) for i in range(len(widths))]
    return [(end - width / 2) / ends[-1] for end, width in zip(ends, widths, strict=True)]


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("コーヒ一", "コーヒー"),
        ("ー時停止", "一時停止"),
        ("入カする", "入力する"),
        ("カメラ", "カメラ"),
        ("力メラ", "カメラ"),
        ("十ニ月", "十二月"),
        ("テニス", "テニス"),
        ("ラべル", "ラベル"),
        ("東京ヘ行く", "東京へ行く"),
        ("3カ月", "3カ月"),
        ("出口", "出口"),
        ("ロシア", "ロシア"),
        ("统一发票", "统一发票"),
        ("No. 7", "No. 7"),
        ("", ""),
    ],
)
def test_kana_and_characters_that_look_alike(read: str, right: str) -> None:
    assert corrected(read, places([1.0] * len(read))) == right


@pytest.mark.parametrize(
    ("read", "widths", "right"),
    [
        ("金額(税込)円也", [1, 1, 1, 1, 1, 1, 1, 1], "金額（税込）円也"),
        ("金額(税込)円也", [1, 1, 0.4, 1, 1, 0.4, 1, 1], "金額(税込)円也"),
        ("内線(内線317)", [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 1], "内線（内線317）"),
        ("日付:2025年", [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 1], "日付：2025年"),
        ("価格:120", [1, 1, 0.3, 0.5, 0.5, 0.5], "価格:120"),
        ("f(x), g(x)", [0.5] * 10, "f(x), g(x)"),
    ],
    ids=["wide", "narrow", "at the end", "before digits", "narrow before digits", "no wide print"],
)
def test_marks_have_the_width_they_are_printed_in(read: str, widths: list[float], right: str) -> None:
    assert corrected(read, places(widths)) == right


@given(st.text(max_size=20))
def test_any_text_keeps_its_length(text: str) -> None:
    assert len(corrected(text, places([1.0] * len(text)))) == len(text)
