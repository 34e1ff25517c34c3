"""Finding pages by the words on them, with DuckDB's extension and without."""

from pathlib import Path

import duckdb
import pytest

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.search import has_fts, index_pages, search_pages

PAGES = {
    "letter.png": "Dear Ms Müller,\nthe crane on the quay was repaired.\nThe crane is old.",
    "invoice.png": "Crane hire\nTotal 99 EUR",
    "ja.png": "請求書\n合計金額 ¥1,200",
    "long.png": "crane " + "word " * 500,
    "blank.png": None,
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA marts")
        con.execute(
            "CREATE TABLE marts.page_text (page_id TEXT, document_name TEXT, page_number BIGINT, text TEXT)"
        )
        con.executemany(
            "INSERT INTO marts.page_text VALUES (?, ?, 1, ?)", [(f"{n}-p1", n, t) for n, t in PAGES.items()]
        )
    return path


@pytest.fixture(params=["plain", "indexed"])
def searched(request: pytest.FixtureRequest, warehouse: Path) -> Path:
    if request.param == "indexed":
        with duckdb.connect(str(warehouse)) as con:
            if not index_pages(con):
                pytest.skip("DuckDB's extension fts is not installed")
    return warehouse


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param("crane", ["invoice.png", "letter.png", "long.png"], id="one word"),
        pytest.param("CRANE Total", ["invoice.png"], id="all of them, whatever the case"),
        pytest.param("muller", ["letter.png"], id="without the accent"),
        pytest.param("Müller quay", ["letter.png"], id="with it"),
        pytest.param("合計", ["ja.png"], id="a script without spaces"),
        pytest.param("nowhere", [], id="nowhere"),
        pytest.param("%", [], id="no pattern"),
    ],
)
def test_pages_are_found_by_their_words(searched: Path, words: str, names: list[str]) -> None:
    assert sorted(row[0] for row in search_pages(searched, words).rows) == names


def test_the_page_that_says_it_more_and_is_shorter_comes_first(warehouse: Path) -> None:
    found = search_pages(warehouse, "crane").rows
    assert found[0][0] == "letter.png"
    assert [row[2] for row in found] == [2, 1, 1]
    assert found[-1][0] == "long.png"
    assert len(search_pages(warehouse, "crane", limit=2).rows) == 2


def test_the_words_are_shown_where_they_stand(warehouse: Path) -> None:
    [row] = search_pages(warehouse, "repaired").rows
    assert "the quay was repaired. / The crane" in row[3]


@pytest.mark.parametrize(("words", "message"), [("  ", "nothing to search"), ("x", "no marts.page_text")])
def test_a_search_that_cannot_be_says_why(tmp_path: Path, words: str, message: str) -> None:
    empty = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(WarehouseError, match=message):
        search_pages(empty, words)


def test_the_extension_is_never_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with duckdb.connect(config={"extension_directory": str(tmp_path)}) as con:
        assert not has_fts(con)
