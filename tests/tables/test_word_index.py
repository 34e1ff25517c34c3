"""Looking a value up by its words finds what looking through all the text would."""

from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.tables.places.likeness import normalised, stands_alone
from qwenocr_assets.tables.places.line_chains import Chains
from qwenocr_assets.tables.places.word_index import WordIndex

TEXTS = st.text("ab1 2.,-é中あ٣½²'", max_size=12).map(normalised).filter(bool)


@given(st.lists(TEXTS, max_size=8), TEXTS)
def test_no_line_that_says_a_text_by_itself_is_passed_over(lines: list[str], wanted: str) -> None:
    saying = [
        index
        for index, line in enumerate(lines)
        if any(
            line.startswith(wanted, at) and stands_alone(line, at, at + len(wanted))
            for at in range(len(line))
        )
    ]
    looked_at = WordIndex(lines).lines_with(wanted)
    assert looked_at is None or set(saying) <= set(looked_at)


def test_a_text_without_edges_is_looked_for_everywhere() -> None:
    assert WordIndex(["合計金額"]).lines_with("金額") is None


BOX = (0.0, 0.0, 10.0, 10.0)


def test_lines_that_say_the_same_end_the_search_for_a_way_through_them() -> None:
    """Forty equal lines side by side and below each other have more ways through them than can be gone."""
    lines = [
        ("abab", (20.0 * (n % 5), 12.0 * (n // 5), 20.0 * (n % 5) + 10, 12.0 * (n // 5) + 10))
        for n in range(40)
    ]
    assert Chains(lines).find("abab" * 15 + "x") is None


def test_a_text_goes_on_from_inside_one_line_into_the_next() -> None:
    lines = [("shiptoanna12high", BOX), ("streetlondon", (0.0, 12.0, 10.0, 22.0))]
    assert Chains(lines).find("12highstreet") == (0.0, 0.0, 10.0, 22.0)
