"""Full-text search over the pages.

The words are looked for in the text itself, so nothing is missed, in any script. Where DuckDB's extension `fts` is
installed beside the writer, the published file carries an index, and a reader that has the extension too ranks pages
by it (BM25). Everywhere else, and for scripts written without spaces, which the index cannot cut into words, pages are
ranked by how often the words stand on them and how long they are.
"""
# Names put into SQL are constants.
# ruff: noqa: S608

import re
from pathlib import Path

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.connect import open_reader, transaction
from qwenocr_assets.warehouse.query import QueryResult

INDEXED = "page_text"
"""The mart that is searched."""
_PAGES = f"marts.{INDEXED}"
_INDEX = "fts_marts_page_text"
"""The schema that `create_fts_index` makes."""
_WITHOUT_SPACES = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_AROUND = 60
"""Characters of text shown around a hit."""


def index_pages(con: duckdb.DuckDBPyConnection) -> bool:
    """Index `marts.page_text` in an open working file; returns False where the extension is not installed."""
    if not has_fts(con):
        return False
    with transaction(con):
        con.execute(
            f"PRAGMA create_fts_index('{_PAGES}', 'page_id', 'text', stemmer='none', stopwords='none', "
            r"ignore='(\\.|[^\p{L}\p{N}])+', strip_accents=1, lower=1, overwrite=1)"
        )
    return True


def search_pages(warehouse: Path, words: str, limit: int = 20) -> QueryResult:
    """The pages of the published file on which all the words stand, the best first, whatever the case and accents.

    Columns: document_name, page_number, hits (of the words on the page), excerpt (around the first), page_id.
    Raises `WarehouseError` when there is no warehouse yet or no word is given.
    """
    wanted = words.split()
    if not wanted:
        raise WarehouseError("There is nothing to search for.", 'Try `qwenocr search "total due"`.')
    with open_reader(warehouse) as con:
        indexed = not _WITHOUT_SPACES.search(words) and has_fts(con) and _is_indexed(con)
        rank = f"{_INDEX}.match_bm25(page_id, $words, conjunctive := 1)" if indexed else "hits / ln(2 + size)"
        try:
            found = con.execute(
                f"""
                WITH folded AS (
                    SELECT *, lower(strip_accents(text)) AS plain, length(text) AS size FROM {_PAGES}
                    WHERE text IS NOT NULL
                ),
                hit AS (
                    SELECT *,
                        list_sum([
                            (length(plain) - length(replace(plain, w, ''))) / length(w) FOR w IN $folded
                        ])::BIGINT AS hits
                    FROM folded
                    WHERE list_bool_and([contains(plain, w) FOR w IN $folded])
                )
                SELECT document_name, page_number, hits,
                    replace(substr(text, greatest(1, strpos(plain, $folded[1]) - {_AROUND}),
                        {2 * _AROUND} + length($folded[1])), chr(10), ' / ') AS excerpt,
                    page_id
                FROM hit
                ORDER BY {rank} DESC NULLS LAST, document_name, page_number
                LIMIT $limit
                """,
                {"folded": [_folded(con, w) for w in wanted], "limit": limit}
                | ({"words": words} if indexed else {}),
            ).fetchall()
        except duckdb.CatalogException as error:
            raise WarehouseError(
                f"The warehouse has no {_PAGES} ({error}).", "Run `qwenocr run PATH`."
            ) from error
    return QueryResult(("document_name", "page_number", "hits", "excerpt", "page_id"), found)


def has_fts(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the extension is installed; it is never fetched from the network."""
    try:
        con.execute("SET autoinstall_known_extensions = false")
        con.execute("LOAD fts")
    except duckdb.Error:
        return False
    return True


def _is_indexed(con: duckdb.DuckDBPyConnection) -> bool:
    return bool(
        con.execute(
            "SELECT 1 FROM duckdb_schemas() WHERE schema_name = ? AND database_name = current_database()",
            [_INDEX],
        ).fetchone()
    )


def _folded(con: duckdb.DuckDBPyConnection, word: str) -> str:
    row = con.execute("SELECT lower(strip_accents(?))", [word]).fetchone()
    return str(row[0]) if row else word
