"""Error rates of texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from qwenocr_assets.scoring.metric import Score
from qwenocr_assets.scoring.text import character_errors, normalised, word_errors, words

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("  a\tb\n\nc ", "a b c", id="white space"),
        pytest.param("e\u0301", "é", id="composed"),
        pytest.param("ＡＢ１２３：￥", "AB123:¥", id="full width"),
        pytest.param("ｶﾞｽ", "ガス", id="half-width katakana"),
        pytest.param("oﬃce ﬁne", "office fine", id="ligatures"),
        pytest.param("\ufe8d\ufedf\ufee4", "الم", id="Arabic letters as joined"),
        pytest.param("\u200fمبلغ\u200e 5", "مبلغ 5", id="marks of direction"),
        pytest.param("東京 都 Tower 2", "東京都Tower 2", id="no spaces beside Chinese and Japanese"),
        pytest.param("한국 어", "한국 어", id="Korean has spaces"),
        pytest.param("10² ① ½", "10² ① ½", id="what means something else stays"),
        pytest.param("Total", "Total", id="case stays"),
    ],
)
def test_normalised(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("the quick fox", ["the", "quick", "fox"], id="by spaces"),
        pytest.param(
            "請求書 No. 12", ["請", "求", "書", "No.", "12"], id="characters where there are no spaces"
        ),
        pytest.param("فاتورة رقم", ["فاتورة", "رقم"], id="Arabic"),
        pytest.param("สวัสดี", list("สวัสดี"), id="Thai"),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("answer", "truth", "cer", "wer"),
    [
        pytest.param("kitten", "sitting", (3, 7), (1, 1), id="the classic"),
        pytest.param("a b c", "a b c", (0, 5), (0, 3), id="the same"),
        pytest.param("", "ab cd", (5, 5), (2, 2), id="nothing read"),
        pytest.param("abcdef", "ab", (4, 2), (1, 1), id="more than there is: above 1"),
        pytest.param("東京部", "東京都", (1, 3), (1, 3), id="a character is a word"),
        pytest.param("b a", "a b", (2, 3), (2, 2), id="order counts"),
    ],
)
def test_error_rates(answer: str, truth: str, cer: tuple[int, int], wer: tuple[int, int]) -> None:
    characters, by_words = character_errors(answer, truth), word_errors(answer, truth)
    assert characters is not None
    assert by_words is not None
    assert (characters.errors, characters.total) == cer
    assert (by_words.errors, by_words.total) == wer
    assert characters.value == cer[0] / cer[1]


@pytest.mark.parametrize("truth", ["", " \n", "\u200e"])
def test_without_truth_there_is_no_rate(truth: str) -> None:
    assert character_errors("a", truth) is None
    assert word_errors("a", truth) is None


@given(TEXTS)
def test_normalised_is_final(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(TEXTS, TEXTS)
def test_a_text_is_like_itself_and_distance_is_symmetric(one: str, other: str) -> None:
    def errors(score: Score | None) -> float:
        return 0 if score is None else score.errors

    assert errors(character_errors(one, one)) == errors(word_errors(one, one)) == 0
    if normalised(one) and normalised(other):
        assert errors(character_errors(one, other)) == errors(character_errors(other, one))
        assert errors(character_errors(one, other)) <= max(len(normalised(one)), len(normalised(other)))


@given(st.text("abc ", min_size=1, max_size=30), st.integers(0, 29))
def test_one_wrong_letter_more_is_one_error_more(truth: str, place: int) -> None:
    letters = [i for i, c in enumerate(normalised(truth)) if c != " "]
    if not letters:
        return
    at = letters[place % len(letters)]
    wrong = normalised(truth)[:at] + "x" + normalised(truth)[at + 1 :]
    score = character_errors(wrong, truth)
    assert score is not None
    assert score.errors == Levenshtein.distance(wrong, normalised(truth)) == 1
