"""Lists of URLs: how they are read, what is called how, and what is shown of a URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.urls.lists import MAX_ENTRIES, is_url_list, read_list, shown_url, stands_in_list

A, B = "https://a.example/x/scan.pdf", "s3://bucket/b c.png"


@pytest.mark.parametrize(
    ("name", "it_is"),
    [
        ("march.urls.txt", True),
        ("in/März.URLS.CSV", True),
        ("a.urls.jsonl", True),
        ("urls.txt", False),
        ("a.urls", False),
        ("a.urls.txt.png", False),
        ("a.csv", False),
    ],
)
def test_the_name_makes_a_list(name: str, it_is: bool) -> None:
    assert is_url_list(name) is it_is
    assert stands_in_list(f"{name}/scan.pdf") is it_is
    assert not stands_in_list(name)


@pytest.mark.parametrize(
    ("name", "content", "entries"),
    [
        pytest.param(
            "a.urls.txt", f"# mine\n\n{A}\r\n  {B}\t請求.png\n", [(A, "scan.pdf"), (B, "請求.png")], id="txt"
        ),
        pytest.param(
            "a.urls.csv", f"name,url\none,{A}\n,{B}\n", [(A, "one"), (B, "b c.png")], id="csv-header"
        ),
        pytest.param("a.urls.csv", f"{A},one\n{B}\n", [(A, "one"), (B, "b c.png")], id="csv-bare"),
        pytest.param("a.urls.csv", f"﻿URL;Name\n{A};eins\n", [(A, "eins")], id="csv-semicolons-bom"),
        pytest.param("a.urls.csv", f'url\tname\n"{A}"\t"a\tb"\n', [(A, "a b")], id="csv-tabs"),
        pytest.param("a.urls.csv", f"\nid,url\n7,{A}\n", [(A, "scan.pdf")], id="csv-other-columns"),
        pytest.param(
            "a.urls.jsonl",
            f'{{"url": "{A}", "name": "in\\u2028voice", "n": 1}}\n\n"{B}"\n',
            [(A, "in\u2028voice"), (B, "b c.png")],
            id="jsonl",
        ),
        pytest.param("a.urls.txt", f"{A}\n{A}\n", [(A, "scan.pdf")], id="said-twice"),
        pytest.param("a.urls.txt", f"{A}\tx\n{A}\ty\n", [(A, "x"), (A, "y")], id="two-names"),
        pytest.param(
            "a.urls.txt",
            "https://a/d.png\nhttps://b/d.png\nhttps://c/d%20(2).png\n",
            [
                ("https://a/d.png", "d.png"),
                ("https://b/d.png", "d (3).png"),
                ("https://c/d%20(2).png", "d (2).png"),
            ],
            id="equal-names",
        ),
        pytest.param(
            "a.urls.txt",
            "https://host.example/?id=7\n",
            [("https://host.example/?id=7", "host.example")],
            id="no-path",
        ),
        pytest.param("a.urls.txt", f"{A}\t../../etc/./x\\y\n", [(A, "etc/x/y")], id="name-leads-out"),
        pytest.param("a.urls.txt", "https://[/\n", [("https://[/", "unnamed")], id="brackets"),
    ],
)
def test_what_stands_in_a_list(name: str, content: str, entries: list[tuple[str, str]]) -> None:
    read = read_list(name, content.encode())
    assert [(entry.url, entry.name) for entry in read] == entries
    assert not any(entry.reason for entry in read)


def test_utf16_as_spreadsheets_write_it() -> None:
    assert read_list("a.urls.txt", f"{A}\t請求\r\n".encode("utf-16"))[0].name == "請求"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.urls.txt", "scan.pdf"),
        ("a.urls.csv", "scan.pdf"),
        ("a.urls.jsonl", '{"url": '),
        ("a.urls.jsonl", "[1]"),
    ],
)
def test_a_line_without_a_url_is_an_entry_with_the_reason(name: str, line: str) -> None:
    header = "url\n" if name.endswith("csv") else ""
    good = f'"{A}"' if name.endswith("jsonl") else A
    entries = read_list(name, f"{header}{good}\n{line}\n".encode())
    assert [entry.reason is None for entry in entries] == [True, False]
    assert entries[1].name == ("line 3" if header else "line 2")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        pytest.param("a.urls.txt", b"", "no URL", id="empty"),
        pytest.param("a.urls.txt", b"# nothing\n", "no URL", id="remarks"),
        pytest.param("a.urls.csv", b"", "no URL", id="empty-csv"),
        pytest.param("a.urls.csv", b"link,title\nhttps://a/b,c\n", "link, title", id="no-column"),
        pytest.param("a.urls.csv", b'url\n"open\n', "no CSV", id="open-quote"),
        pytest.param("a.urls.txt", b"https://a/\xff\n", "UTF-8", id="latin-1"),
        pytest.param(
            "a.urls.txt",
            b"".join(b"https://a/%d\n" % n for n in range(MAX_ENTRIES + 1)),
            "1,000",
            id="too-many",
        ),
    ],
)
def test_what_is_no_list_is_rejected_with_the_reason(name: str, content: bytes, words: str) -> None:
    with pytest.raises(RejectedInput, match=words):
        read_list(name, content)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pass@host:81/a.png#x", "https://host:81/a.png"),
        ("https://me@host/a.png", "https://host/a.png"),
        ("https://host/a@b:c.png?page=2&x", "https://host/a@b:c.png?page=2&x"),
        (
            "https://h/a?X-Amz-Date=1&X-Amz-Credential=AK&X-Amz-Signature=f0",
            "https://h/a?X-Amz-Date=1&X-Amz-Credential=&X-Amz-Signature=",
        ),
        ("https://h/a?sv=1&sig=abc&API_KEY=k&access_token=t", "https://h/a?sv=1&sig=&API_KEY=&access_token="),
        (
            "https://h/a?OSSAccessKeyId=x&Expires=1&Signature=y",
            "https://h/a?OSSAccessKeyId=&Expires=1&Signature=",
        ),
        ("s3://bucket/a b.pdf", "s3://bucket/a b.pdf"),
        ("s3://KEY:SECRET@bucket/a", "s3://bucket/a"),
        (
            "abfss://container@account.dfs.core.windows.net/a",
            "abfss://container@account.dfs.core.windows.net/a",
        ),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@given(st.text("secret:@/?#&=", max_size=8), st.sampled_from(["/p", "/p?a=b", "?q#f", ""]))
def test_no_password_is_shown(user: str, rest: str) -> None:
    password = "hunter2" + user.translate(str.maketrans("", "", "/?#"))
    assert "hunter2" not in shown_url(f"https://me:{password}@host{rest}")


LINES = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=30)
    | st.sampled_from([A, B, f"{A}\tx", f"{B}\tx", f"{A}\tx (2)"]),
    max_size=12,
)


@given(LINES, st.sampled_from(["txt", "csv", "jsonl"]))
def test_whatever_is_in_a_list_names_are_distinct_and_stay_behind_the_lists(
    lines: list[str], ending: str
) -> None:
    try:
        entries = read_list(f"a.urls.{ending}", "\n".join(lines).encode())
    except RejectedInput:
        return
    names = [entry.name for entry in entries]
    assert len(set(names)) == len(names)
    assert all(name and not {"", ".", ".."} & set(name.split("/")) for name in names)
    assert all("://" in entry.url or entry.reason for entry in entries)
