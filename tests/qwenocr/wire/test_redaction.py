"""Secrets are hidden wherever they stand in a text, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.wire.redaction import Redactor

KEY = "sk-0123/456+789=abc"
HIDDEN = "[hidden]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Incorrect API key provided: {KEY}.", f"Incorrect API key provided: {HIDDEN}."),
        (
            f'{{"headers": {{"Authorization": "Bearer {KEY}"}}}}',
            f'{{"headers": {{"Authorization": "Bearer {HIDDEN}"}}}}',
        ),
        ("https://host/?key=sk-0123%2F456%2B789%3Dabc&x=1", f"https://host/?key={HIDDEN}&x=1"),
        ("authorization: bearer another-key, and more", f"authorization: bearer {HIDDEN}, and more"),
        ("proxy http://user:pass@10.0.0.1:3128 failed", f"proxy http://{HIDDEN}@10.0.0.1:3128 failed"),
        ("https://token@host/path", f"https://{HIDDEN}@host/path"),
        ("mail a@example.com, 3 @ 5 USD, 請求書@東京", "mail a@example.com, 3 @ 5 USD, 請求書@東京"),
        ("", ""),
    ],
)
def test_message(text: str, shown: str) -> None:
    assert Redactor([KEY]).message(text) == shown


@pytest.mark.parametrize(
    "text",
    ["The bearer of this ticket", "https://user:pass@host/", "Authorization: Bearer abc", "合計 ¥1,200"],
)
def test_what_a_page_says_stays(text: str) -> None:
    assert Redactor([KEY]).answer(text) == text


def test_a_key_is_hidden_in_an_answer_too() -> None:
    assert Redactor([KEY]).answer(f"your key is {KEY}") == f"your key is {HIDDEN}"


def test_without_a_key_only_tokens_and_logins_are_hidden() -> None:
    assert Redactor([""]).message("sk-0123 Bearer abc") == f"sk-0123 Bearer {HIDDEN}"


def test_it_does_not_show_what_it_hides() -> None:
    assert KEY not in repr(Redactor([KEY]))


@given(
    before=st.text(),
    after=st.text(),
    key=st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=12),
)
def test_no_key_survives(before: str, after: str, key: str) -> None:
    assert key not in Redactor([key]).answer(f"{before}{key}{after}").replace(HIDDEN, "\x00")
