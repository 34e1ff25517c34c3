"""Paths, cells and tables taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.review.pages import AskedValue
from qwenocr_assets.review.places import read_place
from qwenocr_assets.schemas import value_path


@pytest.mark.parametrize(
    ("text", "key", "parent", "index", "label"),
    [
        pytest.param("total", "total", None, None, "total", id="top"),
        pytest.param("发票号码", "发票号码", None, None, "发票号码", id="Chinese"),
        pytest.param("seller.name", "name", "seller", None, "seller.name", id="object"),
        pytest.param("items[2].price", "price", "items[2]", 2, "items[].price", id="list of objects"),
        pytest.param("items[12]", "items", "items", 12, "items[]", id="list of values"),
        pytest.param('items[0]["No."]', "No.", "items[0]", 0, 'items[]["No."]', id="key in brackets"),
        pytest.param("total#2", "total", None, None, "total#2", id="key that is there twice"),
    ],
)
def test_a_path(text: str, key: str, parent: str | None, index: int | None, label: str) -> None:
    place = read_place(text)
    assert place is not None
    assert (place.key, place.parent_path, place.list_index, place.label) == (key, parent, index, label)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("table 3", (3, None, None)), ("table 0 row 1 column 22", (0, 1, 22))],
    ids=["table", "cell"],
)
def test_a_table(text: str, numbers: tuple[int | None, ...]) -> None:
    place = read_place(text)
    assert place is not None
    assert (place.table_index, place.row_index, place.column_index) == numbers
    assert not place.is_value


@pytest.mark.parametrize("text", ["", "a..b", "a.", ".a", "[0]", "a]b", 'a["b]', "a[x]", "#2"])
def test_what_is_no_place(text: str) -> None:
    assert read_place(text) is None


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=4))
def test_every_path_of_keys_is_read(keys: list[str]) -> None:
    path = ""
    for key in keys:
        parent, path = path, value_path(path, key)
    place = read_place(path)
    assert place is not None
    assert (place.key, place.parent_path or "") == (keys[-1], parent)


@pytest.mark.parametrize(
    ("finding", "is_asked"), [("value_not_on_page", True), (None, True), ("rule_broken", False)]
)
def test_a_rule_by_its_name_is_no_place(finding: str | None, is_asked: bool) -> None:
    value = AskedValue("tax adds up", "key_information_extraction", None, None, None, finding, None, None)
    assert (value.parts is not None) is is_asked
