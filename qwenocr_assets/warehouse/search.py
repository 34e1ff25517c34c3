"""Full-text search over the pages.

Words are looked for in the pages' texts as people type them (`texts.folding`), in any script; these stand in a table
of the published file. DuckDB's extension `fts` is not used: it drops what is written without spaces. Pages are ranked
as BM25 does it for one word: how often it stands there, less for each time more, and by the page's length. A word
that stands by itself counts four times one inside another.
"""
# Names put into SQL are constants.
# ruff: noqa: S608

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import NamedTuple

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.connect import Readable, open_reader, transaction
from qwenocr_assets.warehouse.query import QueryResult
from qwenocr_assets.warehouse.texts.folding import RULES, fold, fold_lines, fold_word

INDEXED = "page_text"
"""The mart that is searched."""
_PAGES = f"marts.{INDEXED}"
_FOLDED = f"search.folded_{RULES}"
_LINES = "staging.stg_text_lines"
_AROUND = 60
"""Characters of text shown around a hit."""
_PLACES = 5
"""Hits of one page that are shown, so that no page hides the others."""
_BREAKABLE = 5
"""Letters of a word that may be broken by a line's end without a hyphen: shorter ones come about by chance."""
_HANGUL = re.compile("[\uac00-\ud7a3]{2}")
"""Korean breaks between any two syllables."""

Box = tuple[float | None, ...]
_NO_BOX: Box = (None, None, None, None)


