"""Secrets are hidden wherever they stand in a text, and nothing else is."""

import base64
import json
from urllib.parse import quote

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


def _each(form: str) -> str:
    return "".join(form.format(ord(letter)) for letter in KEY)


SPELLINGS = {
    "as it is": KEY,
    "JSON": _each("\\u{:04x}"),
    "JSON, upper case": _each("\\u{:04X}"),
    "JSON in JSON": json.dumps(_each("\\u{:04x}")),
    "JSON in JSON in JSON": json.dumps(json.dumps(_each("\\u{:04x}"))),
    "JSON, slashes": KEY.replace("/", "\\/"),
    "JSON, one letter": KEY.replace("k", "\\u006b"),
    "Python": _each("\\x{:02x}"),
    "URL": quote(KEY, safe=""),
    "URL, every letter": _each("%{:02x}"),
    "URL in URL": quote(quote(KEY, safe=""), safe=""),
    "HTML": _each("&#{};"),
    "HTML, hexadecimal": _each("&#x{:x};"),
    **{
        f"Base64 of {before}{after}, {form.__name__}": form(f"{before}{KEY}{after}".encode()).decode()
        for before in ("", "a", "ab", "user:")
        for after in ("", "c", "cd")
        for form in (base64.b64encode, base64.urlsafe_b64encode)
    },
}


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)
def test_a_key_is_hidden_however_it_is_spelt(spelt: str) -> None:
    shown = Redactor([KEY]).answer(f'{{"message": "{spelt}, which is wrong"}}')
    assert HIDDEN in shown
    assert shown.endswith(', which is wrong"}')
    left = shown.removeprefix('{"message": "').removesuffix(', which is wrong"}').replace(HIDDEN, "")
    assert len(left) < 12  # quotation marks around it, and of Base64 what is about other letters too


@given(st.lists(st.sampled_from(["{0}", "\\u{1:04x}", "%{1:02x}", "&#{1};"]), min_size=19, max_size=19))
def test_a_key_in_mixed_spellings_is_hidden(forms: list[str]) -> None:
    spelt = "".join(form.format(letter, ord(letter)) for letter, form in zip(KEY, forms, strict=True))
    assert Redactor([KEY]).answer(f"key {spelt}.") == f"key {HIDDEN}."


def test_a_basic_header_is_hidden() -> None:
    said = Redactor([]).message('{"Authorization": "Basic dXNlcjpwYXNz", "basic": "basic terms"}')
    assert said == f'{{"Authorization": "Basic {HIDDEN}", "basic": "basic terms"}}'


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
