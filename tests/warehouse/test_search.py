"""Finding pages by the words on them, stored as people type them, and folded at once."""

from io import StringIO
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from qwenocr_assets.cli.commands.warehouse import _print_hits
from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.search import index_pages, search_pages
from qwenocr_assets.warehouse.texts.folding import fold_lines, fold_word
from qwenocr_assets.warehouse.texts.suggesting import suggest

PAGES = {
    "letter.png": "Dear Ms Müller,\nthe crane on the quay was repaired.\nThe crane is old.",
    "invoice.png": "Crane hire\nTotal 99 EUR",
    "long.png": "crane " + "word " * 500,
    "broken.png": "the inter-\nnational soft\u00ad\nware co-operation of 2025-\n11-14 was an\nnounced",
    "cyrillic.png": "меж-\nдународный қала ёлка",
    "ja.png": "請求書\n合計\n金額 ¥1,200",
    "zh.png": "增 值 税\n发票",
    "ko.png": "세금계\n산서",
    "th.png": "ใบแจ้ง\nหนี้",
    "width.png": "１２３，４５６\nﾊｰﾊﾞｰ ＩＮＶＯＩＣＥ",
    "ligature.png": "oﬃce ﬂoor Æther cœur ﻻ",
    "stroke.png": "Łódź Størrelse Đồng Straße ғылым",
    "party.png": "party party party",
    "art.png": "the art",
    "arabic.png": "إِسْلَام فاتورة",
    "blank.png": None,
}
BOXES = {"broken.png": 10.0, "ja.png": 20.0}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA marts; CREATE SCHEMA staging")
        con.execute(
            "CREATE TABLE marts.page_text (page_id TEXT, document_name TEXT, page_number BIGINT, text TEXT)"
        )
        con.execute(
            "CREATE TABLE staging.stg_text_lines (page_id TEXT, task TEXT, line_index BIGINT, reading_index BIGINT, "
            "text TEXT, left_px DOUBLE, top_px DOUBLE, right_px DOUBLE, bottom_px DOUBLE)"
        )
        con.executemany(
            "INSERT INTO marts.page_text VALUES (?, ?, 1, ?)", [(f"{n}-p1", n, t) for n, t in PAGES.items()]
        )
        con.executemany(
            "INSERT INTO staging.stg_text_lines VALUES (?, 'x', ?, NULL, ?, ?, ?, 90, ?)",
            [
                (f"{n}-p1", i, line, left, 10 * i, 10 * i + 8)
                for n, left in BOXES.items()
                for i, line in enumerate(str(PAGES[n]).split("\n"))
            ],
        )
    return path


@pytest.fixture(params=["folded at once", "indexed"])
def searched(request: pytest.FixtureRequest, warehouse: Path) -> Path:
    if request.param == "indexed":
        with duckdb.connect(str(warehouse)) as con:
            index_pages(con)
    return warehouse


KINDS = {
    "one word, whatever the case": {"CRANE": "invoice.png letter.png long.png", "Crane tOtAl": "invoice.png"},
    "accents": {"muller": "letter.png", "Müller quay": "letter.png", "елка": "cyrillic.png", "اسلام": "arabic.png"},
    "broken over lines": {
        "international": "broken.png", "software": "broken.png", "announced": "broken.png", "2025-11-14": "broken.png",
        "международный": "cyrillic.png", "세금계산서": "ko.png", "合計金額": "ja.png", "ใบแจ้งหนี้": "th.png",
    },
    "hyphens": {"cooperation": "broken.png", "co-operation": "broken.png", "co‑operation": "broken.png"},
    "widths": {"123,456": "width.png", "ハーバー": "width.png", "invoice": "width.png", "１，２００": "ja.png"},
    "ligatures": {"office": "ligature.png", "floor": "ligature.png", "aether": "ligature.png",
                  "لا": "arabic.png ligature.png"},
    "strokes": {"lodz": "stroke.png", "storrelse": "stroke.png", "dong": "stroke.png", "strasse": "stroke.png",
                "гылым": "stroke.png"},
    "no spaces": {"増": "", "增值税发票": "zh.png", "発票": "", "合計 請求": "ja.png", "金額¥1": "ja.png"},
    "nothing": {"nowhere": "", "%": "", "unprinted": ""},
}  # fmt: skip