def is_indexed(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether pages are folded, by the rules of this build."""
    return _exists(con, _FOLDED)


def index_pages(con: duckdb.DuckDBPyConnection) -> None:
    """Fold the pages of `marts.page_text` in an open working file that are new or changed."""
    with _folding(con), transaction(con):
        if not is_indexed(con):
            con.execute("DROP SCHEMA IF EXISTS search CASCADE")  # of other rules
            con.execute("CREATE SCHEMA search")
            con.execute(f"CREATE TABLE {_FOLDED} (page_id VARCHAR, text_hash UBIGINT, folded VARCHAR)")
        con.execute(
            f"DELETE FROM {_FOLDED} WHERE (page_id, text_hash) NOT IN "
            f"(SELECT (page_id, hash(text)) FROM {_PAGES} WHERE text IS NOT NULL)"
        )
        con.execute(
            f"INSERT INTO {_FOLDED} SELECT page_id, hash(text), fold_page(text) FROM {_PAGES} "
            f"WHERE text IS NOT NULL AND page_id NOT IN (SELECT page_id FROM {_FOLDED})"
        )


def count_pages(warehouse: Readable) -> int:
    """How many pages with text there are to search in. Raises `WarehouseError` when there is no warehouse yet."""
    with open_reader(warehouse) as con:
        counted = con.execute(f"SELECT count(*) FROM {_PAGES} WHERE text IS NOT NULL").fetchone()
    return counted[0] if counted else 0


def search_pages(warehouse: Readable, words: str, limit: int = 20) -> QueryResult:
    """Where all the words stand on one page of the published file: at most `limit` pages, the best first.

    Columns: document_name, page_number, hits (of the words on the page), excerpt (around this one), left_px, top_px,
    right_px, bottom_px (of its lines, in pixels of the page image; NULL where the page was read without places),
    page_id. Of a page its first places have a row each, in reading order.
    Raises `WarehouseError` when there is no warehouse yet or no word is given.
    """
    wanted = [word for word in map(fold_word, words.split()) if word]
    if not wanted:
        raise WarehouseError("There is nothing to search for.", 'Try `qwenocr search "total due"`.')
    with open_reader(warehouse) as con:
        try:
            ranked = _ranked(con, wanted, limit)
        except duckdb.CatalogException as error:
            raise WarehouseError(
                f"The warehouse has no {_PAGES} ({error}).", "Run `qwenocr run PATH`."
            ) from error
        found = []
        for document, page, hits, page_id, text in ranked:
            lines, boxes = text.split("\n"), _boxes(con, page_id, text)
            for place in _places(lines, wanted)[:_PLACES]:
                box = _around(boxes[place.first : place.last + 1])
                found.append((document, page, hits, _excerpt(lines, place), *box, page_id))
    columns = (
        "document_name",
        "page_number",
        "hits",
        "excerpt",
        "left_px",
        "top_px",
        "right_px",
        "bottom_px",
    )
    return QueryResult((*columns, "page_id"), found)


def _ranked(
    con: duckdb.DuckDBPyConnection, wanted: Sequence[str], limit: int
) -> list[tuple[str, int, int, str, str]]:
    """Name, number, hits, id and text of the best pages."""
    table = _FOLDED
    if not is_indexed(con):  # published by an older build
        table = "folded_now"
        with _folding(con):
            con.execute(
                f"CREATE TEMP TABLE {table} AS SELECT page_id, fold_page(text) AS folded FROM {_PAGES} "
                "WHERE text IS NOT NULL"
            )
    texts = ["replace(folded, chr(10), '')" if _may_break(word) else "folded" for word in wanted]
    here = [f"(length({t}) - length(replace({t}, $w{i}, ''))) // length($w{i})" for i, t in enumerate(texts)]
    alone = [
        "len(regexp_extract_all(folded, "
        f"'(^|[^\\p{{L}}\\p{{N}}])' || regexp_escape($w{i}) || '($|[^\\p{{L}}\\p{{N}}])'))"
        for i in range(len(wanted))
    ]
    weights = [f"({h} + 3 * {a})" for h, a in zip(here, alone, strict=True)]
    score = " + ".join(f"{w} / ({w} + 4.8 * (0.25 + 0.75 * length(folded) / usual))" for w in weights)
    return con.execute(
        f"""
        WITH hit AS (
            SELECT page_id, {" + ".join(here)} AS hits, {score} AS score
            FROM {table}, (SELECT avg(length(folded)) AS usual FROM {table})
            WHERE {" AND ".join(f"contains({t}, $w{i})" for i, t in enumerate(texts))}
        ),
        best AS (SELECT * FROM hit ORDER BY score DESC, page_id LIMIT $limit)
        SELECT document_name, page_number, hits, page_id, text
        FROM best JOIN {_PAGES} USING (page_id)
        ORDER BY score DESC, document_name, page_number
        """,
        {f"w{i}": word for i, word in enumerate(wanted)} | {"limit": limit},
    ).fetchall()


class _Place(NamedTuple):
    first: int
    last: int
    """Lines."""
    share: float
    """How far into the first line it begins, from 0 to 1."""


def _places(lines: Sequence[str], wanted: Sequence[str]) -> list[_Place]:
    """Where words stand, each run of lines once, in reading order."""
    pieces = fold_lines(lines)
    found: dict[tuple[int, int], _Place] = {}
    for word in wanted:
        parts = [piece.rstrip("\n") for piece in pieces] if _may_break(word) else pieces
        of_line = [number for number, part in enumerate(parts) for _ in part]
        starts = [0, *accumulate(map(len, parts))]
        for match in re.finditer(re.escape(word), "".join(parts)):
            first, last = of_line[match.start()], of_line[match.end() - 1]
            share = (match.start() - starts[first]) / len(parts[first])
            found.setdefault((first, last), _Place(first, last, share))
    return sorted(found.values())


def _may_break(word: str) -> bool:
    return len(word) >= _BREAKABLE or bool(_HANGUL.search(word))


def _boxes(con: duckdb.DuckDBPyConnection, page_id: str, text: str) -> list[Box]:
    """The box of each line of a page's text: of the task whose lines it is made of."""
    if _exists(con, _LINES):
        rows = con.execute(
            f"SELECT task, text, left_px, top_px, right_px, bottom_px FROM {_LINES} WHERE page_id = ? "
            "ORDER BY task, coalesce(reading_index, line_index), line_index",
            [page_id],
        ).fetchall()
        for task in dict.fromkeys(row[0] for row in rows):
            of_task = [row for row in rows if row[0] == task]
            if "\n".join(row[1] for row in of_task) == text:
                return [row[2:] for row in of_task for _ in row[1].split("\n")]
    return [_NO_BOX] * (text.count("\n") + 1)


def _around(boxes: Sequence[Box]) -> Box:
    """The box around boxes; lines without one are left out."""
    sides = [tuple(side for side in box if side is not None) for box in boxes]
    whole = [box for box in sides if len(box) == 4]
    if not whole:
        return _NO_BOX
    left, top, right, bottom = zip(*whole, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _excerpt(lines: Sequence[str], place: _Place) -> str:
    whole = " / ".join(lines)
    start = sum(len(line) + 3 for line in lines[: place.first])
    start += int(place.share * len(lines[place.first]))
    first, last = max(0, start - _AROUND), start + 2 * _AROUND
    excerpt = whole[first:last]
    if first:  # no half word at either end, where there are words
        excerpt = "… " + (excerpt.partition(" ")[2] if " " in excerpt[:_AROUND] else excerpt)
    if last < len(whole):
        excerpt = (excerpt.rpartition(" ")[0] if " " in excerpt[-_AROUND:] else excerpt) + " …"
    return excerpt


@contextmanager
def _folding(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """SQL knows `fold_page`."""
    con.create_function("fold_page", fold, ["VARCHAR"], "VARCHAR")
    try:
        yield
    finally:
        con.remove_function("fold_page")


def _exists(con: duckdb.DuckDBPyConnection, relation: str) -> bool:
    schema, _, name = relation.partition(".")
    found = con.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_catalog = current_database() "
        "AND table_schema = ? AND table_name = ?",
        [schema, name],
    )
    return found.fetchone() is not None
