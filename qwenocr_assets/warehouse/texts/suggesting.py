"""Words of the pages that are nearly those that nobody wrote: for a search that found nothing."""
# Names put into SQL are constants.
# ruff: noqa: S608

from collections.abc import Iterator

import duckdb

from qwenocr_assets.warehouse.connect import Warehouse, open_reader
from qwenocr_assets.warehouse.search import INDEXED, search_pages
from qwenocr_assets.warehouse.texts.folding import fold_word

_PAGES = f"marts.{INDEXED}"
_MOST = 3
_SHORTEST = 4
"""Letters of a word that may be mistyped: of shorter ones too many are near."""
_NEAR = f"""
    WITH written AS (
        SELECT unnest(regexp_extract_all(lower(text), '[\\p{{L}}\\p{{N}}]+')) AS word, page_id
        FROM {_PAGES}
        WHERE text IS NOT NULL
    )
    SELECT word, count(DISTINCT page_id) AS pages, min(damerau_levenshtein(strip_accents(word), $wanted)) AS off
    FROM written
    WHERE length(word) BETWEEN length($wanted) - $most AND length($wanted) + $most
    GROUP BY word
    HAVING off <= $most
    ORDER BY off, pages DESC, word
"""


def suggest(warehouse: Warehouse, words: str) -> list[str]:
    """What may have been meant: the same words, those that no page has replaced by one that is as near as can be.

    At most three, the likeliest first, in lower case; empty where every word is on some page, or none is near.
    """
    missing = [
        word for word in words.split() if fold_word(word) and not search_pages(warehouse, word, 1).rows
    ]
    replaced: dict[str, list[str]] = {}
    with open_reader(warehouse) as con:
        for word in missing:
            if not (near := list(_near(con, fold_word(word)))):
                return []
            replaced[word] = near
    if not replaced:
        return []
    count = max(map(len, replaced.values()))
    return [
        " ".join(
            replaced[word][min(n, len(replaced[word]) - 1)] if word in replaced else word
            for word in words.split()
        )
        for n in range(count)
    ]


def _near(con: duckdb.DuckDBPyConnection, folded: str) -> Iterator[str]:
    if len(folded) < _SHORTEST:
        return
    most = 1 if len(folded) < 2 * _SHORTEST - 2 else 2
    found = con.execute(_NEAR, {"wanted": folded, "most": most}).fetchall()
    seen: set[str] = set()
    for word, _, off in found:
        if off == found[0][2] and fold_word(word) not in seen and len(seen) < _MOST:
            seen.add(fold_word(word))
            yield word