def test_pages_are_found_by_what_people_type(searched: Path) -> None:
    found = {
        kind: {words: {row[0] for row in search_pages(searched, words).rows} for words in cases}
        for kind, cases in KINDS.items()
    }
    wanted = {
        kind: {words: set(names.split()) for words, names in cases.items()} for kind, cases in KINDS.items()
    }
    assert found == wanted


@pytest.mark.parametrize(
    ("words", "first"),
    [("crane", "letter.png"), ("art", "art.png"), ("합", None), ("金額", "ja.png")],
)
def test_the_page_that_says_it_more_and_is_shorter_comes_first(
    warehouse: Path, words: str, first: str | None
) -> None:
    found = search_pages(warehouse, words).rows
    assert (found[0][0] if found else None) == first
    assert {row[0] for row in search_pages(warehouse, words, limit=1).rows} == ({first} - {None})


@pytest.mark.parametrize(
    ("words", "boxes"),
    [
        ("international", [(10, 0, 90, 18)]),
        ("cooperation", [(10, 20, 90, 28)]),
        ("合計金額", [(20, 10, 90, 28)]),
        ("合計 請求書", [(20, 0, 90, 8), (20, 10, 90, 18)]),
        ("muller", [(None,) * 4]),
    ],
)
def test_each_hit_has_its_box(searched: Path, words: str, boxes: list[tuple[float, ...]]) -> None:
    assert [row[4:8] for row in search_pages(searched, words).rows] == boxes


def test_what_has_changed_is_folded_anew(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as con:
        index_pages(con)
        con.execute("UPDATE marts.page_text SET text = 'Łąka' WHERE document_name = 'art.png'")
        con.execute("DELETE FROM marts.page_text WHERE document_name = 'party.png'")
        index_pages(con)
    assert [row[0] for row in search_pages(warehouse, "laka").rows] == ["art.png"]
    assert search_pages(warehouse, "art").rows == []


def test_the_words_are_shown_where_they_stand(warehouse: Path) -> None:
    [row] = search_pages(warehouse, "repaired").rows
    assert "the quay was repaired. / The crane" in row[3]


@given(st.text(alphabet=st.sampled_from("aŁﬁé-\xad\n ー合ハﾞ한1é’ß")))
def test_what_is_folded_once_stays(text: str) -> None:
    lines = text.split("\n")
    assert len(fold_lines(lines)) == len(lines)
    for word in text.split():
        if folded := fold_word(word):
            assert fold_word(folded) == folded


@pytest.mark.parametrize(
    ("words", "message"),
    [("  ", "nothing to search"), ("-", "nothing to search"), ("x", "no marts.page_text")],
)
def test_a_search_that_cannot_be_says_why(tmp_path: Path, words: str, message: str) -> None:
    empty = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(WarehouseError, match=message):
        search_pages(empty, words)


@pytest.mark.parametrize(
    ("words", "near"),
    [
        pytest.param("cranne", ["crane"], id="a-letter-too-many"),
        pytest.param("carne", ["crane"], id="two-letters-exchanged"),
        pytest.param("repared quay", ["repaired quay"], id="the-other-word-stays"),
        pytest.param("Mullre", ["müller"], id="accents-as-on-the-page"),
        pytest.param("crane", [], id="on-a-page"),
        pytest.param("party crane", [], id="each-on-a-page"),
        pytest.param("xyzzy", [], id="nothing-near"),
        pytest.param("cranne xyzzy", [], id="one-of-two-near"),
        pytest.param("teh", [], id="too-short-to-tell"),
    ],
)
def test_what_may_have_been_meant(warehouse: Path, words: str, near: list[str]) -> None:
    assert suggest(warehouse, words) == near


@pytest.mark.parametrize("width", [40, 80, 160])
def test_hits_are_lines_with_the_word_in_them(warehouse: Path, width: int) -> None:
    console = Console(width=width, file=StringIO(), force_terminal=True, color_system=None)
    _print_hits([row[:8] for row in search_pages(warehouse, "quay").rows], "quay", console)
    first, hit = console.file.getvalue().splitlines()[:2]  # type: ignore[attr-defined]
    assert first == "letter.png, page 1: 1 hit"
    assert "quay" in hit
    assert len(hit) <= width
