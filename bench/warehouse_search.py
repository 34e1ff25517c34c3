"""Searching 100,000 pages of 50 lines, beside looking through the texts as they stand (yesterday's way)."""

import random
import tempfile
import time
from pathlib import Path
from statistics import median

import duckdb

from qwenocr_assets.warehouse.search import index_pages, search_pages

PAGES = 100_000
WORDS = ("crane", "international", "Łódź", "合計金額", "order 777", "nowhere")


def _page(number: int, draw: random.Random) -> str:
    lines = [f"Line {n}: total {draw.randrange(10**6)} EUR, order {n * number % 9973}" for n in range(48)]
    said = ("the crane of", "an inter-\nnational firm", "in Łódź", "合計\n金額")
    return "\n".join([*lines, draw.choice(said) if number % 20 == 0 else "and so on"])


def main() -> None:
    """Print the figures, then a line for the goal."""
    draw = random.Random(17)
    with tempfile.TemporaryDirectory(prefix="bench-search-") as folder:
        path = Path(folder, "warehouse.duckdb")
        with duckdb.connect(str(path)) as con:
            con.execute("CREATE SCHEMA marts")
            con.create_function("page", lambda number: _page(number, draw), ["BIGINT"], "VARCHAR")
            con.execute(
                "CREATE TABLE marts.page_text AS SELECT 'p' || range AS page_id, 'd' || range AS document_name, "
                f"1 AS page_number, page(range) AS text FROM range({PAGES})"
            )
            start = time.perf_counter()
            index_pages(con)
            print(f"  fold {PAGES:,} pages {time.perf_counter() - start:.1f} s")
        seconds = []
        for words in WORDS:
            start = time.perf_counter()
            found = search_pages(path, words)
            seconds.append(time.perf_counter() - start)
            start = time.perf_counter()
            with duckdb.connect(str(path), read_only=True) as con:
                (before,) = con.execute(
                    "SELECT count(*) FROM marts.page_text WHERE list_bool_and("
                    "[contains(lower(strip_accents(text)), lower(strip_accents(w))) FOR w IN $1::VARCHAR[]])",
                    [words.split()],
                ).fetchone() or (0,)
            plain = time.perf_counter() - start
            print(
                f"  {words:<14} {seconds[-1]:.2f} s, {len(found.rows)} rows; as it stands {plain:.2f} s, {before} pages"
            )
    middle = median(seconds)
    print(f"warehouse.search_seconds {middle:.2f} 1 {'ok' if middle < 1 else 'short'}")


if __name__ == "__main__":
    main()
